"""Sealed parameters: what goes in comes out; what others write is refused."""

import string
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.lists.tokens import BadToken, seal, unseal

values = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(2**62), 2**62),
    st.text(max_size=20),
    st.datetimes(timezones=st.just(UTC)),
    st.dates(),
    st.decimals(allow_nan=False, allow_infinity=False, places=4),
    st.uuids(),
)


@given(st.lists(values, max_size=4))
def test_what_is_sealed_comes_back(content: list[object]) -> None:
    assert unseal("page:a", seal("page:a", content)) == content


def test_types_survive() -> None:
    content = [datetime(2026, 11, 21, 6, 30, 5, 123456, tzinfo=UTC), date(2026, 11, 21), Decimal("1.10"), UUID(int=7)]
    back = unseal("x", seal("x", content))
    assert [type(value) for value in back] == [datetime, date, Decimal, UUID]


@given(st.text(string.printable, max_size=80))
def test_foreign_texts_are_refused(text: str) -> None:
    with pytest.raises(BadToken):
        unseal("page:a", text)


def test_a_token_serves_one_purpose_and_is_not_to_be_read() -> None:
    token = seal("page:a", ["张伟"])
    with pytest.raises(BadToken):
        unseal("page:b", token)
    with pytest.raises(BadToken):
        unseal("page:a", token[:-2])
    assert "张伟" not in token
