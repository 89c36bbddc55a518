"""One security officer alone gets no further than a question to another one.

Requirements: R246, R262.
"""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from crm.access.actor import anonymous
from crm.access.errors import Refused
from crm.approvals import services as approvals
from crm.approvals.choices import State
from crm.approvals.models import ChangeRequest
from crm.log.models import Event
from crm.notify.models import Notice
from crm.staff.models import OneTimeToken, Role, RoleAssignment, User
from crm.staff.services.access import (
    ROLES,
    Asked,
    PersonChanged,
    ask_for_roles,
    ask_for_token,
    ask_to_switch_on,
    give_roles,
    switch_off,
)
from crm.staff.services.people import create_person, enrol
from crm.staff.services.role_changes import propose_role
from crm.staff.services.tokens import TokenInvalid, redeem_token
from crm.tests.personas import as_actor

pytestmark = pytest.mark.django_db
GOOD = "Green-Kettle-4711"


def decided(request: ChangeRequest, officer: User, *, approve: bool = True) -> ChangeRequest:
    return approvals.decide(actor=as_actor(officer), request=request, approve=approve, reason="agreed", shown_hash=request.shown_hash)


def asked_for(person: User, officer: User, roles: list[str]) -> Asked:
    return ask_for_roles(actor=as_actor(officer), person=person, roles=roles, reason="needed")


def test_an_officer_makes_no_shadow_of_her_own(security_officer: User) -> None:
    """The person she creates has neither role nor token before somebody else agrees."""
    shadow, asked = create_person(
        actor=as_actor(security_officer), number="99999", name="影子", roles=["security-officer"], reason="third officer"
    )
    assert asked is not None
    assert not shadow.role_codes()
    with pytest.raises(TokenInvalid):
        redeem_token(actor=anonymous(), number="99999", token=asked.half, password=GOOD)
    for who in (security_officer, shadow):
        with pytest.raises(Refused):
            decided(asked.request, who)


def test_an_officer_becomes_nobody_else(security_officer: User, second_security_officer: User, supervisor: User) -> None:
    """A token for somebody enrolled: half for each officer, and everybody concerned is told."""
    asked = ask_for_token(actor=as_actor(security_officer), person=supervisor, reason="forgotten")
    assert not OneTimeToken.objects.exists()
    with pytest.raises(Refused):
        decided(asked.request, security_officer)
    done = decided(asked.request, second_security_officer)
    assert done.disclosure is not None
    for half in (asked.half, str(done.disclosure.text)):
        with pytest.raises(TokenInvalid):
            redeem_token(actor=anonymous(), number="82002", token=half, password=GOOD)
    told = Notice.objects.filter(kind="staff.token").values_list("user__number", flat=True)
    assert sorted(told) == ["82002", "85001", "85002"]
    redeem_token(actor=anonymous(), number="82002", token=f"{asked.half}-{done.disclosure.text}", password=GOOD)
    assert Notice.objects.filter(kind="staff.token", user=supervisor).count() == 2
    assert not any(asked.half in str(event.data) for event in Event.objects.all())
    assert asked.half not in str(ChangeRequest.objects.values())


def test_the_person_concerned_does_not_decide(security_officer: User, second_security_officer: User) -> None:
    asked = ask_for_token(actor=as_actor(security_officer), person=second_security_officer, reason="forgotten")
    with pytest.raises(Refused):
        decided(asked.request, second_security_officer)
    assert not approvals.may_decide(as_actor(second_security_officer), asked.request)


def test_switching_on_needs_another_officer_and_off_does_not(security_officer: User, second_security_officer: User, sun_yue: User) -> None:
    switch_off(actor=as_actor(security_officer), person=sun_yue, reason="left")
    sun_yue.refresh_from_db()
    assert not sun_yue.is_active
    asked = ask_to_switch_on(actor=as_actor(security_officer), person=sun_yue, reason="is back")
    assert not User.objects.get(pk=sun_yue.pk).is_active
    decided(asked.request, second_security_officer)
    assert User.objects.get(pk=sun_yue.pk).is_active
    with pytest.raises(approvals.NothingToDecide):
        ask_to_switch_on(actor=as_actor(security_officer), person=User.objects.get(pk=sun_yue.pk), reason="is back")


def given_role(person: User, officer: User) -> None:
    RoleAssignment.objects.create(user=person, role=Role.objects.get(code="security-officer"), assigned_by=officer)


def given_token(person: User, officer: User) -> None:
    later = timezone.now() + timedelta(hours=1)
    OneTimeToken.objects.create(user=person, purpose="first_password", token_hash="0" * 64, issued_by=officer, expires_at=later)


@pytest.mark.parametrize("made", [given_role, given_token])
def test_whom_the_proposer_made_lately_is_no_second_person(made: Any, security_officer: User, second_security_officer: User) -> None:
    """Whatever the kind of the request, and also where the rows were written past the services."""
    third = enrol(number="85003", name="陈静", password=GOOD)
    if made is not given_role:
        RoleAssignment.objects.create(user=third, role=Role.objects.get(code="security-officer"))
    made(third, security_officer)
    role = Role.objects.get(code="risk-officer")
    asked = propose_role(actor=as_actor(security_officer), role=role, reaches={"products.lift_freeze": "all"}, reason="mine")
    with pytest.raises(Refused):
        decided(asked, third)
    assert approvals.is_excluded(as_actor(third), asked)
    long_ago = timezone.now() - timedelta(days=31)
    RoleAssignment.objects.filter(user=third).update(assigned_at=long_ago)
    OneTimeToken.objects.update(issued_at=long_ago)
    assert decided(asked, third).state == State.APPLIED


def test_both_who_made_an_officer_wait_for_somebody_else(security_officer: User, second_security_officer: User) -> None:
    """The one who asked and the one who approved."""
    third = enrol(number="85003", name="陈静", password=GOOD)
    decided(asked_for(third, security_officer, ["security-officer"]).request, second_security_officer)
    role = Role.objects.get(code="auditor")
    for officer, permission in ((security_officer, "staff.view_role"), (second_security_officer, "staff.view_branch")):
        asked = propose_role(actor=as_actor(officer), role=role, reaches={permission: "none"}, reason="less")
        with pytest.raises(Refused):
            decided(asked, User.objects.get(pk=third.pk))
        decided(asked, second_security_officer if officer == security_officer else security_officer, approve=False)


def test_who_asked_for_an_officer_decides_nothing_of_hers(security_officer: User, second_security_officer: User) -> None:
    """The other way round: the one who asked for the account waits, too; the one who approved it decides."""
    third = enrol(number="85003", name="陈静", password=GOOD)
    decided(asked_for(third, security_officer, ["security-officer"]).request, second_security_officer)
    made = as_actor(User.objects.get(pk=third.pk))
    asked = propose_role(actor=made, role=Role.objects.get(code="auditor"), reaches={"staff.view_role": "none"}, reason="less")
    with pytest.raises(Refused):
        decided(asked, security_officer)
    ChangeRequest.objects.filter(target_id=third.pk).update(decided_at=timezone.now() - timedelta(days=31))
    assert not approvals.is_excluded(as_actor(security_officer), asked)
    assert decided(asked, second_security_officer).state == State.APPLIED


def test_roles_that_changed_meanwhile_make_the_request_stale(security_officer: User, second_security_officer: User, sun_yue: User) -> None:
    asked = asked_for(sun_yue, security_officer, ["risk-officer"]).request
    switch_off(actor=as_actor(second_security_officer), person=sun_yue, reason="left")
    with pytest.raises(PersonChanged):
        give_roles(actor=as_actor(second_security_officer), request=asked)
    assert decided(asked, second_security_officer).state == State.STALE
    assert User.objects.get(pk=sun_yue.pk).role_codes() == ["relationship-manager"]


def test_a_refused_request_changes_nothing(security_officer: User, second_security_officer: User, sun_yue: User) -> None:
    asked = asked_for(sun_yue, security_officer, ["risk-supervisor"]).request
    assert asked.kind == ROLES
    assert decided(asked, second_security_officer, approve=False).state == State.REFUSED
    assert User.objects.get(pk=sun_yue.pk).role_codes() == ["relationship-manager"]
