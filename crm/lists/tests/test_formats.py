"""Amounts, times and search texts as people read them."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.lists import formats
from crm.lists.terms import Query


@pytest.mark.parametrize(
    ("value", "currency", "unit", "shown"),
    [
        (Decimal("1234.505"), "CNY", "yuan", "1,234.50"),  # half to even
        (Decimal("1234.515"), "CNY", "yuan", "1,234.52"),
        (Decimal("-0.001"), "CNY", "yuan", "0.00"),
        (Decimal(-61350), "CNY", "yuan", "-61,350.00"),
        (Decimal(486000), "CNY", "wan", "48.60"),
        (Decimal("1E+6"), "JPY", "yuan", "1,000,000"),
        (Decimal("0.123456789"), "BTC", "yuan", "0.12345679"),
        (Decimal("2.5"), "USDT", "yuan", "2.50"),
    ],
)
def test_amounts(value: Decimal, currency: str, unit: str, shown: str) -> None:
    assert formats.amount(value, currency, unit) == shown


@given(st.decimals(allow_nan=False, allow_infinity=False, places=18, min_value=-(10**19), max_value=10**19))
def test_an_amount_never_loses_more_than_half_a_fen(value: Decimal) -> None:
    assert abs(Decimal(formats.amount(value).replace(",", "")) - value) <= Decimal("0.005")


def test_times_stand_on_the_banks_clock() -> None:
    at = datetime(2026, 11, 21, 18, 30, 5, tzinfo=UTC)
    assert formats.moment(at) == "2026-11-22 02:30:05"
    assert formats.day(at) == "2026-11-22"


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("11010519900307123X", "11************123X"),
        ("138 1234 5678", "138****5678"),
        ("+8613812345678", "138****5678"),
        ("6217 0001 3388 1234 567", "62*************4567"),
        ("zhang@bank.test", "z***@bank.test"),
        ("张伟", "张伟"),
        ("C-7K3MQ2XW", "C-7K3MQ2XW"),
        ("张伟 62170001", "张伟 ******01"),
    ],
)
def test_numbers_are_masked_before_they_are_written_down(typed: str, written: str) -> None:
    assert Query.of(typed).masked == written


def test_full_width_digits_are_digits() -> None:
    assert Query.of("　１３８１２３４５６７８ ").is_mobile
