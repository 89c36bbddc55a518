"""Which days the bank works: from a list of holidays and make-up days, numbered. Knows no database."""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path

ONE_DAY = timedelta(days=1)
PLAIN = "Monday to Friday"


class BadCalendar(ValueError):
    """The file can not be read as a list of holidays; the message names line and reason."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Day:
    """One numbered calendar day."""

    day: date
    ordinal: int
    is_business: bool
    is_provisional: bool = False
    note: str = ""
    source: str = ""


def read(path: Path) -> dict[date, tuple[bool, str, str]]:
    """Day → (works, note, source) from a CSV file with the columns first, last, kind (holiday, workday), note, source."""
    found: dict[date, tuple[bool, str, str]] = {}
    with path.open(encoding="utf-8-sig", newline="") as stream:
        for number, row in enumerate(csv.DictReader(stream), start=2):
            try:
                first, last = date.fromisoformat(row["first"]), date.fromisoformat(row["last"])
                works = {"holiday": False, "workday": True}[row["kind"]]
            except (KeyError, TypeError, ValueError) as error:
                raise BadCalendar(f"line {number}: {error}") from None
            if not timedelta(0) <= last - first < timedelta(days=31):
                raise BadCalendar(f"line {number}: {first} to {last} is no holiday")
            for day in span(first, last):
                if day in found:
                    raise BadCalendar(f"line {number}: {day} is named twice")
                found[day] = (works, row.get("note") or "", row.get("source") or "")
    return found


def span(first: date, last: date) -> Iterator[date]:
    """The days from first to last, both included."""
    return (first + timedelta(days=place) for place in range((last - first).days + 1))


def numbered(
    first: date, last: date, exceptions: dict[date, tuple[bool, str, str]], *, provisional_from: date, before: int = 0
) -> list[Day]:
    """Every day from first to last with its ordinal; ``before`` business days were counted before the first."""
    days = []
    ordinal = before
    for day in span(first, last):
        works, note, source = exceptions.get(day, (day.weekday() < 5, "", PLAIN))
        ordinal += works
        days.append(Day(day=day, ordinal=ordinal, is_business=works, is_provisional=day >= provisional_from, note=note, source=source))
    return days


def renumbered(days: Iterable[Day], *, before: int) -> list[Day]:
    """The same days with ordinals counted anew."""
    counted = []
    for day in days:
        before += day.is_business
        counted.append(replace(day, ordinal=before))
    return counted


def weekdays_between(first: date, last: date) -> int:
    """How many Mondays to Fridays lie in (first, last]; negative when last is before first."""
    return _weekdays_until(last) - _weekdays_until(first)


def _weekdays_until(day: date) -> int:
    weeks, weekday = divmod(day.toordinal() - 1, 7)
    return weeks * 5 + min(weekday + 1, 5)
