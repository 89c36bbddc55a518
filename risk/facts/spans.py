"""How far back a fact looks, and the one number that orders events."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from risk.facts.errors import DefinitionError

STRIDE = 4096
TIES = 2048
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)
MINUTE = 60_000_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
MAX_DAYS = 400
# A bank day lasts 25 hours where clocks are set back; the margin only bounds an index range, the day itself is compared.
DAY_MARGIN = 2 * HOUR


def order_of(moment: datetime, tie: int = 0) -> int:
    """Return the place of a moment in the order of events."""
    return ((moment - EPOCH) // MICROSECOND) * STRIDE + tie


def back(micros: int) -> int:
    """Return how far ``(t − micros, t]`` reaches back in event order, exactly, whatever the tie bits of both events.

    A row counts when its microsecond ≥ t − micros + 1. With ties below 2048 in a stride of 4096, the first order that
    counts is at least current − offset + 1 and the last that does not is at most current − offset − 1.
    """
    return (micros - 1) * STRIDE + TIES


@dataclass(frozen=True)
class Sliding:
    """``(t − micros, t]`` in event time, to the microsecond; or, for what is known only later, ``(t − ago − micros, t − ago]``.

    A window that ended some time ago never holds the event itself, and needs no tie-break: all of one microsecond are in it or none.
    """

    micros: int
    ago: int = 0

    @property
    def reach(self) -> int:
        """Return how many microseconds before the event a counted row can lie, at most."""
        return self.ago + self.micros

    def to_json(self) -> dict[str, Any]:
        """Return the span as data."""
        length: dict[str, Any] = _length(self.micros)
        return {**length, "ago": _length(self.ago)} if self.ago else length


@dataclass(frozen=True)
class BankDay:
    """The bank's calendar day of the event, up to the event."""

    @property
    def reach(self) -> int:
        """Return the longest day."""
        return DAY + DAY_MARGIN

    def to_json(self) -> dict[str, int]:
        """Return the span as data."""
        return {"bank_days": 1}


@dataclass(frozen=True)
class DaysBefore:
    """The ``days`` bank days before the bank day of the event: a habit, which today cannot have changed."""

    days: int

    @property
    def reach(self) -> int:
        """Return the days and today."""
        return (self.days + 1) * DAY + DAY_MARGIN

    def to_json(self) -> dict[str, int]:
        """Return the span as data."""
        return {"days_before": self.days}


@dataclass(frozen=True)
class BusinessDays:
    """The last ``days`` business days, the event's own up to the event; a holiday belongs to the business day before it."""

    days: int

    @property
    def reach(self) -> int:
        """Return a bound that no calendar exceeds: holidays of at most three weeks in every ten business days.

        ``risk/tests/test_spans.py`` proves it against the calendar the product ships; the day itself is compared exactly.
        """
        return (2 * self.days + 21) * DAY

    def to_json(self) -> dict[str, int]:
        """Return the span as data."""
        return {"business_days": self.days}


Span = Sliding | BankDay | DaysBefore | BusinessDays
LENGTHS = {"minutes": MINUTE, "hours": HOUR, "days": DAY}


def _length(micros: int) -> dict[str, int]:
    """Return a length in its greatest unit."""
    unit = next(unit for unit in ("days", "hours", "minutes") if micros % LENGTHS[unit] == 0)
    return {unit: micros // LENGTHS[unit]}


def _counted(data: Any) -> tuple[str, int]:
    if not isinstance(data, dict) or len(data) != 1:
        raise DefinitionError("fact", data)
    unit, count = next(iter(data.items()))
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise DefinitionError("fact", data)
    return unit, count


def _sliding(data: dict[str, Any]) -> Sliding:
    """Return the sliding window of ``{"days": 7}`` or ``{"days": 7, "ago": {"hours": 36}}``."""
    lengths = [_counted({unit: count for unit, count in data.items() if unit != "ago"})]
    if "ago" in data:
        lengths.append(_counted(data["ago"]))
    if any(unit not in LENGTHS for unit, _count in lengths):
        raise DefinitionError("fact", data)
    return Sliding(*(count * LENGTHS[unit] for unit, count in lengths))


def span_of(data: Any) -> Span:
    """Return the span that data such as ``{"days": 7}`` describes."""
    unit, count = ("ago", 0) if isinstance(data, dict) and "ago" in data else _counted(data)
    span: Span
    if unit == "ago" or unit in LENGTHS:
        span = _sliding(data)
    elif unit == "bank_days" and count == 1:
        span = BankDay()
    elif unit == "days_before":
        span = DaysBefore(count)
    elif unit == "business_days" and count <= 60:
        span = BusinessDays(count)
    else:
        raise DefinitionError("fact", data)
    if span.reach > (MAX_DAYS + 2) * DAY:
        raise DefinitionError("fact", data)
    return span
