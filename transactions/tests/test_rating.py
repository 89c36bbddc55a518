"""What was stored without a rate is rated when the rate arrives, and counts from then on."""

from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest

from crm.access.actor import SYSTEM
from crm.log.models import Event
from crm.money import services as money
from crm.money.models import Rate
from customers.models import CustomerFigures
from products.models import Account
from transactions.choices import Direction, OwedCause, Screening
from transactions.models import Source, Transaction
from transactions.services.rating import rate_waiting
from transactions.tests.personas import heard, recorded

pytestmark = pytest.mark.django_db
LAST, DAY = date(2026, 9, 30), date(2026, 10, 20)
THEN = datetime(2026, 10, 20, 4, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def no_rates_since_september(db: None) -> Iterator[None]:
    """The treasury has sent no rate for three weeks."""
    Rate.objects.filter(day__gt=LAST).delete()
    money.forget()
    yield
    money.forget()


def rates_arrive(*currencies: str) -> None:
    for currency in currencies:
        Rate.objects.create(currency=currency, day=DAY, cny_per_unit=Decimal(8), source="treasury")
    money.forget()


def stored(account: Account, number: int, currency: str, **more: object) -> Transaction:
    return recorded(account, number, currency=currency, occurred_at=THEN, **more)


def test_renminbi_is_never_without_a_rate(salary_account: Account, mobile: Source) -> None:
    """R290: what is counted in CNY needs no rate."""
    row = stored(salary_account, 1, "CNY")
    assert (row.amount_cny, row.amount_usd, row.rate_date) == (Decimal(100), None, None)
    assert not Transaction.objects.unrated().exists()
    dollars = stored(salary_account, 2, "USD")
    assert (dollars.amount_cny, dollars.amount_usd) == (None, Decimal(100))
    assert list(Transaction.objects.unrated()) == [dollars]


def test_a_rate_that_arrives_rates_what_waits(salary_account: Account, core: Source) -> None:
    before = CustomerFigures.objects.get(customer=salary_account.customer).assets_cny
    row = stored(salary_account, 1, "EUR", source="core", direction=Direction.CREDIT)
    renminbi = stored(salary_account, 2, "CNY", source="core")
    Transaction.objects.update(screening=Screening.JUDGED)
    assert (row.amount_cny, row.amount_usd) == (None, None)
    assert rate_waiting(actor=SYSTEM) == 0
    rates_arrive("EUR", "USD")
    with heard() as said:
        assert rate_waiting(actor=SYSTEM) == 2
    row.refresh_from_db()
    assert (row.amount_cny, row.amount_usd, row.rate_date) == (Decimal(800), Decimal(100), DAY)
    assert (row.screening, row.owed_cause) == (Screening.OWED, OwedCause.RATED)
    assert row.rated_at is not None
    renminbi.refresh_from_db()
    assert (renminbi.amount_cny, renminbi.amount_usd, renminbi.rated_at) == (Decimal(100), Decimal("12.5"), None)
    assert sorted(pk for message in said["changed"] for pk in message["ids"]) == sorted([row.pk, renminbi.pk])
    figures = CustomerFigures.objects.get(customer=salary_account.customer).assets_cny
    assert figures - before == Decimal(800) - Decimal(100)
    lines = Event.objects.filter(action="transaction.rated")
    assert sorted((line.data["currency"], line.data["rows"], line.data["judged_before"]) for line in lines) == [
        ("CNY", 1, 1),
        ("EUR", 1, 1),
    ]
    assert rate_waiting(actor=SYSTEM) == 0


def test_half_a_rate_gives_half_and_the_rest_waits(salary_account: Account, core: Source) -> None:
    row = stored(salary_account, 1, "EUR", source="core")
    rates_arrive("EUR")
    assert rate_waiting(actor=SYSTEM) == 1
    row.refresh_from_db()
    assert (row.amount_cny, row.amount_usd) == (Decimal(800), None)
    assert rate_waiting(actor=SYSTEM) == 0
    rates_arrive("USD")
    assert rate_waiting(actor=SYSTEM) == 1
    row.refresh_from_db()
    assert (row.amount_cny, row.amount_usd) == (Decimal(800), Decimal(100))


def test_history_is_rated_and_stays_unjudged(salary_account: Account, core: Source) -> None:
    row = stored(salary_account, 1, "EUR", source="core")
    Transaction.objects.update(screening=Screening.EXEMPT)
    rates_arrive("EUR", "USD")
    with heard() as said:
        rate_waiting(actor=SYSTEM)
    row.refresh_from_db()
    assert (row.screening, row.amount_cny) == (Screening.EXEMPT, Decimal(800))
    assert said["changed"][0]["cause"] == OwedCause.RATED


def test_what_no_rate_exists_for_is_left_alone(salary_account: Account, mobile: Source) -> None:
    stored(salary_account, 1, "XPT")
    rates_arrive("USD")
    assert rate_waiting(actor=SYSTEM) == 0
