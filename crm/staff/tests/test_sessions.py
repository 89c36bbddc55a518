"""Own sessions: where, since when, which is this one; ended elsewhere they open nothing at their next request.

Requirements: R266, R267.
"""

from collections.abc import Callable

import pytest
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest
from django.test import Client

from crm.access import limits
from crm.access.middleware import STEPPED_UP_AT
from crm.log import services as log
from crm.log.models import Event
from crm.staff.models import StaffSession, User
from crm.staff.services import sessions
from crm.staff.services.access import switch_off
from crm.staff.services.leaving import leave
from crm.tests.personas import as_actor, browser, sign_in

pytestmark = pytest.mark.django_db


def enter(person: User, address: str = "192.0.2.8") -> Client:
    """A browser in which the person has signed in completely."""
    client = browser(person)
    with transaction.atomic():
        sessions.begin(person=person, session_key=client.session.session_key or "", address=address)
        log.record(actor=as_actor(person), action="staff.signed_in", target=person)
    assert client.get("/").status_code == 200
    return client


def test_a_full_sign_in_is_listed_with_its_address(client: Client, sun_yue: User) -> None:
    """R267: the address stands sealed in the row."""
    sign_in(client, sun_yue)
    page = client.get("/sessions/").content.decode()
    assert "127.0.0.1" in page
    assert "This one" in page
    row = StaffSession.objects.get()
    assert "127.0.0.1" not in f"{row.sealed_address} {Session.objects.get().get_decoded()}"


def test_one_is_ended_and_the_others_stay(sun_yue: User, colleague: User) -> None:
    here, there, hers = enter(sun_yue), enter(sun_yue, "198.51.100.4"), enter(colleague)
    assert "198.51.100.4" in here.get("/sessions/").content.decode()
    row = StaffSession.objects.get(session_key=there.session.session_key)
    assert hers.post(f"/sessions/{row.reference}/end/").status_code == 404
    assert there.get("/").status_code == 200
    assert here.post(f"/sessions/{row.reference}/end/").status_code == 302
    assert [client.get("/").status_code for client in (here, there, hers)] == [200, 302, 200]
    assert Event.objects.filter(action="staff.session_ended", actor_number="80001").count() == 1


def test_all_others_are_ended(sun_yue: User) -> None:
    here, *others = (enter(sun_yue) for _session in range(3))
    assert here.post("/sessions/end-others/").status_code == 302
    assert [client.get("/").status_code for client in (here, *others)] == [200, 302, 302]
    assert len(sessions.own_sessions(actor=as_actor(sun_yue))) == 1


def test_what_is_over_is_not_listed(sun_yue: User) -> None:
    here, old = enter(sun_yue), enter(sun_yue)
    session = old.session
    session[limits.SEEN_AT] = session[limits.SIGNED_IN_AT] = 1_000
    session.save()
    assert len(sessions.own_sessions(actor=as_actor(sun_yue))) == 1
    assert here.get("/").status_code == 200


def off(person: User, officer: User) -> None:
    switch_off(actor=as_actor(officer), person=person, reason="x")


def gone(person: User, officer: User) -> None:
    leave(actor=as_actor(officer), person=person, reason="x")


def new_password(person: User, officer: User) -> None:
    person.set_password("Another-Kettle-48")
    User.objects.filter(pk=person.pk).update(password=person.password)


@pytest.mark.parametrize("change", [off, gone, new_password])
def test_each_change_of_state_ends_every_session_at_the_next_request(
    sun_yue: User, security_officer: User, change: Callable[[User, User], None]
) -> None:
    """Whatever the next request is: a page, a fragment, a download, a form."""
    tries = [("get", "/"), ("get", "/customers/"), ("post", "/theme/"), ("get", "/notices/")]
    clients = [enter(sun_yue) for _session in tries]
    change(sun_yue, security_officer)
    for client, (method, path) in zip(clients, tries, strict=True):
        assert getattr(client, method)(path)["Location"].startswith("/sign-in/")


def test_another_address_ends_nothing(sun_yue: User) -> None:
    """Telephones change their address all day: sessions are bound to nothing but their key."""
    client = enter(sun_yue)
    answers = [client.get("/", REMOTE_ADDR=address).status_code for address in ("192.0.2.1", "2001:db8::1")]
    assert answers == [200, 200]


def test_the_absolute_limit_is_within_a_working_day(settings: HttpRequest) -> None:
    assert 8 * 3600 <= limits.absolute_seconds() <= 12 * 3600
    assert limits.idle_seconds() == 900
    assert STEPPED_UP_AT
