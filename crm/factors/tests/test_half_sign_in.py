"""Password, then second factor, then a session: no way around, no code twice.

Requirements: R117, R266, R267.
"""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import get_resolver
from django.utils import timezone

from crm.access.actor import anonymous
from crm.access.middleware import STEPPED_UP_AT
from crm.factors.models import CodeCounter, Factor
from crm.factors.secrets import code_at
from crm.factors.services.codes import step_now
from crm.factors.services.enrolment import HasFactor, begin_app, secret_of
from crm.log.models import Event
from crm.staff.models import User
from crm.tests.at_once import together
from crm.tests.personas import PASSWORD, factor_of, next_code, sign_in
from crm.tests.test_permission_matrix import walk

pytestmark = pytest.mark.django_db

# What half a sign-in opens: the second factor, its set-up, the way out, the language (and what is open to strangers).
OPEN_TO_HALF = {"sign-in/code/", "sign-in/set-up/", "sign-in/set-up/picture.svg", "sign-out/", "language/"}
OPEN_TO_ALL = {"api/v1/token/", "health/", "sign-in/", "sign-in/next/", "sign-in/token/"}


def half(client: Client, person: User) -> Client:
    answer = client.post("/sign-in/", {"number": person.number, "password": PASSWORD})
    assert answer["Location"].startswith("/sign-in/")
    return client


def test_password_and_code_open_a_session(client: Client, sun_yue: User) -> None:
    factor_of(sun_yue)
    half(client, sun_yue)
    assert client.get("/").status_code == 302
    assert client.get("/sign-in/code/").status_code == 200
    answer = client.post("/sign-in/code/", {"code": next_code(sun_yue)})
    assert (answer.status_code, answer["Location"]) == (302, "/")
    assert client.get("/").status_code == 200
    assert client.session[STEPPED_UP_AT]
    assert [line.action for line in Event.objects.order_by("-id")[:2]] == ["staff.signed_in", "factors.shown"]


def test_the_way_back_is_kept(client: Client, sun_yue: User) -> None:
    factor_of(sun_yue)
    client.post("/sign-in/", {"number": "80001", "password": PASSWORD, "next": "/notices/"})
    assert client.post("/sign-in/code/", {"code": next_code(sun_yue)})["Location"] == "/notices/"


def test_who_has_no_factor_sets_one_up(client: Client, sun_yue: User) -> None:
    """The first one, after the password and before anything else."""
    assert client.post("/sign-in/", {"number": "80001", "password": PASSWORD})["Location"] == "/sign-in/set-up/"
    assert client.get("/sign-in/code/")["Location"] == "/sign-in/set-up/"
    assert client.get("/sign-in/set-up/picture.svg").status_code == 404
    assert b"picture.svg" not in client.get("/sign-in/set-up/").content
    assert client.post("/sign-in/set-up/", {"begin": "1"}).status_code == 302
    page = client.get("/sign-in/set-up/").content.decode()
    picture = client.get("/sign-in/set-up/picture.svg")
    assert "picture.svg" in page
    assert (picture["Content-Type"], picture.content[:5]) == ("image/svg+xml", b"<?xml")
    factor = Factor.objects.get(user=sun_yue)
    secret = secret_of(factor)
    assert secret.hex() not in str(dict(client.session.items())) and secret not in bytes(factor.secret or b"")
    assert "code" in client.post("/sign-in/set-up/", {"code": "000000"}).context["form"].errors
    assert client.get("/").status_code == 302
    code = code_at(secret, step_now(factor))
    assert client.post("/sign-in/set-up/", {"code": code})["Location"] == "/"
    assert client.get("/").status_code == 200
    other = Client()
    half(other, sun_yue)
    assert other.post("/sign-in/code/", {"code": code}).status_code == 200, "the code that confirmed is used up"
    assert set(Event.objects.filter(target_ref=sun_yue.reference).values_list("action", flat=True)) >= {
        "factors.enrolment_begun",
        "factors.added",
    }


def test_a_second_browser_cannot_set_up_another_first_one(client: Client, sun_yue: User) -> None:
    """Who knows the password only comes too late as soon as there is a factor."""
    half(client, sun_yue)
    client.post("/sign-in/set-up/", {"begin": "1"})
    mine = secret_of(Factor.objects.get(user=sun_yue))
    thief = half(Client(), sun_yue)
    assert thief.get("/sign-in/set-up/picture.svg").status_code == 404, "only the browser that began sees the picture"
    factor_of(sun_yue)
    now = int(timezone.now().timestamp()) // 30
    assert client.post("/sign-in/set-up/", {"code": code_at(mine, now)})["Location"] == "/sign-in/code/"
    assert thief.post("/sign-in/set-up/", {"begin": "1"})["Location"] == "/sign-in/code/"
    with pytest.raises(HasFactor):  # the verb too, for who was quicker than the page
        begin_app(actor=anonymous(), person=sun_yue, first=True)
    assert Factor.objects.confirmed().filter(user=sun_yue).count() == 1


@pytest.mark.parametrize("with_factor", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_half_a_sign_in_against_every_route(client: Client, sun_yue: User, security_officer: User, *, with_factor: bool) -> None:
    """R266: API and admin included, whatever the method; the person of a role with many pages, too."""
    if with_factor:
        factor_of(security_officer)
    client.raise_request_exception = False
    half(client, security_officer)
    opened = []
    for route, place, _gate in walk(get_resolver().url_patterns):
        for method in ("GET", "POST", "PUT", "DELETE"):
            if route in OPEN_TO_ALL | OPEN_TO_HALF:
                continue
            answer = client.generic(method, place)
            shut = answer.status_code in (401, 405) or (answer.status_code == 302 and answer["Location"].startswith("/sign-in/?next="))
            if not shut:
                opened.append(f"{method} {route}: {answer.status_code}")
    assert opened == []
    assert client.session["pending_user_id"] == security_officer.pk
    assert "_auth_user_id" not in client.session
    assert Event.objects.filter(actor_number=security_officer.number).count() == 0


def test_a_code_opens_once(client: Client, sun_yue: User) -> None:
    """Neither in the same session nor in another one."""
    factor = factor_of(sun_yue)
    code = next_code(sun_yue)
    half(client, sun_yue)
    assert client.post("/sign-in/code/", {"code": code}).status_code == 302
    client.post("/sign-out/")
    half(client, sun_yue)
    assert client.post("/sign-in/code/", {"code": code}).status_code == 200
    other = half(Client(), sun_yue)
    assert other.post("/sign-in/code/", {"code": code}).status_code == 200
    earlier = code_at(secret_of(factor), Factor.objects.get(pk=factor.pk).last_counter - 1)
    assert other.post("/sign-in/code/", {"code": earlier}).status_code == 200, "nor does one before it"
    assert Event.objects.filter(action="factors.refused", result="refused").count() == 3


def test_the_code_of_somebody_else_opens_nothing(client: Client, sun_yue: User, colleague: User) -> None:
    factor_of(sun_yue)
    half(client, sun_yue)
    assert client.post("/sign-in/code/", {"code": next_code(colleague)}).status_code == 200
    assert Factor.objects.get(user=colleague).last_counter == -1


def test_another_person_in_the_same_browser_shows_her_own(client: Client, sun_yue: User, colleague: User) -> None:
    """What one has shown counts for her and for that password only."""
    factor_of(colleague)
    sign_in(client, sun_yue)
    client.post("/sign-out/")
    half(client, colleague)
    assert client.get("/").status_code == 302
    half(client, sun_yue)
    assert client.get("/sign-in/next/")["Location"] == "/sign-in/code/"


def test_five_wrong_codes_lock_and_slide(client: Client, sun_yue: User) -> None:
    """Right codes are refused, too, for half an hour; a right code before is no fault."""
    factor = factor_of(sun_yue)
    half(client, sun_yue)
    for _attempt in range(5):
        client.post("/sign-in/code/", {"code": "12345"})
    refused = client.post("/sign-in/code/", {"code": next_code(sun_yue)})
    assert "Too many wrong codes" in refused.content.decode()
    assert Event.objects.filter(action="factors.locked").count() == 1
    assert Factor.objects.get(pk=factor.pk).last_counter == -1
    ago = timezone.now() - timedelta(minutes=16)
    CodeCounter.objects.update(locked_until=ago, attempts=[ago] * 5)
    assert client.post("/sign-in/code/", {"code": next_code(sun_yue)}).status_code == 302
    assert CodeCounter.objects.get().attempts == []


@pytest.mark.django_db(transaction=True)
def test_of_fifty_posts_of_one_code_one_wins(sun_yue: User) -> None:
    """At the same moment, from sessions of their own."""
    factor_of(sun_yue)
    browsers = [half(Client(), sun_yue) for _one in range(50)]
    code = next_code(sun_yue)
    statuses = together(*[lambda one=one: one.post("/sign-in/code/", {"code": code}).status_code for one in browsers])
    assert sorted(map(str, statuses)) == ["200"] * 49 + ["302"]
    assert sum(one.get("/").status_code == 200 for one in browsers) == 1
