"""From a recorded transaction to a stored verdict with everything it saw.

Requirements: R048, R107, R119, R120, R140.
"""

from datetime import timedelta
from decimal import Decimal

import pytest

from crm.access.actor import SYSTEM
from products.models import Account
from risk.models import Alert, Assessment, Hit
from risk.services import screening
from transactions.models import Source
from transactions.tests.personas import NOON, recorded

pytestmark = pytest.mark.django_db


def test_an_ordinary_payment_is_allowed_and_judged_once(mobile: Source, salary_account: Account) -> None:
    row = recorded(salary_account)
    outcome = screening.judge(ids=[row.pk])
    assert (outcome.judged, outcome.hits) == (1, 0)
    (verdict,) = Assessment.objects.filter(transaction=row)
    assert (verdict.revision, verdict.label, verdict.points, verdict.actions) == (1, "allow", 0, [])
    assert len(verdict.facts) == len(verdict.rule_set.facts)
    row.refresh_from_db()
    assert (row.screening, row.status) == ("judged", "approved")
    assert screening.judge(ids=[row.pk]).judged == 0


def test_a_large_withdrawal_is_held_and_raises_one_alert(mobile: Source, salary_account: Account) -> None:
    row = recorded(salary_account, kind="withdrawal", amount=Decimal(50_000))
    assert screening.judge(ids=[row.pk]).alerts == 1
    row.refresh_from_db()
    assert row.status == "held"
    alert = Alert.objects.get(rule__code="large-withdrawal")
    assert (alert.account, alert.band, alert.hits) == (salary_account, "high", 1)
    hit = Hit.objects.get(alert_hit__alert=alert)
    assert hit.reason_code == "large_withdrawal"
    assert hit.evidence["facts"]["hour_count"] == "1"
    assert hit.evidence["matched"] == [row.pk]


def test_one_fen_below_the_limit_is_not_held(mobile: Source, salary_account: Account) -> None:
    row = recorded(salary_account, kind="withdrawal", amount=Decimal("49999.99"))
    screening.judge(ids=[row.pk])
    verdict = Assessment.objects.get(transaction=row)
    assert verdict.label == "allow"
    assert verdict.exits["large-withdrawal"] == "no_recent_balance"
    assert SYSTEM.number == "system"


def test_money_already_moved_is_reviewed_instead_of_held(core: Source, salary_account: Account) -> None:
    row = recorded(salary_account, source="core", kind="withdrawal", amount=Decimal(50_000))
    screening.judge(ids=[row.pk])
    verdict = Assessment.objects.get(transaction=row)
    assert (verdict.label, verdict.actions) == ("review", ["alert", "propose_freeze"])
    row.refresh_from_db()
    assert row.status == "completed"


def test_many_rows_of_one_customer_take_frames_and_give_the_same(mobile: Source, salary_account: Account) -> None:
    rows = [recorded(salary_account, n, occurred_at=NOON + timedelta(minutes=n)) for n in range(20)]
    outcome = screening.judge(ids=[row.pk for row in rows])
    assert outcome.judged == 20
    assert Assessment.objects.filter(transaction__in=rows).count() == 20
