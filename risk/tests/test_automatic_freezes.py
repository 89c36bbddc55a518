"""An automatic freeze is never silent: it has an alert, and those who confirm hear of it.

Requirements: R127.
"""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from crm.access.actor import SYSTEM
from crm.notify.models import Notice
from crm.staff.models import User
from crm.tests.personas import as_actor
from products.models import Account, Freeze
from products.services import place_freeze
from risk.choices import AlertState
from risk.models import Alert
from risk.services import queue, screening
from transactions.models import Source
from transactions.tests.personas import recorded

pytestmark = pytest.mark.django_db
RULE = "rapid-pass-through"


def passes_through(account: Account, number: int, at: datetime) -> None:
    into = recorded(account, f"{number}a", source="core", amount=Decimal(80_000), direction="C", occurred_at=at)
    out = recorded(account, f"{number}b", source="core", amount=Decimal(79_000), occurred_at=at + timedelta(hours=1))
    screening.judge(ids=[into.pk, out.pk])


@pytest.fixture
def start(core: Source, salary_account: Account) -> datetime:
    """Four days ago money went straight through, and the account was frozen."""
    at = timezone.now() - timedelta(days=4)
    passes_through(salary_account, 1, at)
    assert Freeze.objects.standing().count() == 1
    return at


def finish(supervisor: User) -> None:
    for alert in Alert.objects.filter(state=AlertState.OPEN):
        queue.dismiss(actor=as_actor(supervisor), alert=alert, reason="false positive")


def end_freezes() -> None:
    Freeze.objects.update(state="lifted", ended_at=timezone.now())


def test_those_who_confirm_are_told(zhou_min: User, supervisor: User, sun_yue: User, start: datetime) -> None:
    freeze = Freeze.objects.get()
    told = Notice.objects.filter(kind="freeze.automatic")
    assert {zhou_min, supervisor} <= {notice.user for notice in told}
    assert sun_yue not in {notice.user for notice in told}
    assert {notice.params["freeze"] for notice in told} == {freeze.reference}


def test_a_freeze_in_the_cool_down_has_an_alert_and_a_notice(
    start: datetime, salary_account: Account, zhou_min: User, supervisor: User
) -> None:
    finish(supervisor)
    end_freezes()
    passes_through(salary_account, 2, start + timedelta(days=2))
    (freeze,) = Freeze.objects.standing()
    assert Alert.objects.filter(rule__code=RULE, state=AlertState.OPEN).count() == 1
    assert Notice.objects.filter(user=zhou_min, key=f"automatic:{freeze.reference}").exists()


def test_a_freeze_under_a_snooze_has_an_alert(start: datetime, salary_account: Account, supervisor: User) -> None:
    alert = Alert.objects.get(rule__code=RULE)
    queue.snooze(actor=as_actor(supervisor), alert=alert, until=timezone.now() + timedelta(days=30), reason="known business")
    finish(supervisor)
    end_freezes()
    passes_through(salary_account, 2, start + timedelta(days=2))
    assert Alert.objects.filter(rule__code=RULE, state=AlertState.OPEN).count() == 1


def test_where_the_freeze_stands_already_the_pause_holds(start: datetime, salary_account: Account, supervisor: User) -> None:
    """Nothing new happened to the customer: the cool-down is what it was."""
    finish(supervisor)
    into = recorded(salary_account, "2a", source="core", amount=Decimal(80_000), direction="C", occurred_at=start + timedelta(days=2))
    screening.judge(ids=[into.pk])
    assert Freeze.objects.standing().count() == 1
    assert not Alert.objects.filter(rule__code=RULE, state=AlertState.OPEN).exists()


def test_what_a_person_places_is_told_to_nobody_for_confirmation(salary_account: Account, zhou_min: User) -> None:
    place_freeze(actor=as_actor(zhou_min), customer=salary_account.customer, kind="payment_stop", reason="by hand")
    assert not Notice.objects.filter(kind="freeze.automatic").exists()
    place_freeze(actor=SYSTEM, customer=salary_account.customer, account=salary_account, kind="debit_block", reason="by a rule")
    assert Notice.objects.filter(user=zhou_min, kind="freeze.automatic").count() == 1


def test_with_nobody_on_duty_all_who_confirm_are_told(salary_account: Account, zhou_min: User) -> None:
    User.objects.update(on_duty=False)
    place_freeze(actor=SYSTEM, customer=salary_account.customer, account=salary_account, kind="debit_block", reason="by a rule")
    assert Notice.objects.filter(user=zhou_min, kind="freeze.automatic").exists()
