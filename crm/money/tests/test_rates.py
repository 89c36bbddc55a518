"""Equivalents in CNY and USD, and loading a bank's own rates."""

from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from fractions import Fraction
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from hypothesis import given
from hypothesis import strategies as st

from crm.access import roles
from crm.access.reach import Reach
from crm.calendar import services as calendar
from crm.log.models import Event
from crm.money import demonstration, services
from crm.money.models import Rate
from crm.money.services import Rates

DAY = date(2026, 11, 20)


@pytest.fixture(autouse=True)
def fresh() -> None:
    services.forget()


@pytest.fixture
def system_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roles, "_table", [lambda codes, permission: Reach.ALL])


def table(**rates: str) -> Rates:
    return Rates((currency, DAY, Decimal(value)) for currency, value in rates.items())


def test_equivalents() -> None:
    rated = table(USD="7.1", EUR="8.2").rated(Decimal(100), "EUR", DAY)
    assert rated is not None
    assert (rated.cny, rated.usd, rated.rate_date) == (Decimal("820.0000"), Decimal("115.4930"), DAY)


def test_own_currency_is_not_converted_there_and_back() -> None:
    rates = table(USD="7.1233333333")
    assert rates.rated(Decimal("0.01"), "CNY", DAY).cny == Decimal("0.01")  # type: ignore[union-attr]
    assert rates.rated(Decimal(10000), "USD", DAY).usd == Decimal(10000)  # type: ignore[union-attr]


@pytest.mark.parametrize(("amount", "cny"), [("0.00005", "0.0000"), ("0.00015", "0.0002"), ("-0.00025", "-0.0002"), ("0.000151", "0.0002")])
def test_ties_go_to_the_even_digit(amount: str, cny: str) -> None:
    assert table(USD="1").rated(Decimal(amount), "CNY", DAY).cny == Decimal(cny)  # type: ignore[union-attr]


@pytest.mark.parametrize(("age", "rated"), [(0, True), (5, True), (6, False), (-1, False)])
def test_a_rate_counts_for_five_days(age: int, rated: bool) -> None:
    result = table(USD="7", EUR="8").rated(Decimal(1), "EUR", DAY + timedelta(days=age))
    assert (result is not None) is rated
    assert result is None or result.rate_date == DAY


def test_without_a_rate_an_amount_is_unrated() -> None:
    assert table(USD="7").rated(Decimal(1), "USDT", DAY) is None
    assert table().rated(Decimal(1), "EUR", DAY) is None


@pytest.mark.parametrize(
    ("rates", "currency", "cny", "usd", "day"),
    [
        ({}, "CNY", "100", None, None),
        ({}, "USD", None, "100", None),
        ({"EUR": "8"}, "EUR", "800", None, DAY),
        ({"EUR": "8"}, "CNY", "100", None, None),
        ({"USD": "8"}, "CNY", "100", "12.5", DAY),
        ({"USD": "8"}, "USD", "800", "100", DAY),
    ],
)
def test_each_equivalent_needs_its_own_rate_only(
    rates: dict[str, str], currency: str, cny: str | None, usd: str | None, day: date | None
) -> None:
    """R290: renminbi counts in CNY and dollars in USD whatever rates are missing."""
    rated = table(**rates).rated(Decimal(100), currency, DAY)
    assert rated is not None
    wanted = tuple(None if text is None else Decimal(text) for text in (cny, usd))
    assert (rated.cny, rated.usd, rated.rate_date) == (*wanted, day)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("last", "day", "counts"),
    [
        (date(2026, 9, 30), date(2026, 10, 8), True),  # National Day: 1 to 7 October
        (date(2026, 9, 30), date(2026, 10, 10), True),
        (date(2026, 9, 30), date(2026, 10, 11), False),
        (date(2026, 2, 14), date(2026, 2, 24), True),  # Spring Festival: 15 to 23 February
        (date(2026, 2, 14), date(2026, 2, 26), False),
        (date(2026, 11, 20), date(2026, 11, 25), True),  # no holiday: five days, a weekend among them
        (date(2026, 11, 20), date(2026, 11, 26), False),
    ],
)
def test_public_holidays_do_not_make_a_rate_old(last: date, day: date, counts: bool) -> None:
    rates = Rates([("EUR", last, Decimal(8)), ("USD", last, Decimal(7))], calendar.closed_weekdays())
    assert (rates.rated(Decimal(1), "EUR", day) is not None) is counts


@given(
    st.decimals(-(10**19), 10**19, places=18, allow_nan=False, allow_infinity=False),
    st.decimals(Decimal("0.0001"), 10**6, places=10),
    st.decimals(Decimal("0.0001"), 10**6, places=10),
)
def test_equivalents_are_exact_before_they_are_rounded(amount: Decimal, own: Decimal, dollar: Decimal) -> None:
    """Oracle: fractions."""
    rated = table(USD=str(dollar), XTS=str(own)).rated(amount, "XTS", DAY)
    assert rated is not None
    for value, exact in ((rated.cny, Fraction(amount) * Fraction(own)), (rated.usd, Fraction(amount) * Fraction(own) / Fraction(dollar))):
        with localcontext(prec=80):
            scaled = exact * 10_000
            wanted = Decimal(round(scaled)) / 10_000  # round() of a Fraction: ties to even
            assert value == wanted.quantize(Decimal("0.0001"), rounding=ROUND_HALF_EVEN)


@pytest.mark.django_db
def test_shipped_rates_cover_every_day_and_say_what_they_are() -> None:
    for currency in ("USD", "EUR", "HKD", "JPY", "GBP"):
        assert Rate.objects.filter(currency=currency).count() == 730
    published = Rate.objects.filter(currency="USD").exclude(source__startswith="demonstration")
    assert list(published.order_by("day").values_list("day", flat=True)) == [
        date(2025, 1, 2),
        date(2025, 2, 25),
        date(2025, 9, 1),
        date(2026, 1, 27),
    ]
    between = Rate.objects.get(currency="USD", day=date(2025, 6, 1))
    assert Decimal("7.1072") < between.cny_per_unit < Decimal("7.1726")
    assert between.source == demonstration.INTERPOLATED


@pytest.mark.django_db
def test_bulk_and_single_answers_agree() -> None:
    rows = [
        (Decimal(n), currency, date(2025, 1, 1) + timedelta(days=n * 7)) for n, currency in enumerate(["CNY", "USD", "JPY", "XXX"] * 30)
    ]
    assert services.to_cny_usd_many(rows) == [services.to_cny_usd(*row) for row in rows]


@pytest.mark.django_db
def test_a_bank_loads_its_own_rates(system_may: None, tmp_path: Path) -> None:
    path = tmp_path / "rates.csv"
    path.write_text("currency,day,cny_per_unit\nUSD,2026-11-20,7.0512\nTHB,2026-11-20,0.2184\n", encoding="utf-8-sig")
    call_command("load_rates", str(path), source="treasury")
    services.forget()
    assert services.to_cny_usd(Decimal(1), "USD", DAY).cny == Decimal("7.0512")  # type: ignore[union-attr]
    assert Rate.objects.get(currency="THB").source == "treasury"
    assert Event.objects.get(action="rates.loaded").data["rates"] == 2


@pytest.mark.django_db
@pytest.mark.parametrize(
    "line",
    [
        "usd,2026-11-20,7",
        "CNY,2026-11-20,1",
        "USD,2026-11-31,7",
        "USD,2026-11-20,0",
        "USD,2026-11-20,-7",
        "USD,2026-11-20,7e0",
        "USD,2026-11-20,７",
        "USD,2026-11-20",
        "USD,2026-11-20,7\nUSD,2026-11-20,8",
    ],
)
def test_a_bad_line_is_named_and_nothing_is_loaded(system_may: None, tmp_path: Path, line: str) -> None:
    before = Rate.objects.count()
    path = tmp_path / "rates.csv"
    path.write_text(f"currency,day,cny_per_unit\nGBP,2026-11-20,9.5\n{line}\n", encoding="utf-8")
    with pytest.raises(CommandError, match=r"line [34]"):
        call_command("load_rates", str(path), source="treasury")
    assert Rate.objects.count() == before
    assert not Event.objects.filter(action="rates.loaded").exists()
