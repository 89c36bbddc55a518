"""Old lines go every night by the schedule, and the system officer is told. Requirements: R311, R312."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from audit.services import purging as nightly
from crm.access.actor import SYSTEM
from crm.jobs import sweeps
from crm.jobs.queue import captured
from crm.log import purging
from crm.log.models import Event, Seal
from crm.log.tests.test_purging import findings, old_log  # noqa: F401  # a fixture
from crm.notify.models import Notice
from crm.tests.personas import Bank

pytestmark = pytest.mark.django_db(transaction=True)


def told(kind: str) -> list[str]:
    return list(Notice.objects.filter(kind=kind).order_by("user__number").values_list("user__number", flat=True))


def test_the_schedule_has_it_once_a_day(bank: Bank) -> None:
    """The sweep only asks for the work, and the work stands under a task's name."""
    [sweep] = [one for one in sweeps.registered() if one.name == "audit.purge"]
    assert sweep.every_seconds == 86_400
    with captured() as asked:
        sweep.call()
    assert asked == [("audit.purge_log", {})]


def test_old_lines_go_and_the_system_officer_is_told(bank: Bank, old_log: int, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """In pieces, with a checkpoint each; the rest verifies; a second run the same night has nothing to do and says nothing."""
    monkeypatch.setattr(nightly, "STEPS_A_NIGHT", 2)
    real = purging.purge
    monkeypatch.setattr(purging, "purge", lambda *, actor: real(actor=actor, step=4))
    assert nightly.purge_log(actor=SYSTEM) == 8
    assert told("audit.log_purged") == ["87001"]
    assert Notice.objects.get(kind="audit.log_purged").params == {"lines": 8, "days": purging.kept_days()}
    assert nightly.purge_log(actor=SYSTEM) == old_log - 8
    assert Event.objects.filter(action="log.purged").count() == 3
    assert Seal.objects.order_by("seq").first().seq == old_log + 1  # type: ignore[union-attr]
    verified = Event.objects.filter(action="log.verified", actor_number="system").count()
    assert nightly.purge_log(actor=SYSTEM) == 0
    assert Event.objects.filter(action="log.verified", actor_number="system").count() == verified  # nothing due: nothing verified
    assert findings() == []


def test_a_hold_and_the_floor_keep_theirs(bank: Bank, old_log: int, monkeypatch: pytest.MonkeyPatch, settings: Any) -> None:  # noqa: F811
    """From the first line about a held customer on, and whatever the setting says."""
    settings.AUDIT_DAYS = 0
    monkeypatch.setattr(purging, "_keepers", [lambda: ["C-HELD2345"]])
    nightly.purge_log(actor=SYSTEM)
    assert Event.objects.filter(customer="C-HELD2345").exists()
    assert Event.objects.filter(at__gt=timezone.now() - timedelta(days=366)).count() >= 5
    assert not purging.is_due()


def test_a_log_that_does_not_verify_stays_whole(bank: Bank, old_log: int, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """What does not hold is evidence."""

    class Broken:
        holds = False

    monkeypatch.setattr(nightly, "verify_log", lambda *, actor: Broken)
    before = Event.objects.count()
    assert nightly.purge_log(actor=SYSTEM) == 0
    assert Event.objects.count() == before
    assert told("audit.log_held") == ["87001"]
    assert told("audit.log_purged") == []
