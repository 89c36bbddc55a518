"""Passkeys with Chromium's virtual authenticator: made, shown at the sign-in and the step-up, nowhere else and for nobody else.

Requirements: R266.
"""

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client
from playwright.sync_api import Page

from crm.factors.choices import Purpose
from crm.factors.models import Factor
from crm.factors.services import passkeys
from crm.log.models import Event
from crm.staff.models import User
from crm.tests.personas import PASSWORD, as_actor, browser, factor_of, next_code
from crm.ui.tests.browser import chromium, open_page  # noqa: F401 - fixtures

ANSWER = '{"id": "AA", "rawId": "AA", "type": "public-key", "response": {}}'
KEY = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True, "hasUserVerification": True, "isUserVerified": True}


def authenticator(page: Page, **differently: Any) -> Callable[[bool], None]:
    """Put a device into the browser; the answer tells whether it recognises its owner from now on."""
    session = page.context.new_cdp_session(page)
    session.send("WebAuthn.enable")
    made = session.send("WebAuthn.addVirtualAuthenticator", {"options": {**KEY, "automaticPresenceSimulation": True, **differently}})

    def recognises(yes: bool) -> None:
        session.send("WebAuthn.setUserVerified", {"authenticatorId": made["authenticatorId"], "isUserVerified": yes})

    return recognises


def password(page: Page, number: str) -> None:
    page.goto("/sign-in/")
    page.fill("[name=number]", number)
    page.fill("[name=password]", PASSWORD)
    page.click("main button.btn[data-kind=main]")


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
def test_a_passkey_from_making_to_step_up(open_page: Callable[..., Page], live_server: Any, settings: Any, sun_yue: User) -> None:  # noqa: F811
    settings.BASE_URL = live_server.url
    factor_of(sun_yue)
    page = open_page("/sign-in/", language="en")
    recognises = authenticator(page)
    password(page, "80001")
    page.fill("[name=code]", next_code(sun_yue))
    page.click("main button.btn[data-kind=main]")
    page.wait_for_url(live_server.url + "/")
    page.goto("/factors/passkey/")
    page.click("form[data-passkey] button")
    page.wait_for_url("**/factors/")
    made = Factor.objects.get(user=sun_yue, kind="passkey")
    assert made.public_key and made.confirmed_at
    page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    password(page, "80001")
    recognises(False)
    page.click("form[data-passkey] button")
    page.wait_for_selector("[data-failed]:not([hidden])")
    assert page.url.endswith("/sign-in/code/"), "who is not recognised is not let in"
    recognises(True)
    page.click("form[data-passkey] button")
    page.wait_for_url(live_server.url + "/")
    shown = Event.objects.filter(action="factors.shown", target_ref=sun_yue.reference)
    assert [line.data["kind"] for line in shown.order_by("id")] == ["app", "passkey"]
    page.goto("/step-up/?next=/notices/")
    page.click("form[data-passkey] button")
    page.wait_for_url(live_server.url + "/notices/")
    assert shown.filter(data__kind="passkey", data__for="step_up").count() == 1
    assert Factor.objects.get(pk=made.pk).sign_count > made.sign_count


@pytest.mark.parametrize(
    ("address", "name"),
    [("https://crm.bank.test", "crm.bank.test"), ("http://localhost:8000", "localhost"), ("https://10.1.2.3", ""), ("https://[::1]:8", "")],
)
def test_an_ip_address_has_no_passkeys(settings: Any, address: str, name: str) -> None:
    settings.BASE_URL = address
    assert passkeys.rp_id() == name


@pytest.mark.django_db
def test_only_at_home(settings: Any, sun_yue: User) -> None:
    """At another host name than the product's own the page says so, and offers codes."""
    factor_of(sun_yue)
    settings.BASE_URL = "https://crm.bank.test"
    assert "data-passkey" not in browser(sun_yue).get("/factors/passkey/").content.decode()
    settings.BASE_URL = "http://testserver"
    client = browser(sun_yue)
    assert "data-passkey" in client.get("/factors/passkey/").content.decode()
    assert client.session["passkey_to_add"]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "answer",
    ["", "{}", "[]", "null", '{"id": "AA", "rawId": "AA", "type": "public-key", "response": {}}', "[" * 19_000, "{" * 30_000],
    ids=["none", "empty", "list", "null", "hollow", "deep", "long"],
)
def test_what_is_no_answer_opens_nothing_and_never_fails(client: Client, settings: Any, sun_yue: User, answer: str) -> None:
    """Neither at the sign-in, nor at the step-up, nor where a passkey is made; refused in words."""
    settings.BASE_URL = "http://testserver"
    factor_of(sun_yue)
    Factor.objects.create(user=sun_yue, kind="passkey", name="Key", credential_id=b"\0", public_key=b"x", confirmed_at="2026-01-01T00:00Z")
    client.post("/sign-in/", {"number": "80001", "password": PASSWORD})
    client.get("/sign-in/code/")
    assert client.post("/sign-in/code/", {"passkey": answer}).status_code == 200
    assert client.get("/").status_code == 302
    inside = browser(sun_yue)
    inside.get("/factors/passkey/")
    assert inside.post("/factors/passkey/", {"passkey": answer}).status_code == 200
    assert inside.post("/step-up/", {"passkey": answer}).status_code == 200
    assert Factor.objects.filter(user=sun_yue).count() == 2
    assert passkeys.show_passkey(actor=as_actor(sun_yue), person=sun_yue, challenge="", answer=answer, purpose=Purpose.STEP_UP) is None
