"""What is refused is answered alike, written down after the rollback, or not answered at all.

Requirements: R037, R309.
"""

import re

import pytest
from django.conf import LazySettings
from django.db import DatabaseError
from django.test import Client, RequestFactory

from crm.access.middleware import client_address
from crm.log import services as log
from crm.log.models import Event
from crm.staff.models import User
from crm.tests.personas import browser

pytestmark = pytest.mark.django_db


def without_request_id(body: bytes) -> bytes:
    return re.sub(rb"[0-9a-f]{32}", b"", body)


def test_unknown_route_missing_row_and_out_of_scope_are_the_same_bytes(branch_manager: User, sun_yue: User, other_manager: User) -> None:
    """An answer must not tell whether a record exists."""
    client = browser(branch_manager)
    assert client.get(f"/staff/{sun_yue.reference}/").status_code == 200
    answers = [
        client.get("/no/such/page/"),
        client.get("/staff/U-22222222/"),
        client.get(f"/staff/{other_manager.reference}/"),
    ]
    assert [answer.status_code for answer in answers] == [404] * 3
    assert len({without_request_id(answer.content) for answer in answers}) == 1
    assert len({tuple(sorted(set(answer.headers) - {"X-Request-ID", "Content-Length"})) for answer in answers}) == 1


def test_out_of_scope_is_written_down(branch_manager: User, other_manager: User) -> None:
    answer = browser(branch_manager).get(f"/staff/{other_manager.reference}/")
    line = Event.objects.get(action="access.not_visible")
    assert (line.actor_number, line.result, line.request_id) == ("81001", "refused", answer["X-Request-ID"])
    assert line.data["asked"] == other_manager.reference


def test_a_function_that_is_not_granted_is_403_and_written_down(sun_yue: User) -> None:
    answer = browser(sun_yue).get("/staff/")
    assert answer.status_code == 403
    line = Event.objects.get(action="access.refused")
    assert (line.actor_number, line.data["permission"]) == ("80001", "staff.view_user")


def test_the_answer_is_503_when_the_refusal_cannot_be_written(sun_yue: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(**line: object) -> None:
        raise log.LogUnavailable("no disk")

    monkeypatch.setattr(log, "record_refusal", broken)
    assert browser(sun_yue).get("/staff/").status_code == 503


def test_strangers_are_sent_to_the_sign_in_page(client: Client, bank: object) -> None:
    answer = client.get("/staff/")
    assert (answer.status_code, answer["Location"]) == (302, "/sign-in/?next=/staff/")
    fragment = client.get("/staff/", headers={"HX-Request": "true"})
    assert (fragment.status_code, fragment["HX-Redirect"]) == (401, "/sign-in/?next=/")
    there = client.get("/staff/", headers={"HX-Request": "true", "HX-Current-URL": "http://testserver/customers/?size=50"})
    assert there["HX-Redirect"] == "/sign-in/?next=/customers/%3Fsize%3D50"


def test_signed_in_answers_are_never_kept(sun_yue: User) -> None:
    assert browser(sun_yue).get("/")["Cache-Control"] == "no-store"


def test_the_caller_cannot_choose_the_request_id(sun_yue: User) -> None:
    answer = browser(sun_yue).get("/", headers={"X-Request-ID": "a" * 32})
    assert re.fullmatch(r"[0-9a-f]{32}", answer["X-Request-ID"])
    assert answer["X-Request-ID"] != "a" * 32


@pytest.mark.parametrize(("language", "words"), [("en", "Page not found"), ("zh-hans", "404")])
def test_error_pages_speak_the_readers_language(sun_yue: User, language: str, words: str) -> None:
    User.objects.filter(pk=sun_yue.pk).update(language=language)
    body = browser(sun_yue).get("/no/such/page/").content.decode()
    assert words in body
    assert f'lang="{"zh-Hans" if language == "zh-hans" else "en"}"' in body


def test_a_500_page_stands_without_a_database(sun_yue: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*args: object) -> None:
        raise DatabaseError("gone")

    monkeypatch.setattr("crm.staff.views.home.tiles_for", broken)
    client = browser(sun_yue)
    client.raise_request_exception = False
    answer = client.get("/")
    assert answer.status_code == 500
    assert answer["X-Request-ID"] in answer.content.decode()
    assert "gone" not in answer.content.decode()


def test_an_old_form_is_403_in_words(sun_yue: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(sun_yue)
    assert client.post("/theme/", {"theme": "dark"}).status_code == 403


@pytest.mark.parametrize(("proxies", "address"), [(0, "10.0.0.9"), (1, "203.0.113.7"), (2, "198.51.100.1"), (3, "10.0.0.9")])
def test_the_address_is_what_our_own_proxies_saw(settings: LazySettings, proxies: int, address: str) -> None:
    """A caller may write anything in front of the header; only what trusted proxies appended counts."""
    settings.TRUSTED_PROXIES = proxies
    headers = {"X-Forwarded-For": "198.51.100.1, 203.0.113.7"}
    assert client_address(RequestFactory(headers=headers).get("/", REMOTE_ADDR="10.0.0.9")) == address
