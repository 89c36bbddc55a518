"""Equivalents in CNY and USD from the rates of the day, answered from memory; and loading rates."""

import csv
import re
import time
from bisect import bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_EVEN, Context, Decimal, InvalidOperation, localcontext
from pathlib import Path

from django.db import transaction

from crm.access.actor import Actor
from crm.access.services import require
from crm.calendar import services as calendar
from crm.log import services as log
from crm.money.models import Rate
from crm.money.signals import rates_loaded

CNY, USD = "CNY", "USD"
# A rate this many days old still counts, public holidays left out (no rate is published on them); older, and what needs it is unrated.
OLDEST = timedelta(days=5)
PLACES = Decimal("0.0001")
# numeric(38,18) times a rate needs more digits than the default 28; ties go to the even digit.
_EXACT = Context(prec=80, rounding=ROUND_HALF_EVEN)
# Another process sees loaded rates after this many seconds.
FRESH_SECONDS = 60.0
_CURRENCY = re.compile(r"[A-Z][A-Z0-9]{2,11}\Z")


@dataclass(frozen=True, slots=True)
class Rated:
    """Equivalents with 4 decimals, each None without the rate that it needs; and the oldest day whose rate was used, if any was.

    Renminbi is its own CNY equivalent and the dollar its own USD equivalent: neither waits for a rate.
    """

    cny: Decimal | None
    usd: Decimal | None
    rate_date: date | None


class BadRates(ValueError):
    """The file can not be read as rates; the message names line and reason."""


class Rates:
    """All rates in memory; `rated` is meant for loops. ``closed``: the weekdays that are public holidays, in order."""

    def __init__(self, rows: Iterable[tuple[str, date, Decimal]], closed: Sequence[date] = ()) -> None:
        self._closed = closed
        self._days: dict[str, list[date]] = {}
        self._values: dict[str, list[Decimal]] = {}
        for currency, day, value in rows:
            self._days.setdefault(currency, []).append(day)
            self._values.setdefault(currency, []).append(value)
        self._found: dict[tuple[str, date], tuple[date, Decimal] | None] = {}

    def currencies(self) -> list[str]:
        """The currencies with any rate, CNY first."""
        return [CNY, *sorted(set(self._days) - {CNY})]

    def rate(self, currency: str, day: date) -> tuple[date, Decimal] | None:
        """The day and CNY per unit of the last rate on or before ``day``, at most 5 days older, public holidays not counted."""
        if currency == CNY:
            return day, Decimal(1)
        key = (currency, day)
        if key not in self._found:
            days = self._days.get(currency, [])
            place = bisect_right(days, day) - 1
            usable = place >= 0 and self._age(days[place], day) <= OLDEST
            self._found[key] = (days[place], self._values[currency][place]) if usable else None
        return self._found[key]

    def _age(self, first: date, last: date) -> timedelta:
        """The time between two days without the public holidays after the first."""
        return last - first - timedelta(days=bisect_right(self._closed, last) - bisect_right(self._closed, first))

    def rated(self, amount: Decimal, currency: str, day: date) -> Rated | None:
        """The equivalents of an amount, as far as the rates go; None when there is neither (unrated)."""
        own, dollar = self.rate(currency, day), self.rate(USD, day)
        with localcontext(_EXACT):
            exact = amount * own[1] if own else None
            cny = amount if currency == CNY else exact
            usd = amount if currency == USD else exact / dollar[1] if exact is not None and dollar else None
            if cny is None and usd is None:
                return None
            return Rated(_rounded(cny), _rounded(usd), _oldest(currency, own, dollar))


def _rounded(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else amount.quantize(PLACES, context=_EXACT)


def _oldest(currency: str, own: tuple[date, Decimal] | None, dollar: tuple[date, Decimal] | None) -> date | None:
    """The oldest day whose rate was used; the renminbi's own rate of 1 is of no day."""
    return min((found[0] for found in (None if currency == CNY else own, dollar) if found), default=None)


_loaded: list[tuple[float, Rates]] = []


def rates() -> Rates:
    """All rates, read at most once a minute."""
    now = time.monotonic()
    if not _loaded or now - _loaded[0][0] > FRESH_SECONDS:
        rows = Rate.objects.order_by("currency", "day").values_list("currency", "day", "cny_per_unit")
        _loaded[:] = [(now, Rates(rows, calendar.closed_weekdays()))]
    return _loaded[0][1]


def forget() -> None:
    """Drops what this process remembers; the next question reads the table again."""
    _loaded.clear()


def to_cny_usd(amount: Decimal, currency: str, day: date) -> Rated | None:
    """CNY and USD equivalents at the rate of ``day`` or the last one at most 5 days older, as far as known; None = unrated."""
    return rates().rated(amount, currency, day)


def to_cny_usd_many(rows: Iterable[tuple[Decimal, str, date]]) -> list[Rated | None]:
    """The same for many (amount, currency, day), in order."""
    table = rates()
    return [table.rated(amount, currency, day) for amount, currency, day in rows]


def currencies() -> list[str]:
    """The currencies that can be rated, CNY first."""
    return rates().currencies()


@transaction.atomic
def load_file(*, actor: Actor, path: Path, source: str = "") -> int:
    """How many rates a CSV file held, all now in force (a rate of the same currency and day is replaced).

    Columns: currency, day (2026-11-20), cny_per_unit (of one unit, also for JPY) and, unless ``source`` is given, source.
    """
    require(actor, "money.load_rates")
    rows = _read(path, source)
    if not rows:
        raise BadRates("the file holds no rate")
    Rate.objects.bulk_create(
        rows,
        batch_size=5_000,
        update_conflicts=True,
        unique_fields=["currency", "day"],
        update_fields=["cny_per_unit", "source"],
    )
    days = [row.day for row in rows]
    log.record(
        actor=actor,
        action="rates.loaded",
        data={
            "rates": len(rows),
            "currencies": sorted({row.currency for row in rows}),
            "first": min(days).isoformat(),
            "last": max(days).isoformat(),
        },
    )
    transaction.on_commit(_tell)
    return len(rows)


def _tell() -> None:
    forget()
    rates_loaded.send_robust(sender=Rate)


def _read(path: Path, source: str) -> list[Rate]:
    rows: dict[tuple[str, date], Rate] = {}
    with path.open(encoding="utf-8-sig", newline="") as stream:
        for number, row in enumerate(csv.DictReader(stream), start=2):
            rate = _rate(row, source, number)
            if (rate.currency, rate.day) in rows:
                raise BadRates(f"line {number}: {rate} is there twice")
            rows[rate.currency, rate.day] = rate
    return list(rows.values())


def _rate(row: dict[str, str], source: str, number: int) -> Rate:
    try:
        currency, text = row["currency"].strip(), row["cny_per_unit"].strip()
        day, said = date.fromisoformat(row["day"].strip()), source or row["source"].strip()
    except (KeyError, AttributeError, TypeError):
        raise BadRates(f"line {number}: the columns are currency, day, cny_per_unit, source") from None
    except ValueError as error:
        raise BadRates(f"line {number}: {error}") from None
    if not _CURRENCY.match(currency) or currency == CNY:
        raise BadRates(f"line {number}: {currency!r} is no foreign currency")
    try:
        value = Decimal(text) if re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,10})?", text) else Decimal(0)
    except InvalidOperation:
        value = Decimal(0)
    if value <= 0:
        raise BadRates(f"line {number}: {text!r} is no rate")
    if not said:
        raise BadRates(f"line {number}: the source is missing")
    return Rate(currency=currency, day=day, cny_per_unit=value, source=said[:120])
