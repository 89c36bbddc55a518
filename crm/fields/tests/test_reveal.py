"""A value in clear only for those who may, with a reason where the policy asks one, always with a line (R281).

Requirements: R292, R300.
"""

from types import SimpleNamespace

import pytest

from crm.access.actor import Actor
from crm.access.errors import NotVisible, Refused
from crm.access.reach import Reach
from crm.fields import policy
from crm.fields.errors import SealBroken
from crm.fields.services import NotRevealable, ReasonMissing, new_data_key, reveal
from crm.fields.tests.vault import Vault
from crm.log.models import Event

pytestmark = pytest.mark.usefixtures("vault", "policies")
ID, MOBILE = "11010519491231002X", "13812345678"


@pytest.fixture
def policies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "_policies", {})
    policy.register(
        policy.FieldPolicy(
            label="tests.vault.id_number", name="ID number", purpose="identify", permission="tests.reveal_id", reason="always"
        ),
        policy.FieldPolicy(
            label="tests.vault.mobile", name="Mobile", purpose="call", permission="tests.reveal_mobile", reason="unless_own"
        ),
    )


def person(name: str, **reaches: Reach) -> Actor:
    user = SimpleNamespace(pk=7, name=name, reach=lambda asked: reaches.get(asked.removeprefix("tests."), Reach.NONE), is_active=True)
    return Actor(number="80001", name=name, kind="staff", role="relationship-manager", origin="web", user_id=7, user=user)


@pytest.fixture
def row() -> Vault:
    made: Vault = Vault.objects.create(reference="V-2222", note="own", data_key=new_data_key(), id_number=ID, mobile=MOBILE)
    return made


def lines() -> list[Event]:
    return list(Event.objects.filter(action="field.revealed").order_by("pk"))


def test_a_managing_relationship_manager_sees_the_mobile_with_one_logged_click(row: Vault) -> None:
    actor = person("own", reveal_mobile=Reach.OWN)
    assert not policy.policy_of("tests.vault.mobile").asks_reason(actor)  # type: ignore[union-attr]
    assert reveal(actor=actor, obj=row, field="mobile") == MOBILE
    (line,) = lines()
    assert line.actor_number == "80001"
    assert line.data["field"] == "tests.vault.mobile"
    assert MOBILE not in str(line.data)
    assert MOBILE.encode() not in bytes(line.body)


def test_wider_reach_has_to_say_why(row: Vault) -> None:
    actor = person("x", reveal_mobile=Reach.ALL)
    with pytest.raises(ReasonMissing):
        reveal(actor=actor, obj=row, field="mobile", reason="  ")
    assert lines() == []
    assert reveal(actor=actor, obj=row, field="mobile", reason="call back") == MOBILE
    assert lines()[0].reason == "call back"


def test_without_permission_or_out_of_scope_nothing_is_shown(row: Vault) -> None:
    with pytest.raises(Refused):
        reveal(actor=person("own", reveal_mobile=Reach.OWN), obj=row, field="id_number", reason="because")
    with pytest.raises(NotVisible):
        reveal(actor=person("other", reveal_mobile=Reach.OWN), obj=row, field="mobile")
    assert lines() == []


def test_a_field_without_policy_is_not_revealed(row: Vault, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(policy, "_policies", {})
    with pytest.raises(NotRevealable):
        reveal(actor=person("own", reveal_mobile=Reach.ALL), obj=row, field="mobile", reason="because")
    with pytest.raises(NotRevealable):
        reveal(actor=person("own", reveal_mobile=Reach.ALL), obj=row, field="note", reason="because")


def test_a_broken_seal_leaves_no_line_that_says_it_was_seen(row: Vault) -> None:
    other = Vault.objects.create(reference="V-3333", note="own", data_key=new_data_key(), id_number=ID)
    row.__dict__["id_number"] = other.__dict__["id_number"]
    with pytest.raises(SealBroken):
        reveal(actor=person("own", reveal_id=Reach.ALL), obj=row, field="id_number", reason="check")
    assert lines() == []
