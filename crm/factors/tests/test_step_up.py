"""Sensitive acts ask for the second factor again after 15 minutes, and nothing typed is lost.

Requirements: R124, R266.
"""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.utils import timezone

from crm.access.actor import Actor
from crm.access.errors import StepUpNeeded
from crm.access.middleware import STEPPED_UP_AT
from crm.access.services import require_step_up
from crm.approvals.models import ChangeRequest
from crm.approvals.services import decide
from crm.fields.services import reveal
from crm.log.models import Event
from crm.staff.models import Role, User
from crm.staff.services.access import ask_for_roles, ask_for_token, ask_to_switch_on, switch_off
from crm.staff.services.role_changes import propose_role
from crm.tests.personas import Bank, as_actor, browser, factor_of, next_code
from customers.tests.personas import person

pytestmark = pytest.mark.django_db
Act = Callable[[Bank, Actor], Any]


def _decide(bank: Bank, actor: Actor) -> Any:
    asker = as_actor(bank.people["85001"])
    ask_for_token(actor=asker, person=bank.people["80001"], reason="lost it")
    request = ChangeRequest.objects.get()
    return decide(actor=actor, request=request, approve=False, reason="no", shown_hash=request.shown_hash)


ACTS: dict[str, tuple[str, Act]] = {
    "reveal": ("82001", lambda bank, actor: reveal(actor=actor, obj=person(bank, "6217001"), field="id_number", reason="inquiry")),
    "decide": ("85002", _decide),
    "roles": ("85001", lambda bank, actor: ask_for_roles(actor=actor, person=bank.people["80001"], roles=["auditor"], reason="moves")),
    "token": ("85001", lambda bank, actor: ask_for_token(actor=actor, person=bank.people["80001"], reason="lost it")),
    "switch on": ("85001", lambda bank, actor: ask_to_switch_on(actor=actor, person=User.objects.get(number="80003"), reason="back")),
    "role": (
        "85001",
        lambda bank, actor: propose_role(
            actor=actor, role=Role.objects.get(code="auditor"), reaches={"staff.view_role": "none"}, reason="x"
        ),
    ),
}


@pytest.mark.parametrize("name", ACTS)
def test_the_act_waits_for_the_second_factor(bank: Bank, name: str) -> None:
    """Nothing is changed and no line stands before; afterwards it is done."""
    number, act = ACTS[name]
    switch_off(actor=as_actor(bank.people["85001"]), person=bank.people["80003"], reason="leaves")
    before = Event.objects.filter(actor_number=number).count() if number != "85001" else None
    with pytest.raises(StepUpNeeded), transaction.atomic():
        act(bank, as_actor(bank.people[number], stepped_up=False))
    assert before is None or Event.objects.filter(actor_number=number).count() == before
    assert act(bank, as_actor(bank.people[number])) is not None


def test_fifteen_minutes_and_not_a_second_more(bank: Bank) -> None:
    def actor(seconds: int) -> Actor:
        client = browser(bank.people["80001"])
        return Actor(
            number="80001", name="", kind="staff", role="", origin="web", session=client.session.session_key or "",
            stepped_up_at=timezone.now() - timedelta(seconds=seconds),
        )  # fmt: skip

    require_step_up(actor(899))
    with pytest.raises(StepUpNeeded):
        require_step_up(actor(901))


def test_switching_off_waits_for_nothing(bank: Bank) -> None:
    """Whoever must be stopped is stopped at once."""
    assert not switch_off(actor=as_actor(bank.people["85001"], stepped_up=False), person=bank.people["80003"], reason="now").is_active


def hidden(page: str) -> dict[str, str]:
    return dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))


def test_a_form_that_was_sent_goes_on_unchanged(security_officer: User, sun_yue: User) -> None:
    """307 to the page, the fields hidden in it, 307 back: done as if nothing had been between."""
    factor_of(security_officer)
    client = browser(security_officer, stepped_up=False)
    place = f"/staff/{sun_yue.reference}/roles/"
    sent = {"roles": ["relationship-manager", "service-agent"], "reason": 'moves to <b>"audit"</b>'}
    away = client.post(place, sent)
    assert (away.status_code, away["Location"]) == (307, f"/step-up/?next={place.replace('/', '%2F')}")
    page = client.post(away["Location"], sent)
    assert page.status_code == 200
    assert page.context["kept"] == [("roles", "relationship-manager"), ("roles", "service-agent"), ("reason", sent["reason"])]
    assert 'value="moves to &lt;b&gt;&quot;audit&quot;&lt;/b&gt;"' in page.content.decode()
    action = page.context["action"]
    wrong = client.post(action, {**sent, "second_factor": "000000"})
    assert wrong.context["kept"] == page.context["kept"] and wrong.context["action"] == action
    assert not ChangeRequest.objects.exists()
    right = client.post(action, {**sent, "second_factor": next_code(security_officer)})
    assert (right.status_code, right["Location"]) == (307, place)
    assert client.post(place, sent).status_code in (200, 302)
    asked = ChangeRequest.objects.get()
    assert (asked.payload["roles"], asked.reason) == (["relationship-manager", "service-agent"], sent["reason"])
    assert Event.objects.filter(action="factors.shown", actor_number=security_officer.number, data__for="step_up").count() == 1


def test_a_page_comes_back_and_a_fragment_leads_the_page(zhou_min: User, bank: Bank) -> None:
    factor_of(zhou_min)
    customer = person(bank, "6217002")
    client = browser(zhou_min, stepped_up=False)
    place = f"/reveal/customers.customer.id_number/{customer.reference}/"
    fragment = client.post(
        place, {}, headers={"HX-Request": "true", "HX-Current-URL": f"http://testserver/customers/{customer.reference}/"}
    )
    assert fragment["HX-Redirect"] == f"/step-up/?next=%2Fcustomers%2F{customer.reference}%2F"
    assert client.get(fragment["HX-Redirect"]).status_code == 200
    back = client.post(fragment["HX-Redirect"], {"second_factor": next_code(zhou_min)})
    assert (back.status_code, back["Location"]) == (302, f"/customers/{customer.reference}/")
    assert client.session[STEPPED_UP_AT]
    assert client.post(place, {}, headers={"HX-Request": "true"}).status_code == 200


@pytest.mark.parametrize("place", ["https://evil.test/", "//evil.test/", "/\\evil.test", "/step-up/?next=/"])
def test_the_way_back_leads_nowhere_else(zhou_min: User, place: str) -> None:
    client = browser(zhou_min, stepped_up=False)
    answer = client.post(f"/step-up/?next={place}&again=1", {"second_factor": next_code(zhou_min)})
    assert answer["Location"] == "/"


def test_a_code_of_the_sign_in_is_not_taken_again(client: Client, zhou_min: User) -> None:
    """One code opens once, whatever for."""
    from crm.tests.personas import PASSWORD

    code = next_code(zhou_min)
    client.post("/sign-in/", {"number": zhou_min.number, "password": PASSWORD})
    assert client.post("/sign-in/code/", {"code": code}).status_code == 302
    assert client.post("/step-up/", {"second_factor": code}).status_code == 200


def test_passwords_and_long_texts_are_not_carried(zhou_min: User) -> None:
    factor_of(zhou_min)
    client = browser(zhou_min, stepped_up=False)
    for sent in ({"password": "Green-Kettle-48", "reason": "x"}, {"reason": "x" * 300_000}):
        page = client.post("/step-up/?next=/somewhere/", sent, headers={"Referer": "http://testserver/jobs/"})
        assert page.context["kept"] == [] and "second_factor" in page.content.decode() and "Green-Kettle" not in page.content.decode()
        assert page.context["action"] == "/step-up/?next=%2Fjobs%2F"


def test_a_way_back_with_a_new_line_in_it_breaks_nothing(bank: Bank) -> None:
    """Bad input never ends in 500."""
    person = bank.people["80001"]
    factor_of(person)
    client = browser(person)
    answer = client.post("/step-up/?next=/notices/%0d%0aX:1&again=1", {"second_factor": next_code(person)})
    assert (answer.status_code, answer["Location"]) == (307, "/notices/%0D%0AX:1")
