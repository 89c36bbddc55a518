"""The officers' pages: people, roles, tokens, branches, partners; the home page of each role."""

import pytest
from django.test import Client
from django.urls import reverse

from crm.approvals.models import ChangeRequest
from crm.lists.testing import check_list
from crm.log.models import Event
from crm.staff import tiles
from crm.staff.models import Branch, Role, ServiceClient, User
from crm.staff.services.people import enrol
from crm.staff.views.lists import PersonList
from crm.tests.personas import PEOPLE, Bank, as_actor, browser

pytestmark = pytest.mark.django_db


def test_the_list_of_people_keeps_the_promises_of_lists(bank: Bank, security_officer: User) -> None:
    def make_row(number: int) -> User:
        return enrol(number=f"9900{number}", name="单雄信", branch=bank.branches["110001"])

    check_list(PersonList(), path=reverse("staff:user_list"), user=security_officer, make_row=make_row)


def test_a_person_is_created_by_two_officers_with_a_token_in_two_halves(
    security_officer: User, second_security_officer: User, bank: Bank
) -> None:
    client, other = browser(security_officer), browser(second_security_officer)
    form = {"number": "80010", "name": "单雄信", "roles": ["relationship-manager"], "branch": bank.branches["110001"].pk}
    assert list(client.post("/staff/new/", form).context["form"].errors) == ["reason"]
    answer = client.post("/staff/new/", {**form, "reason": "joins the branch"})
    first = answer.context["half"]
    assert first in answer.content.decode()
    person = User.objects.get(number="80010")
    assert (person.name_pinyin[:4], person.is_enrolled, person.role_codes()) == ("shan", False, [])
    page = client.get(f"/staff/{person.reference}/").content.decode()
    asked = ChangeRequest.objects.get()
    assert first not in page
    assert asked.reference in page
    assert not person.tokens.exists()
    assert client.post(f"/approvals/{asked.reference}/decide/", decision(asked)).status_code == 403
    answer = other.post(f"/approvals/{asked.reference}/decide/", decision(asked))
    second = answer.context["change"].disclosure.text
    assert second in answer.content.decode()
    assert first not in answer.content.decode()
    assert second not in other.get(f"/approvals/{asked.reference}/").content.decode()
    form = {"number": "80010", "token": f"{first} {second}", "password": "Green-Lamp-2031", "repeated": "Green-Lamp-2031"}
    assert Client().post("/sign-in/token/", form).status_code == 302
    assert User.objects.get(number="80010").role_codes() == ["relationship-manager"]
    actions = Event.objects.filter(target_ref=person.reference).values_list("action", flat=True)
    assert sorted(actions) == ["staff.password_set", "staff.person_created", "staff.roles_changed", "staff.token_issued"]


def decision(asked: ChangeRequest) -> dict[str, str]:
    return {"decision": "approve", "reason": "agreed", "shown_hash": asked.shown_hash}


def test_numbers_are_never_used_again(security_officer: User, sun_yue: User) -> None:
    User.objects.filter(pk=sun_yue.pk).update(is_active=False)
    answer = browser(security_officer).post("/staff/new/", {"number": "80001", "name": "X", "roles": ["auditor"], "reason": "new"})
    assert list(answer.context["form"].errors) == ["number"]
    assert User.objects.count() == len(PEOPLE)


def test_switching_off_needs_a_reason_and_ends_the_session(security_officer: User, sun_yue: User) -> None:
    client, theirs = browser(security_officer), browser(sun_yue)
    path = f"/staff/{sun_yue.reference}/active/"
    assert client.post(path, {"active": "0"}).status_code == 200
    assert theirs.get("/").status_code == 200
    assert client.post(path, {"active": "0", "reason": "left the bank"}).status_code == 302
    assert theirs.get("/").status_code == 302
    assert Event.objects.get(action="staff.person_deactivated").reason == "left the bank"


def test_nobody_changes_the_own_access(security_officer: User) -> None:
    client = browser(security_officer)
    base = f"/staff/{security_officer.reference}/"
    assert client.post(f"{base}active/", {"active": "0", "reason": "x"}).status_code == 400
    assert client.post(f"{base}active/", {"active": "1", "reason": "x"}).status_code == 400
    assert client.post(f"{base}token/", {"reason": "x"}).status_code == 400
    client.post(f"{base}roles/", {"roles": ["auditor"], "reason": "x"})
    assert not ChangeRequest.objects.exists()


def test_roles_are_given_on_the_page_by_two_officers(security_officer: User, second_security_officer: User, sun_yue: User) -> None:
    path = f"/staff/{sun_yue.reference}/roles/"
    assert browser(security_officer).post(path, {"roles": ["risk-officer"], "reason": "moves"}).status_code == 302
    assert as_actor(sun_yue).role == "relationship-manager"
    asked = ChangeRequest.objects.get()
    other = browser(second_security_officer)
    assert "Relationship manager" in other.get(f"/approvals/{asked.reference}/").content.decode()
    assert other.post(f"/approvals/{asked.reference}/decide/", decision(asked)).status_code == 302
    assert as_actor(User.objects.get(pk=sun_yue.pk)).role == "risk-officer"
    line = Event.objects.get(action="staff.roles_changed")
    assert line.data == {"before": ["relationship-manager"], "after": ["risk-officer"], "asked_by": "85001"}
    assert (line.actor_number, line.approver) == ("85002", "85002")


def test_the_system_officer_adds_a_branch(system_officer: User, bank: Bank) -> None:
    form = {"code": "110003", "name": "北京海淀支行", "level": "subbranch", "parent": bank.branches["110"].pk}
    client = browser(system_officer)
    assert client.post("/branches/new/", form).status_code == 302
    assert Branch.objects.get(code="110003").path == "000/110/110003/"
    assert "code" in client.post("/branches/new/", form).context["form"].errors


def test_the_first_branch_is_head_office(db: None) -> None:
    from crm.staff.services import officers
    from crm.staff.services.role_table import load_role_table

    load_role_table()
    officer = enrol(number="87001", name="唐杰")
    officer.assignments.create(role=Role.objects.get(code="system-officer"))
    officers._known["open"] = True
    assert browser(officer).post("/branches/new/", {"code": "000", "name": "总行", "level": "head"}).status_code == 302
    assert Branch.objects.get().path == "000/"
    officers.forget()


def test_officers_see_roles_and_partners(security_officer: User, system_officer: User, partner: ServiceClient) -> None:
    assert "staff.change_role" in browser(security_officer).get("/roles/security-officer/").content.decode()
    assert "service-importer" in browser(security_officer).get("/roles/").content.decode()
    page = browser(system_officer).get("/partners/").content.decode()
    assert "mobile-bank" in page
    assert partner.secrets.get().secret_hash not in page


def test_language_and_theme_are_kept_with_the_person(sun_yue: User) -> None:
    client = browser(sun_yue)
    client.post("/language/", {"language": "en", "next": "/"})
    client.post("/theme/", {"theme": "dark", "next": "/"})
    client.post("/theme/", {"theme": "<script>"})
    sun_yue.refresh_from_db()
    assert (sun_yue.language, sun_yue.theme) == ("en", "dark")
    page = browser(sun_yue).get("/").content.decode()
    assert 'lang="en"' in page
    assert 'data-theme="dark"' in page


def test_a_home_page_shows_only_what_the_role_opens(bank: Bank, monkeypatch: pytest.MonkeyPatch) -> None:
    """R261."""
    monkeypatch.setattr(tiles, "_tiles", {})
    figure = tiles.Figure(label="LABEL-OF-FIGURE", value=7)
    tiles.register(
        tiles.Tile("people", "TILE-OF-PEOPLE", "staff.view_user", lambda _actor: {"figures": [figure]}),
        tiles.Tile("none", "TILE-OF-NOBODY", "staff.view_user", lambda _actor: None),
    )
    officer = browser(bank.somebody("security-officer")).get("/").content.decode()
    assert "TILE-OF-PEOPLE" in officer
    assert "LABEL-OF-FIGURE" in officer
    assert "TILE-OF-NOBODY" not in officer
    manager = browser(bank.somebody("relationship-manager")).get("/").content.decode()
    assert "TILE-OF-PEOPLE" not in manager
    assert 'href="/staff/"' in officer
    assert 'href="/staff/"' not in manager
