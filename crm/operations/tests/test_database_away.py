"""A database that is gone, starting or full is answered 503 with the time to wait, never a bare 500.

Requirements: R338, R339.
"""

import json
from typing import Any

import psycopg
import pytest
from django.db import OperationalError
from django.test import Client

from crm.access.backend import ReachBackend
from crm.staff.models import User
from crm.staff.services import clients
from crm.tests.personas import browser

FAULTS = (OperationalError("server closed the connection"), psycopg.errors.DiskFull("no space left"), psycopg.errors.AdminShutdown("gone"))


def _break(monkeypatch: pytest.MonkeyPatch, place: Any, name: str, fault: Exception) -> None:
    def broken(*_args: Any, **_more: Any) -> None:
        raise fault

    monkeypatch.setattr(place, name, broken)


@pytest.mark.django_db
@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: type(fault).__name__)
def test_the_api_says_when_to_try_again(monkeypatch: pytest.MonkeyPatch, partner_headers: dict[str, str], fault: Exception) -> None:
    _break(monkeypatch, clients, "execute", fault)
    answer = Client(raise_request_exception=False).post("/api/v1/transactions/", "[]", "application/json", headers=partner_headers)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")
    assert json.loads(answer.content)["code"] == "unavailable"


@pytest.mark.django_db
def test_a_page_says_it_in_words(monkeypatch: pytest.MonkeyPatch, sun_yue: User) -> None:
    client = browser(sun_yue)
    client.raise_request_exception = False
    _break(monkeypatch, ReachBackend, "get_user", FAULTS[0])
    answer = client.get("/")
    assert answer.status_code == 503
    assert "Try again in a few seconds" in answer.content.decode()


@pytest.mark.django_db
def test_our_own_faults_stay_500(monkeypatch: pytest.MonkeyPatch, partner_headers: dict[str, str]) -> None:
    _break(monkeypatch, clients, "execute", ValueError("ours"))
    answer = Client(raise_request_exception=False).post("/api/v1/transactions/", "[]", "application/json", headers=partner_headers)
    assert answer.status_code == 500
    assert "Retry-After" not in answer.headers
