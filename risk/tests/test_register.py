"""The large-value register: limits are inclusive, rows grow with the day, exemptions keep their reason.

Requirements: R290.
"""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction

from crm.access.actor import SYSTEM
from crm.calendar.services import add_business_days, today
from crm.log.models import Event
from crm.money import services as money
from crm.money.models import Rate
from crm.staff.models import User
from crm.tests.personas import as_actor, browser
from products.models import Account
from risk.models import Alert, LargeValueRow
from risk.services import register, screening
from transactions.choices import Status
from transactions.models import Source, Transaction
from transactions.services import Step, change_status
from transactions.services.rating import rate_waiting
from transactions.tests.personas import NOON, recorded

pytestmark = pytest.mark.django_db


def judged(account: Account, number: int, amount: str, **changes: Any) -> Transaction:
    row = recorded(account, number, source="core", amount=Decimal(amount), occurred_at=NOON + timedelta(minutes=number), **changes)
    screening.judge(ids=[row.pk])
    return row


def cash(account: Account, number: int, amount: str, **changes: Any) -> Transaction:
    return judged(account, number, amount, instrument="cash", kind="deposit", direction="C", **changes)


def test_cash_of_a_day_is_summed_over_accounts_and_reported_from_the_limit(
    core: Source, salary_account: Account, spare_account: Account
) -> None:
    cash(salary_account, 1, "30000.00")
    cash(spare_account, 2, "19999.99")
    assert not LargeValueRow.objects.exists()
    cash(spare_account, 3, "0.01")
    row = LargeValueRow.objects.get()
    assert (row.rule.code, row.direction, row.currency_group, row.total, row.state) == ("large-cash", "C", "CNY", Decimal(50_000), "draft")
    assert row.due_on == add_business_days(row.bank_date, 5)
    assert row.transactions.count() == 3
    cash(salary_account, 4, "100.00")
    row.refresh_from_db()
    assert (row.total, row.transactions.count()) == (Decimal(50_100), 4)
    assert not Alert.objects.filter(rule__code="large-cash").exists()


def test_receipts_and_payments_yuan_and_foreign_currency_are_never_added(core: Source, salary_account: Account) -> None:
    cash(salary_account, 1, "30000")
    judged(salary_account, 2, "30000", instrument="cash", kind="withdrawal")
    cash(salary_account, 3, "4000", currency="USD")
    assert not LargeValueRow.objects.exists()
    cash(salary_account, 4, "6000", currency="USD")
    row = LargeValueRow.objects.get()
    assert (row.currency_group, row.total) == ("USD", Decimal(10_000))


def test_interest_and_tax_are_exempt_by_their_kind(core: Source, company_account: Account) -> None:
    judged(company_account, 1, "2000000", kind="tax")
    row = LargeValueRow.objects.get(rule__code="large-transfer-organisation")
    assert (row.state, row.exemption, row.decided_by) == ("exempt", "tax", None)
    judged(company_account, 2, "2000000")
    row.refresh_from_db()
    assert (row.state, row.exemption, row.total) == ("draft", "", Decimal(4_000_000))


def test_a_reversal_on_the_same_day_takes_the_row_back(core: Source, salary_account: Account) -> None:
    row = cash(salary_account, 1, "60000")
    change_status(actor=SYSTEM, reference=row.reference, step=Step(status=Status.REVERSED, at=row.occurred_at + timedelta(hours=1)))
    screening.judge(ids=[row.pk])
    assert LargeValueRow.objects.get().state == "unsupported"


def test_a_person_exempts_with_ground_and_reason_and_growth_opens_the_row_again(
    core: Source, salary_account: Account, zhou_min: User
) -> None:
    cash(salary_account, 1, "60000")
    row = LargeValueRow.objects.get()
    with pytest.raises(register.GroundNeeded):
        register.exempt(actor=as_actor(zhou_min), row=row, ground="other", reason=" ")
    row = register.exempt(actor=as_actor(zhou_min), row=row, ground="same_name", reason="Own deposit moved")
    assert (row.state, row.exemption_reason, row.decided_by) == ("exempt", "Own deposit moved", zhou_min)
    with pytest.raises(register.RowNotOpen):
        register.mark_reported(actor=as_actor(zhou_min), row=row)
    cash(salary_account, 2, "1")
    row.refresh_from_db()
    assert (row.state, row.exemption, row.decided_by) == ("draft", "", None)


def reported(account: Account, officer: User, amount: str = "60000") -> LargeValueRow:
    cash(account, 1, amount)
    row = LargeValueRow.objects.get()
    return register.mark_reported(actor=as_actor(officer), row=row, total=str(row.total))


def test_what_was_reported_is_final_and_a_later_sum_is_a_correction(core: Source, salary_account: Account, zhou_min: User) -> None:
    """R290: who reported which sum and when stays known, whatever arrives later."""
    row = reported(salary_account, zhou_min)
    cash(salary_account, 2, "0.01")
    row.refresh_from_db()
    assert (row.state, row.total, row.decided_by, row.transactions.count()) == ("reported", Decimal(60_000), zhou_min, 1)
    assert row.decided_at is not None
    correction = LargeValueRow.objects.get(corrects=row)
    assert (correction.revision, correction.state, correction.total) == (2, "draft", Decimal("60000.01"))
    assert correction.due_on == add_business_days(today(), 5)
    cash(salary_account, 3, "1")
    correction.refresh_from_db()
    assert (correction.total, LargeValueRow.objects.count()) == (Decimal("60001.01"), 2)
    register.mark_reported(actor=as_actor(zhou_min), row=correction)
    cash(salary_account, 4, "1")
    newest = LargeValueRow.objects.get(corrects=correction)
    assert (newest.revision, newest.state, newest.total) == (3, "draft", Decimal("60002.01"))


def test_a_reversal_after_the_report_asks_for_its_withdrawal(core: Source, salary_account: Account, zhou_min: User) -> None:
    row = reported(salary_account, zhou_min)
    first = row.transactions.get()
    change_status(actor=SYSTEM, reference=first.reference, step=Step(status=Status.REVERSED, at=first.occurred_at + timedelta(hours=1)))
    screening.judge(ids=[first.pk])
    row.refresh_from_db()
    assert (row.state, row.total) == ("reported", Decimal(60_000))
    correction = LargeValueRow.objects.get(corrects=row)
    assert (correction.state, correction.total) == ("draft", Decimal(0))
    cash(salary_account, 2, "60000")
    correction.refresh_from_db()
    assert correction.state == "unsupported"  # it is again what was reported


def test_the_database_keeps_what_was_reported(core: Source, salary_account: Account, zhou_min: User) -> None:
    row = reported(salary_account, zhou_min)
    for change in (lambda: LargeValueRow.objects.filter(pk=row.pk).update(state="draft"), row.delete):
        with pytest.raises(IntegrityError, match="final"), transaction.atomic():
            change()


def test_the_log_keeps_before_and_after_of_a_decided_row(core: Source, salary_account: Account, zhou_min: User) -> None:
    cash(salary_account, 1, "60000")
    row = LargeValueRow.objects.get()
    register.exempt(actor=as_actor(zhou_min), row=row, ground="same_name", reason="Own deposit moved")
    cash(salary_account, 2, "1")
    line = Event.objects.get(action="large_value.overtaken")
    assert (line.target_ref, line.data["before"]["state"], line.data["after"]["state"]) == (row.reference, "exempt", "draft")
    assert (line.data["before"]["decided_by"], line.data["before"]["reason"]) == (zhou_min.number, "Own deposit moved")
    assert (line.data["before"]["total"], line.data["after"]["total"]) == ("60000.0000", "60001.0000")
    register.mark_reported(actor=as_actor(zhou_min), row=row)
    line = Event.objects.get(action="large_value.reported")
    assert (line.data["before"]["state"], line.data["after"]["state"], line.data["after"]["total"]) == ("draft", "reported", "60001.0000")


def test_nobody_reports_a_sum_she_did_not_see(core: Source, salary_account: Account, zhou_min: User) -> None:
    cash(salary_account, 1, "60000")
    row = LargeValueRow.objects.get()
    cash(salary_account, 2, "1")
    with pytest.raises(register.SumMoved):
        register.mark_reported(actor=as_actor(zhou_min), row=row, total="60000.0000")


def test_pages_say_that_a_report_was_overtaken(core: Source, salary_account: Account, zhou_min: User) -> None:
    User.objects.filter(pk=zhou_min.pk).update(language="en")
    row = reported(salary_account, zhou_min)
    cash(salary_account, 2, "5")
    correction = LargeValueRow.objects.get(corrects=row)
    client = browser(zhou_min)
    text = client.get(f"/risk/register/{row.reference}/").content.decode()
    assert "kept as it was reported" in text
    assert correction.reference in text
    assert "Mark as reported" not in text
    text = client.get(f"/risk/register/{correction.reference}/").content.decode()
    assert row.reference in text
    assert "was reported with" in text
    assert client.post(f"/risk/register/{correction.reference}/reported/", {"total": "60005.0000"}).status_code == 302
    correction.refresh_from_db()
    assert correction.state == "reported"
    assert row.reference in client.get("/risk/register/?corrections=on").content.decode()


def test_renminbi_counts_on_the_eighth_day_of_a_holiday_without_rates(core: Source, salary_account: Account) -> None:
    """R290: the limits in CNY need no rate; of foreign currency the dollar needs none either."""
    Rate.objects.filter(day__gt=date(2026, 9, 1)).delete()
    money.forget()
    there = datetime(2026, 10, 8, 4, 0, tzinfo=UTC)
    for number, changes in enumerate([{"amount": "9", "currency": "EUR"}, {"amount": "60000"}, {"amount": "10000", "currency": "USD"}]):
        given = {"instrument": "cash", "kind": "deposit", "direction": "C", **changes, "amount": Decimal(changes["amount"])}
        row = recorded(salary_account, number, source="core", occurred_at=there, **given)
        screening.judge(ids=[row.pk])
    money.forget()
    rows = LargeValueRow.objects.order_by("currency_group")
    assert [(row.rule.code, row.currency_group, row.total) for row in rows] == [
        ("large-cash", "CNY", Decimal(60_000)),
        ("large-cash", "USD", Decimal(10_000)),
    ]
    (euros,) = Transaction.objects.unrated().filter(currency="EUR")
    assert euros.assessments.get().exits["large-cash"] == "unrated"


def test_a_rate_that_arrives_fills_the_register(core: Source, salary_account: Account) -> None:
    """R290: foreign cash of an unrated day is reported once it is rated, and its verdict says why it was looked at again."""
    Rate.objects.filter(day__gt=date(2026, 9, 1)).delete()
    money.forget()
    row = cash(salary_account, 1, "9000", currency="EUR")
    assert not LargeValueRow.objects.exists()
    for currency in ("USD", "EUR"):
        Rate.objects.create(
            currency=currency, day=row.bank_date, cny_per_unit=Decimal("7" if currency == "USD" else "8.4"), source="treasury"
        )
    money.forget()
    assert rate_waiting(actor=SYSTEM) == 1
    screening.judge(ids=screening.owed_ids())
    money.forget()
    assert LargeValueRow.objects.get().total == Decimal(10_800)
    assert [verdict.cause for verdict in row.assessments.order_by("revision")] == ["new", "rated"]
