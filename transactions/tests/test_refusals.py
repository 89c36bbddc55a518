"""A debit on a frozen account is stored as refused; credits go on; closed accounts refuse both."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from crm.access.actor import IMPORTER, SYSTEM
from crm.log.models import Event
from customers.models import Customer
from products.choices import AccountStatus, FreezeKind
from products.models import Account, Freeze
from products.services import place_freeze, report_balance
from transactions.choices import Direction, Screening, Status
from transactions.models import Source, Transaction
from transactions.services import Outcome, balances, record, record_one
from transactions.tests.personas import heard, movement, recorded, stored

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("mobile")]


def freeze(account: Account, kind: str = FreezeKind.PAYMENT_STOP, **changes: object) -> Freeze:
    """Place a freeze of that kind; an authority's is written as a person would have placed it."""
    if kind == FreezeKind.AUTHORITY:
        return Freeze.objects.create(
            customer=account.customer, account=account, kind=kind, authority="court", document="(2026)京01执1号", reason="court order"
        )
    return place_freeze(actor=SYSTEM, customer=account.customer, account=account, kind=kind, reason="test of a freeze", **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", [FreezeKind.AUTHORITY, FreezeKind.PAYMENT_STOP, FreezeKind.DEBIT_BLOCK])
def test_debits_are_refused_and_kept_and_credits_accepted(salary_account: Account, spare_account: Account, kind: str) -> None:
    """R111: the attempt is evidence, the freeze is named; another account of the customer is free."""
    placed = freeze(salary_account, kind)
    rows = [movement(salary_account, 1), movement(salary_account, 2, direction=Direction.CREDIT), movement(spare_account, 3)]
    answers = record(actor=IMPORTER, rows=rows)
    assert [answer.outcome for answer in answers] == [Outcome.REFUSED, Outcome.NEW, Outcome.NEW]
    row = stored(answers[0])
    assert (row.status, row.refusal, row.refused_by, row.screening) == (Status.REFUSED, "freeze", placed, Screening.EXEMPT)
    line = Event.objects.get(action="transaction.refused")
    assert (line.target_ref, line.result) == (row.reference, "refused")


def test_a_refused_row_is_no_news_for_the_judge(salary_account: Account) -> None:
    """Refused money never counts in a window."""
    freeze(salary_account)
    with heard() as said:
        recorded(salary_account)
    assert said["recorded"] == []


def test_a_freeze_of_the_customer_binds_every_account(salary_account: Account, spare_account: Account) -> None:
    """The whole customer."""
    place_freeze(actor=SYSTEM, customer=salary_account.customer, kind=FreezeKind.PAYMENT_STOP, reason="the whole customer")
    answers = record(actor=IMPORTER, rows=[movement(salary_account, 1), movement(spare_account, 2)])
    assert {answer.outcome for answer in answers} == {Outcome.REFUSED}


def test_an_amount_freeze_leaves_the_free_balance_and_counts_within_the_batch(salary_account: Account) -> None:
    """100,000 held, 60,000 frozen: 40,000 may leave, and each debit of the batch finds what the one before left."""
    report_balance(
        actor=SYSTEM, account=salary_account, balance=Decimal(100_000), reported_at=timezone.now() - timedelta(days=90), source="core"
    )
    freeze(salary_account, FreezeKind.AMOUNT, amount=Decimal(60_000))
    amounts = ("30000", "10000.01", "10000", "0.01")
    rows = [movement(salary_account, n, amount=Decimal(amount)) for n, amount in enumerate(amounts)]
    assert [answer.outcome for answer in record(actor=IMPORTER, rows=rows)] == [
        Outcome.NEW,
        Outcome.REFUSED,
        Outcome.NEW,
        Outcome.REFUSED,
    ]
    assert record_one(actor=IMPORTER, row=movement(salary_account, 9, amount=Decimal("0.01"))).outcome == Outcome.REFUSED


def test_the_same_again_after_a_freeze_is_answered_as_stored(salary_account: Account) -> None:
    """A retry is no new attempt; what it asks about was stopped by the freeze."""
    first = recorded(salary_account)
    freeze(salary_account)
    answer = record_one(actor=IMPORTER, row=movement(salary_account))
    assert (answer.outcome, answer.pk, answer.status) == (Outcome.SAME, first.pk, Status.REFUSED)


def test_what_happened_in_the_core_before_the_freeze_was_no_attempt(salary_account: Account, core: Source) -> None:
    """A file of yesterday arrives after today's freeze."""
    placed = freeze(salary_account)
    before = movement(salary_account, 1, source="core", occurred_at=placed.placed_at - timedelta(microseconds=1))
    after = movement(salary_account, 2, source="core", occurred_at=placed.placed_at)
    assert [answer.outcome for answer in record(actor=IMPORTER, rows=[before, after])] == [Outcome.NEW, Outcome.REFUSED]


def test_a_closed_account_refuses_both_ways_after_its_last_day(salary_account: Account) -> None:
    """The day of closing still counts as open."""
    Account.objects.filter(pk=salary_account.pk).update(status=AccountStatus.CLOSED, closed_at=date(2026, 11, 20))
    last_day, next_day = datetime(2026, 11, 20, 23, 59, 59), datetime(2026, 11, 21, 0, 0)
    rows = [
        movement(salary_account, 1, occurred_at=last_day),
        movement(salary_account, 2, occurred_at=next_day),
        movement(salary_account, 3, occurred_at=next_day, direction=Direction.CREDIT),
    ]
    answers = record(actor=IMPORTER, rows=rows)
    assert [answer.outcome for answer in answers] == [Outcome.NEW, Outcome.REFUSED, Outcome.REFUSED]
    assert stored(answers[1]).refusal == "closed"


def test_refused_money_moves_no_figure(salary_account: Account, core: Source) -> None:
    """Nor the date of the last transaction."""
    freeze(salary_account)
    customer = Customer.objects.select_related("figures").get(pk=salary_account.customer_id)
    recorded(salary_account, source="core", occurred_at=timezone.now())
    again = Customer.objects.select_related("figures").get(pk=salary_account.customer_id)
    assert (again.figures.assets_cny, again.figures.last_transaction_at) == (
        customer.figures.assets_cny,
        customer.figures.last_transaction_at,
    )


def test_the_balance_is_what_was_reported_and_what_was_booked_since(
    salary_account: Account, core: Source, days_ago: Callable[[float], datetime]
) -> None:
    """Decision "balance"; another currency does not move it, debits under way are shown apart."""
    report_balance(actor=SYSTEM, account=salary_account, balance=Decimal(1_000), reported_at=days_ago(10), source="core")
    assert Account.objects.get(pk=salary_account.pk).reported_balance == 1_000
    recorded(salary_account, 1, source="core", occurred_at=days_ago(11))
    recorded(salary_account, 2, source="core", occurred_at=days_ago(9), amount=Decimal("10.5"))
    recorded(salary_account, 3, source="core", occurred_at=days_ago(8), direction=Direction.CREDIT, amount=Decimal(200))
    recorded(salary_account, 4, source="core", occurred_at=days_ago(8), currency="USD")
    recorded(salary_account, 5, occurred_at=days_ago(7), amount=Decimal(30))
    held = balances([salary_account.pk])[salary_account.pk]
    assert (held.current, held.pending_debits, held.free) == (Decimal("1189.5"), Decimal(30), Decimal("1159.5"))
    assert Transaction.objects.count() == 5
