"""What the census says of alerts and those who were told: a notice that is lost is not hidden by a storm of the same rule.

Requirements: R127.
"""

from typing import Any

import psycopg
import pytest
from django.db import transaction
from django.utils import timezone

from benchmarks.chaos import census
from crm.access.actor import SYSTEM
from crm.log import services as log
from crm.staff.models import User
from crm.tests.personas import Bank
from customers.tests.personas import person
from risk.models import Alert
from risk.services.telling import tell_duty
from risk.tests.work import waiting

pytestmark = pytest.mark.django_db(transaction=True)


def told(superuser: psycopg.Connection, user: User) -> list[int]:
    """For each alert: how often this person was told of it."""
    found: list[Any] = superuser.execute(census.worded(census.QUESTIONS["told of alerts"])).fetchall()
    return sorted(row[3] for row in found if row[0] == user.number)


def raised_at_once(alerts: list[Alert]) -> None:
    """Write what a sitting writes that raised them."""
    with transaction.atomic():
        log.record_batch(actor=SYSTEM, action="alert.raised", leaves=[(alert.reference, b"raised") for alert in alerts], data={})
        tell_duty(alerts, timezone.now())


def test_a_lost_notice_is_missed_although_the_rule_had_its_storm(bank: Bank, zhou_min: User, superuser: psycopg.Connection) -> None:
    owners = [person(bank, f"62170{place:05}", id_number=f"E{place:08}", id_type="passport") for place in range(census.STORM + 3)]
    alerts = [waiting(owner) for owner in owners]
    raised_at_once(alerts[2:])
    raised_at_once(alerts[:2])
    assert told(superuser, zhou_min) == [1] * len(alerts)
    superuser.execute("DELETE FROM notify_notice WHERE key = %s AND user_id = %s", [f"alert:{alerts[0].reference}", zhou_min.pk])
    assert told(superuser, zhou_min) == [0] + [1] * (len(alerts) - 1)
