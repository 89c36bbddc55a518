"""Loss and reset: one officer asks, another approves; factors, password and sessions end; the person begins anew with a token.

Requirements: R266.
"""

import pytest
from django.test import Client

from crm.access.errors import Refused
from crm.approvals.handlers import excluded_from
from crm.approvals.models import ChangeRequest
from crm.approvals.services import NothingToDecide, decide
from crm.factors.models import Factor, RecoveryCode
from crm.factors.secrets import code_at
from crm.factors.services.codes import step_now
from crm.factors.services.enrolment import secret_of
from crm.factors.services.recovery import make_recovery_codes
from crm.factors.services.reset import ask_for_reset
from crm.fields.models import DataKey
from crm.log.models import Event
from crm.staff.models import Role, RoleAssignment, User
from crm.staff.services.access import OwnRights, PersonChanged
from crm.staff.services.officers import replace_officer
from crm.staff.services.people import enrol
from crm.staff.services.role_changes import propose_role
from crm.tests.personas import PASSWORD, as_actor, browser, factor_of, next_code, sign_in

pytestmark = pytest.mark.django_db


def approve(officer: User, request: ChangeRequest) -> ChangeRequest:
    return decide(actor=as_actor(officer), request=request, approve=True, reason="seen her", shown_hash=request.shown_hash)


def test_a_lost_telephone(client: Client, sun_yue: User, security_officer: User, second_security_officer: User) -> None:
    factor = factor_of(sun_yue)
    key = factor.data_key_id
    old_secret = secret_of(factor)
    sign_in(client, sun_yue)
    codes = make_recovery_codes(actor=as_actor(sun_yue))
    page = browser(security_officer).post(f"/staff/{sun_yue.reference}/factors/", {"reason": "lost on a train"})
    asked = page.context["asked"]
    assert asked.half in page.content.decode()
    assert client.get("/").status_code == 200, "nothing happens before the second officer"
    done = approve(second_security_officer, asked.request)
    assert done.disclosure is not None
    second_half = done.disclosure.text
    assert client.get("/").status_code == 302, "the session ended"
    assert not Factor.objects.filter(user=sun_yue).exists() and not RecoveryCode.objects.filter(user=sun_yue).exists()
    assert not DataKey.objects.filter(pk=key or 0).exists(), "the secret can not be opened in this database again"
    line = Event.objects.get(action="factors.reset")
    assert (line.approver, line.data["asked_by"], line.data["factors"]) == ("85002", "85001", 1)
    thief = Client()
    assert thief.post("/sign-in/", {"number": "80001", "password": PASSWORD}).status_code == 200, "the old password opens nothing"
    new = "Green-Kettle-48"
    form = {"number": "80001", "token": f"{asked.half}-{second_half}", "password": new, "repeated": new}
    assert Client().post("/sign-in/token/", form).status_code == 302
    anew = Client()
    assert anew.post("/sign-in/", {"number": "80001", "password": new})["Location"] == "/sign-in/set-up/"
    anew.post("/sign-in/set-up/", {"begin": "1"})
    fresh = Factor.objects.get(user=sun_yue)
    for replayed in (code_at(old_secret, step_now(fresh)), codes[0]):
        assert anew.post("/sign-in/set-up/", {"code": replayed}).status_code == 200
    assert anew.post("/sign-in/set-up/", {"code": code_at(secret_of(fresh), step_now(fresh))}).status_code == 302
    assert anew.get("/").status_code == 200


def test_nobody_alone_and_nobody_for_herself(sun_yue: User, security_officer: User, second_security_officer: User) -> None:
    factor_of(sun_yue)
    factor_of(second_security_officer)
    with pytest.raises(OwnRights):
        ask_for_reset(actor=as_actor(security_officer), person=security_officer, reason="x")
    with pytest.raises(NothingToDecide):
        ask_for_reset(actor=as_actor(second_security_officer), person=security_officer, reason="has none")
    hers = ask_for_reset(actor=as_actor(security_officer), person=second_security_officer, reason="lost").request
    his = ask_for_reset(actor=as_actor(security_officer), person=sun_yue, reason="lost").request
    for officer, request in ((security_officer, his), (second_security_officer, hers), (sun_yue, his)):
        with pytest.raises(Refused):
            approve(officer, request)
    assert Factor.objects.confirmed().count() == 2


def test_what_changed_meanwhile_is_asked_anew(sun_yue: User, security_officer: User, second_security_officer: User) -> None:
    """A request made before a new factor was added does not remove it."""
    factor_of(sun_yue)
    request = ask_for_reset(actor=as_actor(security_officer), person=sun_yue, reason="lost").request
    Factor.objects.filter(user=sun_yue).update(confirmed_at=None)
    factor_of(sun_yue)
    try:
        state = approve(second_security_officer, request).state
    except PersonChanged:
        state = "stale"
    assert state == "stale"
    assert Factor.objects.confirmed().filter(user=sun_yue).count() == 1


def test_a_removed_factor_opens_nothing(client: Client, sun_yue: User) -> None:
    """Its next code is as foreign as any other."""
    old = factor_of(sun_yue)
    secret = secret_of(old)
    from crm.tests.personas import confirmed_factor

    confirmed_factor(sun_yue, b"a-second-telephone!!")
    browser(sun_yue).post(f"/factors/{old.reference}/remove/")
    client.post("/sign-in/", {"number": "80001", "password": PASSWORD})
    assert client.post("/sign-in/code/", {"code": code_at(secret, step_now(old))}).status_code == 200
    assert client.post("/sign-in/code/", {"code": next_code(sun_yue)}).status_code == 302


def test_where_no_two_officers_can_act_the_server_helps(security_officer: User, second_security_officer: User) -> None:
    """`replace_officer` removes the factors, too: a token alone would not let her in."""
    factor_of(security_officer)
    User.objects.filter(pk=second_security_officer.pk).update(is_active=False)
    replace_officer(number=security_officer.number)
    assert not Factor.objects.filter(user=security_officer).exists()
    assert Event.objects.get(action="factors.reset").data["by"] == "command"


def test_a_half_sign_in_with_the_old_password_sets_nothing_up(
    client: Client, sun_yue: User, security_officer: User, second_security_officer: User
) -> None:
    """R266: who knew the old password and stood before the code page is not led to the page that sets up a first factor."""
    factor_of(sun_yue)
    thief = Client()
    assert thief.post("/sign-in/", {"number": "80001", "password": PASSWORD})["Location"] == "/sign-in/code/"
    approve(second_security_officer, ask_for_reset(actor=as_actor(security_officer), person=sun_yue, reason="lost").request)
    for page in ("/sign-in/next/", "/sign-in/code/", "/sign-in/set-up/"):
        assert thief.get(page)["Location"] == "/sign-in/"
    assert thief.post("/sign-in/set-up/", {"begin": "1"})["Location"] == "/sign-in/"
    assert not Factor.objects.filter(user=sun_yue).exists()


def test_who_approved_a_reset_holds_half_of_the_way_in(security_officer: User, second_security_officer: User) -> None:
    """R266: for thirty days the person is no second person to either of the two officers, as after a one-time token."""
    third = enrol(number="85003", name="陈静", password=PASSWORD)
    RoleAssignment.objects.create(user=third, role=Role.objects.get(code="security-officer"))
    factor_of(third)
    approve(second_security_officer, ask_for_reset(actor=as_actor(security_officer), person=third, reason="lost").request)
    role = Role.objects.get(code="auditor")
    asked = propose_role(actor=as_actor(second_security_officer), role=role, reaches={"staff.view_role": "none"}, reason="less")
    assert "85003" in excluded_from(asked)
