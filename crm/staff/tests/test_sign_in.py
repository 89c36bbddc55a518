"""Signing in: one sentence for every failure, counted before the hash, a new session, everything written down.

Requirements: R117, R267, R282.
"""

import pytest
from django.test import Client

from crm.log.models import Event
from crm.staff.models import User
from crm.tests.personas import PASSWORD, factor_of, next_code, sign_in

pytestmark = pytest.mark.django_db


def test_number_and_password_open_a_session_with_a_new_key(client: Client, sun_yue: User) -> None:
    """R265."""
    client.get("/sign-in/")
    client.session.save()
    before = client.session.session_key
    sign_in(client, sun_yue)
    assert client.session.session_key != before
    assert client.get("/").status_code == 200
    line = Event.objects.filter(action="staff.signed_in").get()
    assert (line.actor_number, line.result, line.role) == ("80001", "done", "relationship-manager")


def test_the_number_may_come_from_an_input_method(client: Client, sun_yue: User) -> None:
    assert client.post("/sign-in/", {"number": " ８０００１ ", "password": PASSWORD}).status_code == 302


@pytest.mark.parametrize("number", ["80001", "99999", "80009"])
def test_every_failure_gives_the_same_answer(client: Client, sun_yue: User, colleague: User, number: str) -> None:
    """A wrong password, an unknown number and somebody switched off read alike."""
    User.objects.filter(pk=colleague.pk).update(number="80009", is_active=False)
    answer = client.post("/sign-in/", {"number": number, "password": PASSWORD if number == "80009" else "wrong"})
    plain = client.post("/sign-in/", {"number": "71717", "password": "wrong"})
    assert answer.status_code == plain.status_code == 200
    assert errors(answer) == errors(plain) != []
    assert client.get("/").status_code == 302
    assert Event.objects.filter(action="staff.sign_in_failed", result="refused").count() == 2


def errors(answer: object) -> list[str]:
    return list(answer.context["form"].non_field_errors())  # type: ignore[attr-defined]


def test_an_unknown_number_is_not_written_in_clear(client: Client, sun_yue: User) -> None:
    """People type passwords into the wrong box."""
    client.post("/sign-in/", {"number": "Hunter2Secret", "password": "x"})
    line = Event.objects.get(action="staff.sign_in_failed")
    assert "Hunter2Secret" not in f"{line.data} {line.target_ref} {line.reason} {line.actor_number}"


def test_signing_out_ends_the_session(client: Client, sun_yue: User) -> None:
    sign_in(client, sun_yue)
    out = client.post("/sign-out/")
    assert (out.status_code, out["Clear-Site-Data"]) == (302, '"storage"')
    assert client.get("/")["Location"].startswith("/sign-in/")
    assert Event.objects.filter(action="staff.signed_out", actor_number="80001").count() == 1


def test_somebody_switched_off_is_out_at_the_next_request(client: Client, sun_yue: User) -> None:
    client.force_login(sun_yue)
    User.objects.filter(pk=sun_yue.pk).update(is_active=False)
    assert client.get("/").status_code == 302


@pytest.mark.parametrize("target", ["https://evil.test/", "//evil.test/", "javascript:alert(1)", "/\\evil.test"])
def test_next_leads_nowhere_else(client: Client, sun_yue: User, target: str) -> None:
    factor_of(sun_yue)
    client.post("/sign-in/", {"number": "80001", "password": PASSWORD, "next": target})
    assert client.post("/sign-in/code/", {"code": next_code(sun_yue)})["Location"] == "/"


def test_half_a_sign_in_opens_nothing(client: Client, sun_yue: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a second factor owed, the session holds who is pending and no page opens."""
    from crm.staff.services import second_factor

    monkeypatch.setattr(second_factor, "_steps", [lambda *_asked: "staff:redeem"])
    answer = client.post("/sign-in/", {"number": "80001", "password": PASSWORD})
    assert answer["Location"] == "/sign-in/token/"
    assert client.session["pending_user_id"] == sun_yue.pk
    assert client.get("/").status_code == 302
    monkeypatch.setattr(second_factor, "_steps", [])
    assert client.get("/sign-in/next/")["Location"] == "/"
    assert client.get("/").status_code == 200
    assert "pending_user_id" not in client.session
