"""Stretches of bank days as moments."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.conf import settings


@dataclass(frozen=True)
class Span:
    """The bank days from *first* to *last*, both included, whoever reads and wherever."""

    first: date
    last: date

    @property
    def begins(self) -> datetime:
        """Return the first moment."""
        return _midnight(self.first)

    @property
    def ends(self) -> datetime:
        """Return the first moment that no longer belongs to it."""
        return _midnight(self.last + timedelta(days=1))

    @property
    def days(self) -> list[date]:
        """Return every day."""
        return [self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1)]


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time.min, tzinfo=ZoneInfo(settings.BANK_ZONE))


def today(now: datetime) -> date:
    """Return the bank's day at a moment."""
    return now.astimezone(ZoneInfo(settings.BANK_ZONE)).date()


def month_before(day: date) -> Span:
    """Return the calendar month before the one of *day*."""
    last = day.replace(day=1) - timedelta(days=1)
    return Span(last.replace(day=1), last)
