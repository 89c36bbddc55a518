"""The large-value register: limits are inclusive, rows grow with the day, exemptions keep their reason.

Requirements: R290.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from crm.access.actor import SYSTEM
from crm.calendar.services import add_business_days
from crm.staff.models import User
from crm.tests.personas import as_actor
from products.models import Account
from risk.models import Alert, LargeValueRow
from risk.services import register, screening
from transactions.choices import Status
from transactions.models import Source, Transaction
from transactions.services import Step, change_status
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
