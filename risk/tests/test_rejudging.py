"""Judged as known, and again when knowledge changes: late, corrected and reversed transactions."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from crm.access.actor import SYSTEM
from crm.log.models import Event
from products.models import Account
from risk.choices import Label
from risk.models import Alert, Assessment, Hit
from risk.services import screening
from transactions.choices import Status
from transactions.models import Source, Transaction
from transactions.services import Step, change_status
from transactions.tests.personas import NOON, recorded

pytestmark = pytest.mark.django_db


def moved(account: Account, number: int, amount: str, minutes: float, **changes: Any) -> Transaction:
    at = NOON + timedelta(minutes=minutes)
    return recorded(account, number, source="core", amount=Decimal(amount), occurred_at=at, **changes)


def judge_all() -> int:
    """Judge until nothing is owed; return how many sittings it took."""
    for sitting in range(10):
        ids = screening.owed_ids()
        if not ids:
            return sitting
        screening.judge(ids=ids)
    raise AssertionError("judging never ends")


def latest(row: Transaction) -> Assessment:
    return Assessment.objects.filter(transaction=row).latest("revision")


def test_a_late_receipt_makes_the_later_payment_pass_through(core: Source, salary_account: Account) -> None:
    paid = moved(salary_account, 1, "54000", 60)
    judge_all()
    assert latest(paid).actions == []
    moved(salary_account, 2, "60000", 0, direction="C")
    judge_all()
    again = latest(paid)
    assert (again.revision, again.cause, again.label) == (2, "late", "review")
    assert Alert.objects.get(rule__code="rapid-pass-through").hits == 1
    assert salary_account.freezes.get().kind == "debit_block"


def test_a_new_look_that_finds_nothing_new_leaves_no_revision(core: Source, salary_account: Account, spare_account: Account) -> None:
    first = moved(salary_account, 1, "100", 60)
    judge_all()
    moved(spare_account, 2, "5", 61, direction="C", instrument="cash")
    judge_all()
    assert Assessment.objects.filter(transaction=first).count() == 1


def test_a_reversal_counts_from_its_own_time_and_withdraws_the_alert(core: Source, salary_account: Account) -> None:
    received = moved(salary_account, 1, "60000", 0, direction="C")
    before = moved(salary_account, 2, "54000", 30)
    after = moved(salary_account, 3, "1000", 90)
    judge_all()
    assert Hit.objects.filter(rule_version__rule__code="rapid-pass-through").count() == 2
    change_status(actor=SYSTEM, reference=received.reference, step=Step(status=Status.REVERSED, at=NOON + timedelta(hours=1)))
    judge_all()
    assert latest(before).revision == 1
    assert (latest(after).revision, latest(after).cause) == (2, "reversed")
    assert not Hit.objects.get(transaction=after, rule_version__rule__code="rapid-pass-through").supported
    alert = Alert.objects.get(rule__code="rapid-pass-through")
    assert (alert.supported, alert.hits) == (True, 2)


def test_an_alert_without_supported_hits_is_marked_and_logged(core: Source, salary_account: Account) -> None:
    received = moved(salary_account, 1, "60000", 0, direction="C")
    moved(salary_account, 2, "54000", 90)
    judge_all()
    change_status(actor=SYSTEM, reference=received.reference, step=Step(status=Status.REVERSED, at=NOON + timedelta(hours=1)))
    judge_all()
    alert = Alert.objects.get(rule__code="rapid-pass-through")
    assert (alert.supported, alert.state) == (False, "open")
    assert Event.objects.filter(action="alert.unsupported", target_ref=alert.reference).count() == 1


def test_a_credit_that_begins_to_count_owes_the_later_ones_a_new_look(mobile: Source, salary_account: Account) -> None:
    credit = recorded(salary_account, 1, direction="C", amount=Decimal(60_000))
    debit = recorded(salary_account, 2, amount=Decimal(54_000), occurred_at=NOON + timedelta(minutes=1))
    screening.judge(ids=[credit.pk, debit.pk])
    assert latest(debit).label == "allow"
    change_status(actor=SYSTEM, reference=credit.reference, step=Step(status=Status.COMPLETED, at=NOON + timedelta(minutes=2)))
    judge_all()
    again = latest(debit)
    assert (again.revision, again.label, again.cause) == (2, "review", "corrected")


def test_a_verdict_that_changes_what_counts_owes_the_later_ones_a_new_look(
    mobile: Source, salary_account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A held credit counts, a received one does not: here every label steps to held."""
    credit = recorded(salary_account, 1, direction="C", amount=Decimal(60_000))
    debit = recorded(salary_account, 2, amount=Decimal(54_000), occurred_at=NOON + timedelta(minutes=1))
    monkeypatch.setattr(screening, "STEPS", dict.fromkeys(Label, Status.HELD))
    screening.judge(ids=[credit.pk, debit.pk])
    judge_all()
    assert (latest(debit).revision, latest(debit).label) == (2, "review")


def test_a_failed_payment_no_longer_counts(core: Source, mobile: Source, salary_account: Account) -> None:
    rows = [recorded(salary_account, n, kind="withdrawal", amount=Decimal(10), occurred_at=NOON + timedelta(minutes=n)) for n in range(3)]
    screening.judge(ids=[row.pk for row in rows])
    assert [latest(row).label for row in rows] == ["allow", "allow", "hold"]
    change_status(actor=SYSTEM, reference=rows[0].reference, step=Step(status=Status.FAILED, at=NOON + timedelta(hours=2)))
    judge_all()
    assert latest(rows[2]).label == "allow"
    assert not Alert.objects.get().supported


def test_any_order_of_arrival_ends_in_the_same_knowledge(core: Source, salary_account: Account, spare_account: Account) -> None:
    """Revision 1 may differ, the latest revision may not."""
    plan = [(n, str(1000 + 700 * n), 37 * n, "C" if n % 3 == 0 else "D") for n in range(14)]
    outcomes: list[list[list[Decimal | None]]] = []
    for account, order in ((salary_account, plan), (spare_account, plan[::-1]), (spare_account, plan[7:] + plan[:7])):
        Transaction.objects.filter(screening="judged").update(screening="exempt")
        offset = timedelta(days=100 * len(outcomes))
        rows = {}
        for n, amount, minutes, direction in order:
            at = NOON - offset + timedelta(minutes=minutes)
            rows[n] = recorded(
                account, 1000 * len(outcomes) + n, source="core", amount=Decimal(amount), direction=direction, occurred_at=at
            )
            screening.judge(ids=[rows[n].pk])
        judge_all()
        outcomes.append([list(latest(rows[n]).facts) for n, *_rest in plan])
    places = [n for n, fact in enumerate(latest(rows[0]).rule_set.facts) if fact["kind"] == "window" and fact["key"] == "account"]
    seen = [[[facts[place] for place in places] for facts in outcome] for outcome in outcomes]
    assert seen[0] == seen[1] == seen[2]
