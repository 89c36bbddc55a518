"""A request that waits is told again to those who can decide then (R127)."""

from datetime import timedelta

import pytest
import time_machine
from django.utils import timezone

from crm.approvals.tests.conftest import Propose, decide
from crm.notify.models import Notice
from crm.notify.services import escalate, mark_read
from crm.staff.models import User
from crm.tests.personas import as_actor

pytestmark = pytest.mark.django_db
CLIMBED = "approvals.to_decide.escalated"


def hours_later(hours: float) -> int:
    with time_machine.travel(timezone.now() + timedelta(hours=hours, minutes=1), tick=False):
        return escalate()


def test_reading_is_not_deciding(propose: Propose, security_officer: User, second_security_officer: User) -> None:
    request = propose()
    mark_read(actor=as_actor(second_security_officer))
    assert hours_later(3.9) == 0
    assert hours_later(4) == 1
    notice = Notice.objects.get(user=second_security_officer, kind=CLIMBED)
    assert notice.params["request"] == request.reference
    assert not Notice.objects.filter(user=security_officer, kind=CLIMBED).exists()
    assert hours_later(5) == 0


def test_who_comes_on_duty_later_is_told(propose: Propose, security_officer: User, second_security_officer: User) -> None:
    User.objects.filter(pk=second_security_officer.pk).update(on_duty=False)
    propose()
    assert Notice.objects.get(user=security_officer, kind="approvals.to_decide").subject.startswith("Nobody on duty")
    assert not Notice.objects.filter(user=second_security_officer, kind="approvals.to_decide").exists()
    User.objects.filter(pk=second_security_officer.pk).update(on_duty=True)
    assert hours_later(4) == 1
    assert Notice.objects.filter(user=second_security_officer, kind=CLIMBED).exists()


def test_what_was_decided_does_not_climb(propose: Propose, second_security_officer: User) -> None:
    decide(propose(), second_security_officer)
    assert hours_later(4) == 0
