"""Bank dates and business days, answered from memory; and the two ways to change the calendar."""

import time
from bisect import bisect_left
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from zoneinfo import ZoneInfo

from django.conf import settings
from django.core.signals import setting_changed
from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.actor import Actor
from crm.access.errors import DomainError
from crm.access.services import require
from crm.calendar import days as listed
from crm.calendar.models import BusinessDay
from crm.log import services as log

# Another process sees a changed day after this many seconds.
FRESH_SECONDS = 60.0
# Holidays of the next year are announced in November; without them due dates of January go wrong.
ALARM_BEFORE = timedelta(days=60)


class DayIsPast(DomainError):
    """Transactions of that day already carry its number."""

    code = "day_is_past"
    message = _("A day that has begun can no longer be changed: transactions already carry its number.")


class DayUnknown(DomainError):
    """The calendar does not reach that far."""

    code = "day_unknown"
    message = _("The calendar has no such day. Load the year first.")


@dataclass(frozen=True, slots=True)
class _Table:
    """Every day of the table with its ordinal; the business days, and the weekdays that are none, in order."""

    first: date
    last: date
    ordinals: dict[date, int]
    business: list[date]
    closed: list[date]
    loaded_at: float

    def ordinal(self, day: date) -> int:
        found = self.ordinals.get(day)
        if found is not None:
            return found
        # Outside the table Mondays to Fridays are counted: old accounts and far due dates still have a number.
        if day > self.last:
            return self.ordinals[self.last] + listed.weekdays_between(self.last, day)
        # The first day of the table may be a holiday, so counting goes on from the day before it.
        before = self.ordinals[self.first] - (self.first == self.business[0])
        return before + listed.weekdays_between(self.first - listed.ONE_DAY, day)

    def day_of(self, ordinal: int) -> date:
        first = self.ordinals[self.business[0]]
        place = ordinal - first
        if 0 <= place < len(self.business):
            return self.business[place]
        day, step = (self.last, 1) if place >= 0 else (self.first, -1)
        weeks = abs(ordinal - self.ordinal(day)) // 5
        day += timedelta(weeks=weeks * step)
        while self.ordinal(day) < ordinal:
            day += listed.ONE_DAY
        while self.ordinal(day - listed.ONE_DAY) >= ordinal:
            day -= listed.ONE_DAY
        return day


_loaded: list[_Table] = []


def _table() -> _Table:
    now = time.monotonic()
    if not _loaded or now - _loaded[0].loaded_at > FRESH_SECONDS:
        rows = list(BusinessDay.objects.order_by("day").values_list("day", "ordinal", "is_business"))
        if not any(works for _day, _ordinal, works in rows):
            raise DayUnknown
        table = _Table(
            first=rows[0][0],
            last=rows[-1][0],
            ordinals={day: ordinal for day, ordinal, _works in rows},
            business=[day for day, _ordinal, works in rows if works],
            closed=[day for day, _ordinal, works in rows if not works and day.weekday() < 5],
            loaded_at=now,
        )
        _loaded[:] = [table]
    return _loaded[0]


def forget() -> None:
    """Drops what this process remembers; the next question reads the table again."""
    _loaded.clear()
    bank_zone.cache_clear()


@lru_cache(maxsize=1)
def bank_zone() -> ZoneInfo:
    """The bank's time zone (setting ``BANK_ZONE``)."""
    return ZoneInfo(settings.BANK_ZONE)


def bank_date(moment: datetime) -> date:
    """The bank's calendar day (自然日) of a moment; ValueError for a moment without zone."""
    if moment.tzinfo is None:
        raise ValueError("a moment without zone has no bank date")
    return moment.astimezone(bank_zone()).date()


def today() -> date:
    """The bank's calendar day now."""
    return bank_date(timezone.now())


def business_day(day: date) -> int:
    """The ordinal of the last business day on or before ``day``; differences of ordinals count business days."""
    return _table().ordinal(day)


def business_days() -> dict[date, int]:
    """Every day of the table with its ordinal, for bulk work: one dictionary look-up a row."""
    return dict(_table().ordinals)


def closed_weekdays() -> list[date]:
    """Every Monday to Friday of the table on which the bank is closed: the days of public holidays, in order."""
    return list(_table().closed)


def is_business_day(day: date) -> bool:
    """Whether the bank works on that day (make-up days included)."""
    table = _table()
    if table.first <= day <= table.last:
        place = bisect_left(table.business, day)
        return place < len(table.business) and table.business[place] == day
    return day.weekday() < 5


def add_business_days(day: date, count: int) -> date:
    """The business day that lies ``count`` business days after ``day`` (before it, when negative).

    0 is the day itself, or the last business day before it: ``add_business_days(saturday, 1)`` is Monday,
    ``add_business_days(sunday, -1)`` Friday.
    """
    if count < 0 and not is_business_day(day):
        count += 1
    return _table().day_of(business_day(day) + count)


@dataclass(frozen=True, kw_only=True)
class Coverage:
    """How far the calendar is known: the last day from a published notice, and whether somebody should act."""

    last_known: date
    days_left: int
    alarm: bool


def coverage(on: date | None = None) -> Coverage:
    """How many days the published calendar still reaches; an alarm from 60 days before its end."""
    known = BusinessDay.objects.filter(is_provisional=False).order_by("-day").values_list("day", flat=True).first()
    start = on or today()
    last = known or start
    return Coverage(last_known=last, days_left=(last - start).days, alarm=last - start <= ALARM_BEFORE)


@transaction.atomic
def change_day(*, actor: Actor, day: date, is_business: bool, note: str) -> BusinessDay:
    """A future day, now a business day or not; all later days are numbered anew."""
    require(actor, "calendar.change_businessday")
    if day <= today():
        raise DayIsPast
    row = BusinessDay.objects.select_for_update().filter(day=day).first()
    if row is None:
        raise DayUnknown
    before = row.is_business
    shift = int(is_business) - int(before)
    row.is_business, row.note, row.source, row.is_provisional = is_business, note, actor.number, False
    row.save(update_fields=["is_business", "note", "source", "is_provisional"])
    if shift:
        BusinessDay.objects.filter(day__gte=day).update(ordinal=F("ordinal") + shift)
        row.refresh_from_db()
    log.record(
        actor=actor,
        action="calendar.day_changed",
        target=row,
        data={"day": day.isoformat(), "is_business": [before, is_business], "note": note},
    )
    transaction.on_commit(forget)
    return row


@transaction.atomic
def load_file(*, actor: Actor, path: Path) -> tuple[date, date]:
    """First and last day of the years in a file of holidays and make-up days, now in the table and no longer provisional.

    Days that have begun keep what they are; a file that says otherwise is refused.
    """
    require(actor, "calendar.change_businessday")
    exceptions = listed.read(path)
    if not exceptions:
        raise listed.BadCalendar("the file names no day")
    first, last = date(min(exceptions).year, 1, 1), date(max(exceptions).year, 12, 31)
    old = {row.day: row for row in BusinessDay.objects.select_for_update().order_by("day")}
    if not old or first > max(old) + listed.ONE_DAY or first < min(old):
        raise listed.BadCalendar("the years must follow those in the table without a gap")
    start = max(first, min(old))
    before = old[start - listed.ONE_DAY].ordinal if start > min(old) else 0
    fresh = listed.numbered(start, last, exceptions, provisional_from=date.max, before=before)
    begun = today()
    for item in fresh:
        if item.day <= begun and item.day in old and old[item.day].is_business != item.is_business:
            raise DayIsPast
    later = [_as_day(row) for day, row in old.items() if day > last]
    rows = fresh + listed.renumbered(later, before=fresh[-1].ordinal)
    _write(rows)
    data = {"first": first.isoformat(), "last": last.isoformat(), "exceptions": len(exceptions)}
    log.record(actor=actor, action="calendar.loaded", data=data)
    transaction.on_commit(forget)
    return first, last


def _as_day(row: BusinessDay) -> listed.Day:
    return listed.Day(
        day=row.day,
        ordinal=row.ordinal,
        is_business=row.is_business,
        is_provisional=row.is_provisional,
        note=row.note,
        source=row.source,
    )


def _write(rows: list[listed.Day]) -> None:
    BusinessDay.objects.bulk_create(
        (
            BusinessDay(
                day=row.day,
                ordinal=row.ordinal,
                is_business=row.is_business,
                is_provisional=row.is_provisional,
                note=row.note,
                source=row.source,
            )
            for row in rows
        ),
        update_conflicts=True,
        unique_fields=["day"],
        update_fields=["ordinal", "is_business", "is_provisional", "note", "source"],
    )


def _settings_changed(*, setting: str, **_kwargs: object) -> None:
    if setting == "BANK_ZONE":
        forget()


setting_changed.connect(_settings_changed, dispatch_uid="crm.calendar")
