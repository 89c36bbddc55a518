"""Reading values: whatever the text, it is read exactly or refused with a reason; never guessed, never a crash.

Requirements: R089, R184.
"""

from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crm.access.errors import DomainError
from transactions.services.entries import NewTransaction, canonical_amount
from transactions.services.rows import RowReader
from transactions.services.tables import decode, read
from transactions.services.words import FIELDS, HEADINGS, detect, plain
from transactions.validators import BadValue, check_amount, plain_text, read_amount, read_external_id, read_moment, read_signed_amount

amounts = st.decimals(min_value=Decimal("0.01"), max_value=Decimal(99999999999999), places=2, allow_nan=False)
moments = st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2099, 1, 1))


@given(amounts)
def test_amounts_come_back_as_written(amount: Decimal) -> None:
    """Plain, grouped and signed."""
    assert read_amount(f"{amount:f}") == amount
    assert read_amount(f"{amount:,f}") == amount
    assert read_signed_amount(f"-{amount:,f}") == -amount
    assert read_amount(canonical_amount(amount)) == amount


@given(st.text(max_size=40))
def test_any_text_is_an_amount_or_refused(text: str) -> None:
    """What is taken is ASCII, positive, and equals what Python reads in it."""
    try:
        amount = read_amount(text)
    except BadValue:
        return
    assert text.isascii()
    assert amount == Decimal(text.replace(",", "")) > 0
    assert not set(text) & set("_eE+- \n")


@pytest.mark.parametrize(
    "text", ["1,23", "1,2345", ",123", "1,,234", "12,34.5", "1.", ".5", "1.2.3", "٣", "５", "1_0", "5\n", "0x1f", "½", "1 000"]
)
def test_near_amounts_are_refused(text: str) -> None:
    """None of them has one meaning."""
    with pytest.raises(BadValue):
        read_amount(text)


@given(st.decimals(allow_nan=True, allow_infinity=True))
@example(Decimal("10000000000.0000000000000000001"))
@example(Decimal("10000000000.1000000000000000000000000000000"))
def test_what_the_ledger_takes_it_can_hold(amount: Decimal) -> None:
    """numeric(38,18), and room for the dearest rate."""
    try:
        check_amount(amount)
    except BadValue:
        return
    assert 0 < amount < Decimal(10) ** 14
    whole, _point, fraction = f"{amount:f}".partition(".")
    assert len(whole) <= 14
    assert len(fraction.rstrip("0")) <= 18


@given(moments)
def test_moments_come_back_in_every_spelling(moment: datetime) -> None:
    """2026-11-20, 2026/11/20 and 20261120, with and without a time."""
    whole = moment.replace(microsecond=0)
    for pattern in ("%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y%m%d%H%M%S", "%Y%m%d %H:%M:%S", "%Y.%m.%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S"):
        assert read_moment(whole.strftime(pattern)) == whole
    day = datetime(moment.year, moment.month, moment.day)
    for pattern in ("%Y-%m-%d", "%Y/%m/%d", "%Y%m%d"):
        assert read_moment(day.strftime(pattern)) == day
    assert read_moment(moment.isoformat()) == moment


@given(st.text(max_size=30))
def test_any_text_is_a_moment_or_refused(text: str) -> None:
    """Never another exception."""
    try:
        assert isinstance(read_moment(text), datetime)
    except BadValue:
        return


@pytest.mark.parametrize(
    "text",
    ["2026112", "2026-1120", "2026/11-20", "20-11-2026", "2026-13-01", "2026-02-29", "20261120 25:00", "2026年11月20日", "2026-11-20\n"],
)
def test_near_moments_are_refused(text: str) -> None:
    """Nobody knows which day was meant."""
    with pytest.raises(BadValue):
        read_moment(text)


@given(st.text(max_size=80))
def test_any_text_is_an_id_or_refused(text: str) -> None:
    """Visible ASCII only."""
    try:
        assert read_external_id(text).isascii()
    except BadValue:
        assert not (text and len(text) <= 64 and all("!" <= letter <= "~" for letter in text))


@given(st.text(max_size=60))
def test_no_control_character_passes(text: str) -> None:
    """Nor a lone surrogate."""
    try:
        value = plain_text(text, 50, "remark")
    except BadValue:
        return
    assert value.isprintable() or all(ord(letter) > 0x9F or ord(letter) >= 0x20 for letter in value)
    assert len(value) <= 50


@given(st.binary(max_size=200))
def test_any_bytes_are_a_table_or_refused(content: bytes) -> None:
    """Never another exception, whatever was uploaded."""
    try:
        table = read(content)
    except DomainError:
        return
    reader = RowReader("core", table.heading, detect(table.heading), {})
    for _number, cells in table.rows:
        assert isinstance(reader.read(cells), NewTransaction | list)


@given(st.lists(st.text(max_size=12), min_size=23, max_size=23))
def test_any_cells_are_a_transaction_or_complaints(cells: list[str]) -> None:
    """Every complaint names a column of the file."""
    heading = list(FIELDS)
    found = RowReader("core", heading[:22], {name: name for name in heading[:22]}, {}).read(cells[:22])
    if isinstance(found, list):
        assert found
        assert all(complaint.column in FIELDS for complaint in found)


@given(st.text(alphabet=st.characters(codec="gb18030"), max_size=60))
def test_chinese_text_survives_both_encodings(text: str) -> None:
    """UTF-8 is tried first; what is valid in both was written in UTF-8."""
    if "\x00" in text or text.startswith("\ufeff"):
        return
    assert decode(text.encode("utf-8")) == (text, "utf-8")
    try:
        text.encode("gb18030").decode("utf-8")
    except UnicodeDecodeError:
        assert decode(text.encode("gb18030")) == (text, "gb18030")


def test_every_known_heading_means_one_thing() -> None:
    """No word stands under two fields."""
    words = [plain(word) for name, known in HEADINGS.items() for word in {plain(word) for word in known}]
    assert len(words) == len(set(words))
    assert set(HEADINGS) == set(FIELDS)
