"""Proof 8, sessions: whatever ends them, they are over at the very next request, whichever request that is and wherever she sits.

Somebody is signed in at home and in several other browsers; then something happens to her. Each other browser sends one request of
another kind, and must get word for word what a stranger gets. A rehearsal without the ending shows that the story can fail.

What it cannot find: an answer that was on its way when the session ended; what a page left in a browser that is not asked again; how a
partner's tokens end (`test_partners.py`); idle and absolute limits (`test_sign_in.py`).

Requirements: R266, R267, R268.
"""

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.sessions.backends.base import UpdateError
from django.contrib.sessions.backends.db import SessionStore
from django.test import Client
from django.utils import timezone

from crm.approvals import services as approvals
from crm.approvals.models import ChangeRequest
from crm.factors.services.reset import ask_for_reset
from crm.staff.models import RoleAssignment, SignInHold, StaffSession, User
from crm.staff.services import sessions
from crm.staff.services.access import ask_for_roles, ask_for_token
from crm.staff.services.leaving import suspend_dormant
from crm.staff.services.role_changes import propose_role
from crm.staff.tests.test_sessions import enter
from crm.tests.personas import PASSWORD, Bank, as_actor, browser, factor_of, sign_in

pytestmark = pytest.mark.django_db
NEW = "Green-Harbour-4711"

Ask = Callable[[Client], Any]
# One request of each kind: page, list, fragment, what a page asks by itself, form, file, admin, and the page that lists sessions.
REQUESTS: dict[str, Ask] = {
    "page": lambda client: client.get("/"),
    "list": lambda client: client.get("/customers/"),
    "fragment": lambda client: client.get("/customers/?q=1", headers={"HX-Request": "true"}),
    "polling": lambda client: client.get("/notices/", headers={"X-Poll": "1"}),
    "form": lambda client: client.post("/theme/", {"theme": "dark"}),
    "file": lambda client: client.get("/exports/"),
    "admin": lambda client: client.get("/admin/"),
    "sessions": lambda client: client.get("/sessions/"),
}


def told(answer: Any) -> tuple[int, str, str]:
    """What an answer says about whether somebody is signed in; that a session had been there before is told to its browser alone."""
    where, fragment = (re.sub(r"\?ended=(page|form)&", "?", answer.get(name, "")) for name in ("Location", "HX-Redirect"))
    return answer.status_code, where, fragment


def decided(request: ChangeRequest, bank: Bank) -> ChangeRequest:
    second = as_actor(bank.people["85002"])
    return approvals.decide(actor=second, request=request, approve=True, reason="agreed", shown_hash=request.shown_hash)


def own_password(person: User, bank: Bank, home: Client) -> None:
    form = {"current": PASSWORD, "password": NEW, "repeated": NEW}
    assert told(home.post("/password/", form)) == (302, "/", "")


def token_redeemed(person: User, bank: Bank, home: Client) -> None:
    asked = ask_for_token(actor=as_actor(bank.people["85001"]), person=person, reason="forgotten")
    done = decided(asked.request, bank)
    assert done.disclosure is not None
    form = {"number": person.number, "token": f"{asked.half}-{done.disclosure.text}", "password": NEW, "repeated": NEW}
    assert Client().post("/sign-in/token/", form).status_code == 302


def roles_changed(person: User, bank: Bank, home: Client) -> None:
    decided(ask_for_roles(actor=as_actor(bank.people["85001"]), person=person, roles=["service-agent"], reason="moved").request, bank)


def factors_reset(person: User, bank: Bank, home: Client) -> None:
    factor_of(person)
    decided(ask_for_reset(actor=as_actor(bank.people["85001"]), person=person, reason="lost").request, bank)


def switched_off(person: User, bank: Bank, home: Client) -> None:
    answer = browser(bank.people["85001"]).post(f"/staff/{person.reference}/active/", {"active": "0", "reason": "x"})
    assert answer.status_code == 302


def left(person: User, bank: Bank, home: Client) -> None:
    assert browser(bank.people["85001"]).post(f"/staff/{person.reference}/leave/", {"reason": "resigned"}).status_code == 302


def dormant(person: User, bank: Bank, home: Client) -> None:
    long_ago = timezone.now() - timedelta(days=91)
    User.objects.filter(pk=person.pk).update(created_at=long_ago, last_login=long_ago, password_changed_at=None)
    assert suspend_dormant() == 1


def expired(person: User, bank: Bank, home: Client) -> None:
    User.objects.filter(pk=person.pk).update(valid_until=timezone.now())


def ended_others(person: User, bank: Bank, home: Client) -> None:
    assert home.post("/sessions/end-others/").status_code == 302


def ended_one_by_one(person: User, bank: Bank, home: Client) -> None:
    for row in StaffSession.objects.filter(user=person).exclude(session_key=home.session.session_key):
        assert home.post(f"/sessions/{row.reference}/end/").status_code == 302


Change = Callable[[User, Bank, Client], None]
# Whether the browser from which it was done, or that was at home, stays signed in.
STORIES: dict[Change, bool] = {
    own_password: True,
    token_redeemed: False,
    roles_changed: False,
    factors_reset: False,
    switched_off: False,
    left: False,
    dormant: False,
    expired: False,
    ended_others: True,
    ended_one_by_one: True,
}


def story(bank: Bank, person: User, change: Change) -> int:
    """Let it happen; return how many browsers were closed. The first of the others has signed in through the pages."""
    home, elsewhere = enter(person), {kind: enter(person, f"198.51.100.{at}") for at, kind in enumerate(REQUESTS, 1)}
    elsewhere["page"] = Client()
    sign_in(elsewhere["page"], person)
    foreign = {kind: told(ask(Client())) for kind, ask in REQUESTS.items()}
    assert all(told(REQUESTS[kind](client)) != foreign[kind] for kind, client in elsewhere.items()), "each was inside before"
    change(person, bank, home)
    answers = {kind: told(REQUESTS[kind](client)) for kind, client in elsewhere.items()}
    assert answers == foreign
    assert home.get("/").status_code == (200 if STORIES[change] else 302)
    assert told(REQUESTS["page"](elsewhere["list"])) == foreign["page"], "and nothing brings them back"
    return len(answers)


@pytest.mark.parametrize("change", STORIES, ids=lambda change: change.__name__)
def test_the_next_request_is_a_strangers(bank: Bank, sun_yue: User, colleague: User, change: Change) -> None:
    """R266: at once, in every browser; nobody else notices."""
    hers = enter(colleague)
    closed = story(bank, sun_yue, change)
    print(f"\nsessions: {change.__name__}, {closed} browsers closed at their next request")
    assert hers.get("/").status_code == 200


@pytest.mark.parametrize("change", [roles_changed, ended_others])
def test_the_story_can_fail(bank: Bank, sun_yue: User, monkeypatch: pytest.MonkeyPatch, change: Change) -> None:
    """With the ending taken away they go on, and the story says so."""
    monkeypatch.setattr(sessions, "_end", lambda _keys: 0)
    with pytest.raises(AssertionError):
        story(bank, sun_yue, change)


def test_what_a_role_may_do_ends_without_the_session(bank: Bank, sun_yue: User) -> None:
    """R267: a permission taken from the role, an assignment that runs out: she stays signed in, and the next request is refused."""
    one, other = enter(sun_yue), enter(sun_yue)
    assert [client.get("/customers/").status_code for client in (one, other)] == [200, 200]
    role = sun_yue.assignments.get().role
    first = as_actor(bank.people["85001"])
    decided(propose_role(actor=first, role=role, reaches={"customers.view_customer": "none"}, reason="narrower"), bank)
    assert [client.get(path).status_code for client, path in ((one, "/customers/"), (one, "/"))] == [403, 200]
    RoleAssignment.objects.filter(user=sun_yue).update(valid_until=timezone.now())
    assert [other.get(path).status_code for path in ("/customers/", "/transactions/")] == [403, 403]


def test_a_held_officer_works_on_and_nobody_enters_as_her(bank: Bank, security_officer: User) -> None:
    """Guesses of a stranger hold an officer (R266). Ending her sessions, too, would let anybody put her out of the house."""
    at_work = enter(security_officer)
    for number in range(6):
        Client().post("/sign-in/", {"number": security_officer.number, "password": f"Guess-{number}-guess"})
    assert SignInHold.objects.filter(user=security_officer).exists()
    assert at_work.get("/").status_code == 200
    assert Client().post("/sign-in/", {"number": security_officer.number, "password": PASSWORD}).status_code == 200
    switched_off_by = browser(bank.people["85002"])
    assert switched_off_by.post(f"/staff/{security_officer.reference}/active/", {"active": "0", "reason": "x"}).status_code == 302
    assert at_work.get("/").status_code == 302


def test_a_request_under_way_does_not_bring_a_session_back(sun_yue: User) -> None:
    """Its session was read before the end; what it would store afterwards is refused."""
    client = enter(sun_yue)
    under_way = SessionStore(client.session.session_key)
    under_way["page"] = under_way.get("page", 1)
    sessions.end_others(actor=as_actor(sun_yue))
    with pytest.raises(UpdateError):
        under_way.save()
    assert client.get("/").status_code == 302
