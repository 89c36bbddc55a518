"""The chain's page, verification on demand, alarm when something was changed."""

from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.test import Client
from django.urls import reverse

from audit import services, tasks
from audit.models import Event
from crm.access.actor import SYSTEM
from crm.log import anchors
from crm.notify.models import Notice
from crm.staff.models import User
from crm.tests.personas import browser

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def own_anchors(settings: Any, tmp_path: Path) -> None:
    """Anchors of this test alone."""
    settings.ANCHORS_FILE = tmp_path / "anchors.jsonl"


@pytest.fixture
def client_of_auditor(auditor: User) -> Client:
    """The auditor's browser."""
    return browser(auditor)


def test_clean_log(client_of_auditor: Client) -> None:
    """Verified, anchored, shown; nobody is alarmed."""
    assert services.verify_log(actor=SYSTEM).holds
    page = client_of_auditor.get(reverse("audit:chain"))
    assert page.status_code == 200
    assert page.context["anchor_count"] == 1
    assert page.context["outcomes"][0]["event"].action == "log.verified"
    assert not Notice.objects.filter(kind="audit.tampering").exists()


def test_tampering_is_told_once(client_of_auditor: Client, auditor: User, audit_officer: User, superuser: psycopg.Connection) -> None:
    """Everybody who may verify hears of it, once, and the page of the line says what is wrong with it."""
    line = Event.objects.order_by("pk").first()
    assert line is not None
    superuser.execute("SET session_replication_role = replica")
    superuser.execute("UPDATE log_event SET actor_name = 'somebody else' WHERE id = %s", [line.pk])
    for _turn in range(2):
        assert not services.verify_log(actor=SYSTEM).holds
    told = Notice.objects.filter(kind="audit.tampering").values_list("user__number", flat=True)
    assert sorted(told) == ["86001", "88001"]
    assert b'data-level="high"' in client_of_auditor.get(line.get_absolute_url()).content
    page = client_of_auditor.get(reverse("audit:chain"))
    assert page.context["outcomes"][0]["findings"]


def test_verification_on_demand(client_of_auditor: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    """The click is a line and a task; reading alone does not verify."""
    asked: list[str] = []
    monkeypatch.setattr(services, "enqueue", lambda name, **_kwargs: asked.append(name))
    assert client_of_auditor.get(reverse("audit:chain_verify")).status_code == 405
    assert client_of_auditor.post(reverse("audit:chain_verify")).status_code == 302
    assert asked == ["audit.verify_log"]
    assert Event.objects.filter(action="audit.chain_checked", actor_number="86001").exists()


def test_tasks_run_twice(bank: object) -> None:
    """Twice is two anchors and two lines, and the log still holds."""
    for _turn in range(2):
        tasks.anchor_log.apply(throw=True)
        tasks.verify_log.apply(throw=True)
    assert len(anchors.path().read_text().splitlines()) == 4
    assert Event.objects.filter(action="log.verified").count() == 2
