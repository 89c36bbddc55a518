"""Those on duty are told of new alerts: each once, and of a storm in one notice.

Requirements: R339.
"""

import pytest
from django.utils import timezone

from crm.notify.models import Notice
from crm.staff.models import User
from customers.models import Customer
from risk.models import Rule
from risk.services.telling import STORM, tell_duty
from risk.tests.work import waiting

pytestmark = pytest.mark.django_db


def test_each_on_duty_is_told_once(zhang_wei: Customer, zhou_min: User, second_officer: User, supervisor: User) -> None:
    alerts = [waiting(zhang_wei, 0), waiting(zhang_wei, 1)]
    for _twice in range(2):
        tell_duty(alerts, timezone.now())
    told = sorted(Notice.objects.filter(kind="alert.raised").values_list("user__number", "url_args"))
    expected = [(person.number, [alert.reference]) for person in (zhou_min, supervisor, second_officer) for alert in alerts]
    assert told == sorted(expected)


def test_who_is_off_duty_is_not_told(zhang_wei: Customer, zhou_min: User, second_officer: User) -> None:
    User.objects.filter(pk=zhou_min.pk).update(on_duty=False)
    tell_duty([waiting(zhang_wei)], timezone.now())
    numbers = set(Notice.objects.filter(kind="alert.raised").values_list("user__number", flat=True))
    assert numbers == {"82002", "82003"}


def test_a_notice_names_no_customer(zhang_wei: Customer, zhou_min: User) -> None:
    """R281: mail carries nothing that identifies a customer."""
    tell_duty([waiting(zhang_wei)], timezone.now())
    notice = Notice.objects.filter(user=zhou_min).get()
    said = f"{notice.subject}{notice.body}{notice.params}"
    assert not [secret for secret in ("张伟", zhang_wei.core_number, "1215", "5678") if secret in said]


def test_a_storm_is_one_notice(zhang_wei: Customer, zhou_min: User) -> None:
    rule = Rule.objects.order_by("code")[0]
    alerts = [waiting(zhang_wei, rule=rule, state="dismissed") for _one in range(STORM + 1)]
    tell_duty(alerts, timezone.now())
    notice = Notice.objects.filter(user=zhou_min).get()
    assert (notice.kind, notice.params["count"]) == ("alert.storm", STORM + 1)


def test_as_many_as_the_limit_are_told_one_by_one(zhang_wei: Customer, zhou_min: User) -> None:
    rule = Rule.objects.order_by("code")[0]
    tell_duty([waiting(zhang_wei, rule=rule, state="dismissed") for _one in range(STORM)], timezone.now())
    assert Notice.objects.filter(user=zhou_min, kind="alert.raised").count() == STORM
