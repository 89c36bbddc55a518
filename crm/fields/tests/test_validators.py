"""Check digits, what an ID number says, and free text that looks like personal data (R269).

Requirements: R020.
"""

from datetime import date

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st

from crm.fields import validators
from crm.fields.validators import identity_conflicts, identity_of, kinds_in

WEIGHTS = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2]


def number_for(born: date, order: int, county: str = "110105") -> str:
    """GB 11643, written out here as the oracle."""
    body = f"{county}{born:%Y%m%d}{order:03d}"
    return body + "10X98765432"[sum(int(digit) * weight for digit, weight in zip(body, WEIGHTS, strict=True)) % 11]


@given(st.dates(date(1920, 1, 1), date(2020, 1, 1)), st.integers(1, 999))
def test_an_id_number_says_birth_date_and_sex(born: date, order: int) -> None:
    identity = identity_of(number_for(born, order))
    assert identity is not None
    assert (identity.birth_date, identity.sex) == (born, "male" if order % 2 else "female")


@given(st.dates(date(1920, 1, 1), date(2020, 1, 1)), st.integers(1, 999), st.integers(0, 16), st.integers(1, 9))
def test_one_wrong_digit_is_found(born: date, order: int, place: int, shift: int) -> None:
    number = number_for(born, order)
    wrong = number[:place] + str((int(number[place]) + shift) % 10) + number[place + 1 :]
    assert identity_of(wrong) is None


@pytest.mark.parametrize("value", ["", "110105", "11010519491231002", "11010519490231002X", "abcdefghijklmnopqr", "１１０"])
def test_what_is_no_id_number_says_nothing(value: str) -> None:
    assert identity_of(value) is None
    with pytest.raises(ValidationError):
        validators.validate_id_number(value)


def test_conflicts_with_birth_date_and_sex() -> None:
    number = number_for(date(1990, 5, 6), 123)
    assert identity_conflicts(number, birth_date=date(1990, 5, 6), sex="male") == []
    assert identity_conflicts(number, birth_date=None, sex="") == []
    found = identity_conflicts(number, birth_date=date(1990, 6, 5), sex="female")
    assert [conflict.code for conflict in found] == ["birth_date", "sex"]
    assert identity_conflicts("E12345678", birth_date=date(1990, 5, 6), sex="male") == []


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (validators.validate_uscc, "91110000600037341L", "91110000600037342L"),
        (validators.validate_card_number, "4111 1111 1111 1111", "4111 1111 1111 1112"),
        (validators.validate_mobile, "138 1234 5678", "238 1234 5678"),
        (validators.validate_mobile, "+86 13812345678", "1381234567"),
        (validators.validate_mobile, "+447700900123", "447700900123"),
    ],
)
def test_check_digits(check, good: str, bad: str) -> None:  # type: ignore[no-untyped-def]
    check(good)
    with pytest.raises(ValidationError):
        check(bad)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        ("客户来电咨询理财产品", []),
        ("2026-11-21 14:30:05 转账 1,234,567.89 元", []),
        ("流水号 C-7K3MQ2XW，金额 200000000.00", []),
        ("致电13812345678未接", ["mobile"]),
        ("电话 +86 138-1234-5678", ["mobile"]),
        ("证件１１０１０５１９４９１２３１００２Ｘ", ["id_number"]),
        ("卡号 6222 0210 0111 6245 702", ["account"]),
        ("11010519491231002X 13812345678 6222021001116245702", ["id_number", "mobile", "account"]),
    ],
)
def test_free_text_that_looks_like_personal_data(text: str, kinds: list[str]) -> None:
    assert kinds_in(text) == kinds
    assert len(validators.warnings_in(text)) == len(kinds)
    if kinds:
        with pytest.raises(ValidationError):
            validators.validate_no_sealed_data(text)
    else:
        validators.validate_no_sealed_data(text)
