"""The page and the fragment that show a value in full, and the tag that offers them (R281)."""

from types import SimpleNamespace
from typing import Any

import pytest
from django.template import Context, Template
from django.test import Client

from crm.fields import policy
from crm.fields.services import new_data_key
from crm.fields.tests.vault import Vault
from crm.log.models import Event
from crm.staff.models import Role, RolePermission, User
from crm.tests.personas import as_actor, browser

pytestmark = pytest.mark.usefixtures("vault", "rights")
ID, MOBILE = "11010519491231002X", "13812345678"
HTMX: dict[str, Any] = {"HTTP_HX_REQUEST": "true"}


@pytest.fixture
def rights(bank: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """A relationship manager may see the mobile of her own; nobody the ID number but a risk officer with a reason."""
    monkeypatch.setattr(policy, "_policies", {})
    common: dict[str, Any] = {"name": "Value", "purpose": "test"}
    policy.register(
        policy.FieldPolicy(label="tests.vault.id_number", permission="tests.reveal_id", reason="always", **common),
        policy.FieldPolicy(label="tests.vault.mobile", permission="tests.reveal_mobile", reason="unless_own", **common),
    )
    manager, officer = Role.objects.get(code="relationship-manager"), Role.objects.get(code="risk-officer")
    RolePermission.objects.create(role=manager, permission="tests.reveal_mobile", reach="own")
    RolePermission.objects.create(role=officer, permission="tests.reveal_mobile", reach="all")
    RolePermission.objects.create(role=officer, permission="tests.reveal_id", reach="all")


@pytest.fixture
def row(sun_yue: User) -> Vault:
    made: Vault = Vault.objects.create(reference="V-2222", note=sun_yue.name, data_key=new_data_key(), id_number=ID, mobile=MOBILE)
    return made


def lines() -> int:
    return Event.objects.filter(action="field.revealed").count()


def address(name: str, reference: str = "V-2222") -> str:
    return f"/reveal/tests.vault.{name}/{reference}/"


def test_one_click_for_the_managing_relationship_manager(row: Vault, sun_yue: User) -> None:
    answer = browser(sun_yue).post(address("mobile"), **HTMX)
    assert MOBILE in answer.content.decode()
    assert "<html" not in answer.content.decode()
    assert answer["Cache-Control"] == "no-store"
    assert lines() == 1


def test_without_javascript_it_is_a_page_with_the_way_back(row: Vault, sun_yue: User) -> None:
    page = browser(sun_yue).post(address("mobile"), {"back": "/notices/"}).content.decode()
    assert "<html" in page
    assert MOBILE in page
    assert 'href="/notices/"' in page
    evil = browser(sun_yue).post(address("mobile"), {"back": "//evil.test/"}).content.decode()
    assert "evil.test" not in evil


def test_a_get_never_shows_the_value(row: Vault, sun_yue: User, zhou_min: User) -> None:
    for person, name in ((sun_yue, "mobile"), (zhou_min, "mobile"), (zhou_min, "id_number")):
        for query in ("", "?cancel=1"):
            page = browser(person).get(address(name) + query, **HTMX).content.decode()
            assert MOBILE not in page
            assert ID not in page
    assert lines() == 0


def test_the_risk_officer_says_why_first(row: Vault, zhou_min: User) -> None:
    client = browser(zhou_min)
    assert 'name="reason"' in client.get(address("id_number"), **HTMX).content.decode()
    refused = client.post(address("id_number"), {"reason": "x"}, **HTMX).content.decode()
    assert ID not in refused
    assert 'role="alert"' in refused
    assert lines() == 0
    assert ID in client.post(address("id_number"), {"reason": "court order 12"}, **HTMX).content.decode()
    assert Event.objects.get(action="field.revealed").reason == "court order 12"


def test_others_are_refused_and_unknown_is_like_out_of_scope(row: Vault, sun_yue: User, other_manager: User) -> None:
    assert browser(sun_yue).post(address("id_number"), {"reason": "because I can"}).status_code == 403
    assert browser(other_manager).post(address("mobile")).status_code == 404
    assert browser(other_manager).post(address("mobile", "V-9999")).status_code == 404
    assert browser(sun_yue).post("/reveal/tests.vault.note/V-2222/").status_code == 404
    assert Client().post(address("mobile")).status_code == 302
    assert lines() == 0


def test_a_broken_seal_is_told_in_words(row: Vault, sun_yue: User) -> None:
    other = Vault.objects.create(reference="V-3333", note="x", data_key=new_data_key(), id_number=ID, mobile=MOBILE)
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("UPDATE test_vault SET mobile = %s WHERE id = %s", [other.mobile.data, row.pk])
    page = browser(sun_yue).post(address("mobile"), **HTMX).content.decode()
    assert MOBILE not in page
    assert "tests.vault.mobile" in page
    assert lines() == 0


def rendered(row: Vault, user: User, name: str) -> str:
    request = SimpleNamespace(actor=as_actor(user), get_full_path=lambda: "/here/")
    return Template("{% load fields %}{% sealed row '" + name + "' %}").render(Context({"request": request, "row": row}))


def test_the_tag_offers_the_button_to_those_who_may(row: Vault, sun_yue: User, zhou_min: User, auditor: User) -> None:
    mine = rendered(row, sun_yue, "mobile")
    assert "138****5678" in mine
    assert "<form" in mine
    assert "<form" not in rendered(row, zhou_min, "id_number")
    assert "hx-get" in rendered(row, zhou_min, "id_number")
    plain = rendered(row, auditor, "id_number")
    assert "110105********002X" in plain
    assert "fields" not in plain
    assert "hx-" not in plain
    assert MOBILE not in mine
