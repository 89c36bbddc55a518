"""Days and moments of the demo world, in the bank's own zone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone

BANK_ZONE = timezone(timedelta(hours=8), "Asia/Shanghai")
"""China keeps one time without daylight saving; a fixed offset keeps the world independent of the machine's tables."""
MICROSECOND = timedelta(microseconds=1)

BusinessDay = Callable[[date], int]
"""Ordinal of the last business day on or before a date, as ``crm.calendar`` answers it."""


def weekday_ordinal(day: date) -> int:
    """Return the ordinal of the last Monday-to-Friday day on or before *day*: a calendar without holidays."""
    weeks, weekday = divmod(day.toordinal() - 1, 7)
    return weeks * 5 + min(weekday, 4)


def midnight(day: date) -> datetime:
    """Return the first moment of *day* in the bank's zone."""
    return datetime.combine(day, time(), BANK_ZONE)


@dataclass(slots=True, frozen=True)
class Span:
    """The days of the world: history first, then the last *judged* days."""

    last_day: date
    days: int = 120
    judged: int = 30
    business_day: BusinessDay = weekday_ordinal

    @property
    def first_day(self) -> date:
        """Return the first day of history."""
        return self.last_day - timedelta(days=self.days - 1)

    @property
    def judged_from(self) -> datetime:
        """Return the moment from which transactions are judged; what is older is loaded as history."""
        return midnight(self.last_day - timedelta(days=self.judged - 1))

    def __iter__(self) -> Iterator[date]:
        return (self.first_day + timedelta(days=place) for place in range(self.days))

    def ago(self, days: int, clock: str = "00:00:00") -> datetime:
        """Return the moment *clock* on the day that lies *days* before the last one."""
        return datetime.combine(self.last_day - timedelta(days=days), time.fromisoformat(clock), BANK_ZONE)

    def business_date(self, start: date, steps: int) -> date:
        """Return the date whose business-day ordinal is exactly *steps* after that of *start*."""
        wanted = self.business_day(start) + steps
        day = start
        while self.business_day(day) < wanted:
            day += timedelta(days=1)
        return day
