"""From the cells of one row to a `NewTransaction`, or to every reason why not, each with its column."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from crm.log.masking import hide_numbers, holds_number
from transactions.choices import Channel, Direction, Instrument, Kind
from transactions.services import words
from transactions.services.entries import NewTransaction
from transactions.services.tables import Cell
from transactions.validators import (
    EARLIEST,
    BadValue,
    plain_text,
    read_amount,
    read_country,
    read_currency,
    read_external_id,
    read_moment,
    read_signed_amount,
)

TEXTS = {"counterparty_name": 120, "counterparty_bank": 80, "remark": 200, "operator": 20, "transfer_id": 64}
CASH_KINDS = (Kind.DEPOSIT, Kind.WITHDRAWAL)


_DIGIT_BEFORE_THE_LAST_FOUR = re.compile(r"\d(?=(?:\D*\d){4})")


def concealed(text: str) -> str:
    """Return a cell as it may be shown: of account, mobile and ID numbers, however grouped and in whatever column, the last four."""
    if not holds_number(text) or _is_moment(text):
        return text
    return _DIGIT_BEFORE_THE_LAST_FOUR.sub("*", text)


def _is_moment(text: str) -> bool:
    try:
        return read_moment(text).year >= EARLIEST.year
    except BadValue:
        return False


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing wrong with one row: ``column`` is the heading in the file, the reason a code of ``validators.REASONS``."""

    column: str
    code: str
    params: dict[str, str]

    def kept(self) -> dict[str, str]:
        """Return the parameters as they may be stored: they outlive the file, and a shifted column puts numbers anywhere."""
        return {name: hide_numbers(concealed(value)) for name, value in self.params.items()}


@dataclass(slots=True)
class RowReader:
    """Reads the rows of one file: which heading means what, and what to assume where a column is absent.

    What does not differ from row to row (a column that the file has not) is read once, and a coded cell once per spelling.
    """

    source: str
    heading: Sequence[str]
    columns: Mapping[str, str]
    defaults: Mapping[str, str]
    places: dict[str, int] = field(init=False)
    fixed: dict[str, Any] = field(init=False, default_factory=dict)
    known: dict[tuple[str, str], Any] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        at = {name: place for place, name in enumerate(self.heading) if name}
        self.places = {name: at[heading] for name, heading in self.columns.items() if heading in at}
        blank = _Reading(self, [""] * len(self.heading))
        for name in _READERS.keys() - self.places.keys() - {"occurred_at"}:
            value = blank.attempt(name)
            if value is not None:
                self.fixed[name] = value

    def read(self, cells: Sequence[Cell]) -> NewTransaction | list[Complaint]:
        """Return the transaction, or everything that is wrong with the row."""
        if len(cells) != len(self.heading):
            extra = [cell for cell in cells[len(self.heading) :] if cell != ""]
            if extra or len(cells) < len(self.heading):
                params = {"found": str(len(cells)), "expected": str(len(self.heading))}
                return [Complaint("", "columns_differ", params)]
        return _Reading(self, cells).result()

    def heading_of(self, name: str | None) -> str:
        """Return the heading that stands for one of our fields, or the field's own name."""
        return self.columns.get(name or "", "") or (name or "")


class _Reading:
    """One row being read; complaints gather so that a person sees all of them at once."""

    __slots__ = ("cells", "complaints", "reader")

    def __init__(self, reader: RowReader, cells: Sequence[Cell]) -> None:
        self.reader = reader
        self.cells = cells
        self.complaints: list[Complaint] = []

    def result(self) -> NewTransaction | list[Complaint]:
        fixed = self.reader.fixed
        values = {name: fixed[name] if name in fixed else self.attempt(name) for name in _READERS}
        side = self._try("amount", _Reading._side)
        kind = values["kind"]
        values["instrument"] = self._try("instrument", lambda reading: reading._instrument(kind))
        if self.complaints or side is None:
            return self.complaints
        return NewTransaction(source=self.reader.source, direction=side[0], amount=side[1], **values)

    def attempt(self, name: str) -> Any:
        """Return one value as its column has it; None where it cannot be read, which is then complained of."""
        if name not in _CODED or name not in self.reader.places:
            return self._try(name, _READERS[name])
        cell = self.cells[self.reader.places[name]]
        if not isinstance(cell, str):
            return self._try(name, _READERS[name])
        found = self.reader.known.get((name, cell))
        if found is None:
            found = self._try(name, _READERS[name])
            if found is not None and len(self.reader.known) < SPELLINGS:
                self.reader.known[name, cell] = found
        return found

    def _try(self, name: str, read: Callable[["_Reading"], Any]) -> Any:
        try:
            return read(self)
        except BadValue as problem:
            column = self.reader.heading_of(problem.field or name)
            self.complaints.append(Complaint(column, problem.code, {key: str(value) for key, value in problem.params.items()}))
            return None

    def _cell(self, name: str) -> Cell:
        place = self.reader.places.get(name)
        cell = self.cells[place] if place is not None else ""
        return cell.strip() if isinstance(cell, str) else cell

    def _text(self, name: str) -> str:
        cell = self._cell(name)
        if isinstance(cell, bool):
            return "true" if cell else "false"
        if isinstance(cell, int | float):
            if name in words.IDENTIFIERS:
                raise BadValue("account_rounded", name, value=number_text(cell))
            return number_text(cell)
        if isinstance(cell, date | time):
            return cell.isoformat(sep=" ") if isinstance(cell, datetime) else cell.isoformat()
        text = str(cell) or str(self.reader.defaults.get(name, ""))
        # What a spreadsheet makes of a long number when it saves CSV: 6.22202E+18.
        if "+" in text and name in words.IDENTIFIERS and text[:1].isdigit() and "E+" in text.upper() and "." in text:
            raise BadValue("account_rounded", name, value=text[:40])
        return text

    def _moment(self) -> datetime:
        if "occurred_at" in self.reader.places:
            text = self._text("occurred_at")
            if not text:
                raise BadValue("missing", "occurred_at")
            return read_moment(text)
        day = self._text("date")
        if not day:
            raise BadValue("missing", "date")
        clock = self._text("time") if "time" in self.reader.places else ""
        read_moment(day, "date")
        if clock and ":" not in clock and clock.isascii() and clock.isdigit():
            clock = clock.zfill(6)  # 90305 is how a core writes three minutes past nine
            clock = f"{clock[:2]}:{clock[2:4]}:{clock[4:]}"
        return read_moment(f"{day[:10].rstrip()} {clock}" if clock else day, "time" if clock else "date")

    def _side(self) -> tuple[Direction, Decimal]:
        if {"debit", "credit"} <= self.reader.places.keys():
            return self._two_columns()
        text = self._text("amount")
        if not text:
            raise BadValue("missing", "amount")
        if "direction" in self.reader.places:
            return Direction(self._code("direction")), read_amount(text, "amount")
        signed = read_signed_amount(text, "amount")
        return (Direction.CREDIT if signed > 0 else Direction.DEBIT), abs(signed)

    def _two_columns(self) -> tuple[Direction, Decimal]:
        debit, credit = (self._text(name) for name in ("debit", "credit"))
        # Cores write 0.00, "-" or nothing on the side that is not used.
        held = {name: text for name, text in (("debit", debit), ("credit", credit)) if text.strip("0.,-")}
        if len(held) == 2:
            raise BadValue("both_sides", "debit")
        if not held:
            raise BadValue("neither_side", "debit")
        ((name, text),) = held.items()
        return (Direction.DEBIT if name == "debit" else Direction.CREDIT), read_amount(text, name)

    def _code(self, name: str) -> str:
        text = self._text(name)
        if not text:
            raise BadValue("missing", name)
        code = words.CODES[name].get(words.plain(text))
        if code is None:
            known = ", ".join(sorted(set(words.CODES[name].values())))
            raise BadValue("unknown_code", name, value=text[:40], known=known)
        return code

    def _instrument(self, kind: Kind | None) -> Instrument:
        if not self._text("instrument"):
            return Instrument.CASH if kind in CASH_KINDS else Instrument.TRANSFER
        return Instrument(self._code("instrument"))

    def _currency(self) -> str:
        text = self._text("currency") or "CNY"
        return words.CURRENCIES.get(words.plain(text)) or read_currency(text)

    def _country(self) -> str:
        text = self._text("counterparty_country")
        return read_country(text) if text else "CN"

    def _flag(self, name: str, default: bool) -> bool:
        text = words.plain(self._text(name))
        if not text:
            return default
        if text in words.YES or text in words.NO:
            return text in words.YES
        raise BadValue("unknown_code", name, value=text[:40], known="Y, N")


def _text_reader(name: str, limit: int, *, required: bool = False) -> Callable[[_Reading], str]:
    return lambda reading: plain_text(reading._text(name), limit, name, required=required)


_READERS: dict[str, Callable[[_Reading], Any]] = {
    "external_id": lambda reading: read_external_id(reading._text("external_id")),
    "account": _text_reader("account", 64, required=True),
    "occurred_at": _Reading._moment,
    "currency": _Reading._currency,
    "counterparty_account": _text_reader("counterparty_account", 64),
    "counterparty_country": _Reading._country,
    "kind": lambda reading: Kind(reading._code("kind")),
    "channel": lambda reading: Channel(reading._code("channel")),
    "cross_border": lambda reading: reading._flag("cross_border", False),
    "customer_initiated": lambda reading: reading._flag("customer_initiated", True),
    **{name: _text_reader(name, limit) for name, limit in TEXTS.items()},
}
"""How each field is read, in the order in which a row's complaints are told."""

_CODED = frozenset({"currency", "counterparty_country", "kind", "channel", "cross_border", "customer_initiated"})
SPELLINGS = 1_000
"""So many spellings of coded cells are remembered per file."""


def number_text(value: float) -> str:
    """Return a workbook's number as a person would write it: no exponent, no empty fraction."""
    return str(int(value)) if float(value).is_integer() else format(Decimal(repr(value)), "f")
