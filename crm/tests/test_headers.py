"""The same headers on every answer: pages, errors, redirects, static files, API, admin, hosts that are not ours.

Requirements: R271, R278.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from django.conf import settings
from django.test import Client

from crm.fields.errors import KeysUnusable
from crm.log.services import LogUnavailable
from crm.staff.models import User
from crm.staff.views import home
from crm.tests.personas import browser
from crm.tests.test_permission_matrix import FOUND

pytestmark = pytest.mark.django_db
FIXED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
POLICY = {
    *("default-src 'self'", "script-src 'self'", "style-src 'self'", "object-src 'none'", "base-uri 'none'", "form-action 'self'"),
    "frame-ancestors 'none'",
}


def lacking(answer: Any, *, kept: bool = False) -> list[str]:
    """What an answer lacks; ``kept``: a static file, which browsers may keep."""
    found = [name for name, value in FIXED.items() if answer.headers.get(name) != value]
    policy = {part.strip() for part in answer.headers.get("Content-Security-Policy", "").split(";")}
    found += sorted(POLICY - policy)
    found += ["unsafe"] if "unsafe" in str(policy) or "*" in str(policy) else []
    found += [] if "camera=()" in answer.headers.get("Permissions-Policy", "") else ["Permissions-Policy"]
    found += [] if kept or "no-store" in answer.headers.get("Cache-Control", "") else ["Cache-Control"]
    return found


def answers(client: Client) -> Iterator[tuple[str, Any]]:
    """One answer of every route, by GET and by POST."""
    for route, (place, _gate) in sorted(FOUND.items()):
        for method in ("get", "post"):
            yield f"{method} {route}", getattr(client, method)(place)


@pytest.mark.parametrize("who", ["stranger", "officer"])
def test_every_route_carries_the_headers(who: str, supervisor: User) -> None:
    """Whatever its answer is: 200, 302, 400, 403, 404, 405."""
    client = Client() if who == "stranger" else browser(supervisor)
    client.raise_request_exception = False
    seen = {}
    statuses = set()
    for name, answer in answers(client):
        statuses.add(answer.status_code)
        if found := lacking(answer):
            seen[name] = found
    assert seen == {}
    assert statuses >= ({302, 200} if who == "stranger" else {200, 403, 404})
    print(f"{len(FOUND)} routes, statuses {sorted(statuses)}: none lacks a header")


@pytest.mark.parametrize(
    ("fault", "status"), [(ValueError("ours"), 500), (LogUnavailable(), 503), (KeysUnusable("no file"), 503)], ids=["500", "log", "keys"]
)
@pytest.mark.parametrize("path", ["/", "/no-such-page/"])
def test_errors_carry_them(fault: Exception, status: int, path: str, supervisor: User, monkeypatch: pytest.MonkeyPatch) -> None:
    client = browser(supervisor)
    client.raise_request_exception = False

    def broken(*_args: Any, **_more: Any) -> None:
        raise fault

    monkeypatch.setattr(home, "render", broken)
    answer = client.get(path)
    assert answer.status_code == (status if path == "/" else 404)
    assert lacking(answer) == []


def test_what_is_answered_outside_the_views_carries_them() -> None:
    client = Client(raise_request_exception=False, enforce_csrf_checks=True)
    static = client.get("/static/css/tokens.css")
    cases = {
        "redirect to one host": client.get("/", headers={"host": "127.0.0.1:8000"}),
        "host that is not ours": client.get("/", headers={"host": "evil.example"}),
        "no token": client.post("/sign-in/", {"number": "1"}),
        "missing slash": client.get("/sign-in"),
        "missing static file": client.get("/static/none.css"),
        "method": client.generic("TRACE", "/sign-in/"),
    }
    assert {name: (answer.status_code, lacking(answer)) for name, answer in cases.items() if lacking(answer)} == {}
    assert (static.status_code, lacking(static, kept=True)) == (200, [])


def test_production_answers_with_hsts_on_redirects_too() -> None:
    with pytest.MonkeyPatch.context() as patch:
        for name, value in {
            "SECURE_SSL_REDIRECT": True,
            "SECURE_HSTS_SECONDS": 31_536_000,
            "SECURE_HSTS_INCLUDE_SUBDOMAINS": True,
        }.items():
            patch.setattr(settings, name, value)
        plain, secure = Client().get("/sign-in/"), Client().get("/sign-in/", secure=True)
        program = Client().get("/api/v1/transactions/")
    assert (plain.status_code, plain.headers["Location"]) == (301, "https://testserver/sign-in/")
    assert lacking(plain) == []
    assert secure.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"
    assert lacking(secure) == []
    # ASVS 5.0, 4.1.2: a program that shows its token on plain http hears of it, and is not led on to https.
    assert (program.status_code, program["Content-Type"], lacking(program)) == (403, "application/json", [])
    assert "Use https." in program.json()["message"]
