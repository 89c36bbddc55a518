"""Events of a foreign file: CSV in UTF-8, plain or gzip, with a heading; every complaint names line and column."""

import csv
import gzip
import re
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, tzinfo
from decimal import Decimal, InvalidOperation
from pathlib import Path
from typing import IO

from risk.facts.spans import EPOCH
from risk.services.file_facts import FileEvent

UNITS = {"us": 1, "ms": 1_000, "s": 1_000_000, "m": 60_000_000, "h": 3_600_000_000, "d": 86_400_000_000}
"""Microseconds in a step of a clock that counts."""
SINCE_1970 = 946_684_800_000_000
FARTHEST = 70 * 365 * UNITS["d"]
"""How far from the year 2000 an event may lie, in microseconds: the order of events is one number of 63 bits."""
_AMOUNT = re.compile(r"[+-]?\d{1,20}(\.\d{1,18})?", re.ASCII)
_POWER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d{1,3})?", re.ASCII)
_STEP = re.compile(r"[+-]?\d{1,18}(\.\d{1,6})?", re.ASCII)
_TOO_FINE = re.compile(r"[.,]\d{6}\d*[1-9]", re.ASCII)
Cells = list[str]


class BadFile(Exception):
    """The file cannot be computed on; the message says where and why."""


@dataclass(frozen=True, kw_only=True)
class Columns:
    """The headings of the columns to read; empty where the file has none or nobody asks."""

    id: str
    time: str
    key: str
    amount: str = ""
    label: str = ""
    counterparty: str = ""


@dataclass(frozen=True)
class Clock:
    """How times are written: ISO 8601, in ``zone`` where they name none; or steps of ``unit`` since 1970, or since any moment."""

    zone: tzinfo
    unit: str = ""

    def micros(self, text: str) -> int:
        """Return microseconds since 2000-01-01 UTC; ValueError in words."""
        found = self._counted(text) if self.unit else self._written(text)
        if abs(found) > FARTHEST:
            raise ValueError("lies outside the years 1930 to 2069")
        return found

    def _counted(self, text: str) -> int:
        if not _STEP.fullmatch(text):
            raise ValueError(f"is not a number of steps of 1{self.unit}")
        whole = Decimal(text) * UNITS[self.unit]
        if whole != whole.to_integral_value():
            raise ValueError("is more exact than a microsecond")
        return int(whole) - SINCE_1970

    def _written(self, text: str) -> int:
        if text.isdigit():
            raise ValueError("is a number, not a date and time; if it counts steps, name their length: --time-unit s")
        try:
            moment = datetime.fromisoformat(text)
        except ValueError:
            raise ValueError("is not a date and time; write 2026-11-20 14:30:05, with microseconds and offset if there are any") from None
        if len(text) > 26 and _TOO_FINE.search(text):
            raise ValueError("is more exact than a microsecond")
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=self.zone)
        since = moment - EPOCH
        return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def read_events(path: Path, columns: Columns, clock: Clock, delimiter: str = ",") -> Iterator[FileEvent]:
    """Yield the events of a file in its order; `BadFile` on the first thing that is wrong."""
    line = 0
    try:
        with _opened(path) as lines:
            reader = csv.reader(lines, delimiter=delimiter, strict=True)
            event = _reading(path, next(reader, []), columns, clock, delimiter)
            for cells in reader:
                line = reader.line_num
                if cells:
                    yield event(line, cells)
    except UnicodeDecodeError:
        raise BadFile(f"{path.name}: after line {line} the text is not UTF-8; convert the file first.") from None
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise BadFile(f"{path.name}: the gzip data is damaged after line {line}: {error}.") from None
    except csv.Error as error:
        raise BadFile(f"{path.name}: after line {line} the file is not CSV: {error}.") from None
    except OSError as error:
        raise BadFile(f"{path}: {error.strerror or error}.") from None
    if not line:
        raise BadFile(f"{path.name} holds no event: there is nothing below the heading.")


def _opened(path: Path) -> IO[str]:
    """Return the text of a file, unpacked where it begins like gzip, whatever its name; without a byte order mark."""
    with path.open("rb") as file:
        packed = file.read(2) == b"\x1f\x8b"
    opened: Callable[..., IO[str]] = gzip.open if packed else open
    return opened(path, "rt", encoding="utf-8-sig", newline="")


def _reading(path: Path, heading: Cells, columns: Columns, clock: Clock, delimiter: str) -> Callable[[int, Cells], FileEvent]:
    """Return what makes an event of a line's cells."""
    if not heading:
        raise BadFile(f"{path.name} is empty: the first line must name the columns.")
    names = [name.strip() for name in heading]
    places = {part: _place(path, names, name, delimiter) for part, name in vars(columns).items()}
    at_id, at_time, at_key, at_amount, at_label, at_other = (
        places[part] for part in ("id", "time", "key", "amount", "label", "counterparty")
    )
    width, micros = len(names), clock.micros

    def event(line: int, cells: Cells) -> FileEvent:
        if len(cells) != width:
            raise BadFile(f"Line {line} has {len(cells)} cells, the heading has {width}.")
        part = at_id
        try:
            number = _name(cells[part])
            part = at_key
            key = _name(cells[part])
            part = at_other
            other = _name(cells[part]) if part >= 0 else ""
            part = at_time
            moment = micros(cells[part].strip())
            part = at_amount
            amount = _amount(cells[part].strip()) if part >= 0 else "0"
            part = at_label
            label = _label(cells[part].strip()) if part >= 0 else "0"
        except ValueError as problem:
            raise BadFile(f"Line {line}, column {names[part]}: “{cells[part][:60]}” {problem}.") from None
        return line, number, key, other, moment, amount, label

    return event


def _place(path: Path, names: list[str], name: str, delimiter: str) -> int:
    if not name:
        return -1
    if names.count(name) == 1:
        return names.index(name)
    if name in names:
        raise BadFile(f"{path.name} has more than one column “{name}”.")
    hint = " Is the file separated by another sign? See --delimiter." if len(names) == 1 else ""
    raise BadFile(f"{path.name} has no column “{name}”. It has: {', '.join(names)[:300]}.{hint}")


def _name(cell: str) -> str:
    if not cell:
        raise ValueError("is empty")
    if "\0" in cell:
        raise ValueError("holds a zero byte")
    return cell


def _amount(text: str) -> str:
    if _AMOUNT.fullmatch(text):
        return text
    if not _POWER.fullmatch(text):
        raise ValueError("is not an amount; write 1234.50 without separators")
    try:
        plain = format(Decimal(text), "f")
    except InvalidOperation:
        plain = ""
    if not _AMOUNT.fullmatch(plain):
        raise ValueError("has more than 20 digits before or 18 after the decimal point")
    return plain


def _label(text: str) -> str:
    if text not in ("0", "1"):
        raise ValueError("is not a label; write 0 or 1")
    return text
