"""An amount is frozen in a currency: compared by CNY equivalents, on a whole customer over all accounts together.

Requirements: R130.
"""

from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.urls import reverse

from crm.access.actor import IMPORTER
from crm.calendar.services import today
from crm.money import services as money
from crm.money.models import Rate
from crm.staff.models import User
from crm.tests.personas import as_actor, browser
from customers.models import Customer
from products import services
from products.models import Account, Freeze
from products.tests.personas import account_of

pytestmark = pytest.mark.django_db
Free = dict[int, Decimal | None]


@pytest.fixture
def rates(db: None) -> None:
    """One yen is 0.05 yuan today, a dollar 7."""
    rows = [Rate(currency=code, day=today(), cny_per_unit=Decimal(value), source="test") for code, value in (("USD", "7"), ("JPY", "0.05"))]
    Rate.objects.bulk_create(rows, update_conflicts=True, unique_fields=["currency", "day"], update_fields=["cny_per_unit"])
    money.forget()


@pytest.fixture
def yen(zhang_wei: Customer) -> Account:
    """A yen account with a million."""
    return account_of(zhang_wei, "6222020000009990011", currency="JPY", reported_balance=Decimal(1_000_000), kind="class_2")


def frozen(officer: User, customer: Customer, amount: int, **changes: Any) -> Freeze:
    """Freeze an amount."""
    return services.place_freeze(
        actor=as_actor(officer), customer=customer, kind="amount", amount=Decimal(amount), reason="协助冻结", **changes
    )


def forbids(account: Account, free: Free, amount: str, currency: str = "") -> bool:
    """Return whether a debit is forbidden."""
    return services.blocking_freezes([account.pk])[account.pk].against_debit(free, Decimal(amount), currency) is not None


@pytest.mark.usefixtures("rates")
def test_yuan_frozen_on_a_customer_are_not_yen(zhang_wei: Customer, yen: Account, zhou_min: User) -> None:
    """50,000 yuan are a million yen: nothing may leave."""
    freeze = frozen(zhou_min, zhang_wei, 50_000)
    assert freeze.currency == "CNY"
    free: Free = {yen.pk: Decimal(1_000_000)}
    assert forbids(yen, free, "940000")
    assert forbids(yen, free, "1")
    assert not forbids(yen, free | {yen.pk: Decimal(1_000_001)}, "1")


@pytest.mark.usefixtures("rates")
def test_an_account_is_compared_by_todays_rate(zhang_wei: Customer, yen: Account, zhou_min: User) -> None:
    frozen(zhou_min, zhang_wei, 100, account=yen, currency="USD")  # 700 yuan, 14,000 yen
    free: Free = {yen.pk: Decimal(1_000_000)}
    assert not forbids(yen, free, "986000")
    assert forbids(yen, free, "986001")
    assert forbids(yen, free, "49301", "CNY")  # 49,300 yuan are the 986,000 yen that may go
    assert not forbids(yen, free, "49300", "CNY")


def test_without_a_rate_nothing_leaves(zhang_wei: Customer, yen: Account, zhou_min: User) -> None:
    Rate.objects.filter(currency="JPY").delete()
    money.forget()
    frozen(zhou_min, zhang_wei, 1, account=yen, currency="CNY")
    assert forbids(yen, {yen.pk: Decimal(1_000_000)}, "1")
    money.forget()


def test_one_currency_needs_no_rate(zhang_wei: Customer, yen: Account, zhou_min: User) -> None:
    """An account's own currency is what an amount on it is in, unless said otherwise."""
    Rate.objects.filter(currency="JPY").delete()
    money.forget()
    assert frozen(zhou_min, zhang_wei, 400_000, account=yen).currency == "JPY"
    free: Free = {yen.pk: Decimal(1_000_000)}
    assert not forbids(yen, free, "600000")
    assert forbids(yen, free, "600001")
    money.forget()


def test_an_amount_on_the_customer_stays_in_all_accounts_together(
    zhang_wei: Customer, salary_account: Account, spare_account: Account, zhou_min: User
) -> None:
    frozen(zhou_min, zhang_wei, 50_000)
    free: Free = {salary_account.pk: Decimal(100_000), spare_account.pk: Decimal(30_000)}
    assert services.blocking_freezes([salary_account.pk])[salary_account.pk].needs == set(free)
    assert not forbids(salary_account, free, "80000")
    assert forbids(salary_account, free, "80000.01")
    assert not forbids(spare_account, free, "30000")
    assert forbids(salary_account, free | {spare_account.pk: None}, "50000.01")
    assert forbids(spare_account, free | {spare_account.pk: None}, "1")


def test_what_is_frozen_on_one_account_counts_once(
    zhang_wei: Customer, salary_account: Account, spare_account: Account, zhou_min: User
) -> None:
    """20,000 on one account and 50,000 on the customer: 70,000 stay, the 20,000 of them there."""
    frozen(zhou_min, zhang_wei, 50_000)
    frozen(zhou_min, zhang_wei, 20_000, account=salary_account)
    free: Free = {salary_account.pk: Decimal(100_000), spare_account.pk: Decimal(30_000)}
    assert not forbids(salary_account, free, "60000")
    assert forbids(salary_account, free, "60000.01")
    assert forbids(salary_account, free | {spare_account.pk: Decimal(900_000)}, "80000.01")


def test_money_that_a_court_holds_entirely_does_not_count(
    zhang_wei: Customer, salary_account: Account, spare_account: Account, zhou_min: User
) -> None:
    frozen(zhou_min, zhang_wei, 50_000, authority="police", document="京公〔2026〕7号")
    services.place_freeze(
        actor=as_actor(zhou_min), customer=zhang_wei, account=spare_account, kind="authority_freeze", authority="court",
        document="(2026)京01执1号", reason="协助冻结",
    )  # fmt: skip
    free: Free = {salary_account.pk: Decimal(100_000), spare_account.pk: Decimal(90_000)}
    assert services.blocking_freezes([salary_account.pk])[salary_account.pk].needs == {salary_account.pk}
    assert not forbids(salary_account, free, "50000")
    assert forbids(salary_account, free, "50000.01")


def test_the_database_wants_a_currency(zhang_wei: Customer) -> None:
    with pytest.raises(IntegrityError, match="freeze_amount_given"), transaction.atomic():
        Freeze.objects.create(customer=zhang_wei, kind="amount", amount=Decimal(1), reason="x", placed_by_number=IMPORTER.number)


def test_the_form_asks_for_the_currency_and_the_page_shows_it(zhang_wei: Customer, yen: Account, zhou_min: User) -> None:
    client, page = browser(zhou_min), reverse("products:account_freeze", args=[yen.reference])
    assert client.get(page).context["form"]["currency"].value() == "JPY"
    values = {"kind": "amount", "authority": "own", "amount": "1200", "currency": "USD", "reason": "资金来源核实中"}
    assert client.post(page, values).status_code == 302
    freeze = Freeze.objects.get()
    assert (freeze.currency, freeze.amount) == ("USD", Decimal(1200))
    assert "USD" in client.get(reverse("products:freeze", args=[freeze.reference])).content.decode()
    assert freeze.instructions.get().state == "owed"
