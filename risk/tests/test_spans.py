"""How far back spans reach: bounds of index ranges, proved against calendars and clocks."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.calendar.models import BusinessDay
from risk.facts.spans import DAY, MICROSECOND, TIES, BankDay, BusinessDays, DaysBefore, back, order_of

MOMENT = datetime(2026, 2, 24, 16, 30, tzinfo=UTC)


@pytest.mark.django_db
@pytest.mark.parametrize("days", [1, 2, 3, 5, 10, 20, 60])
def test_no_holiday_of_the_shipped_calendar_exceeds_the_bound(days: int) -> None:
    """The oldest day that still belongs to the window, seen from the end of each day of the calendar."""
    ordinals = dict(BusinessDay.objects.values_list("day", "ordinal"))
    first: dict[int, date] = {}
    for day in sorted(ordinals):
        first.setdefault(ordinals[day], day)
    reaches = [day - first[ordinal - days + 1] for day, ordinal in ordinals.items() if ordinal - days + 1 in first]
    assert len(reaches) > 700
    assert (max(reaches) + timedelta(days=1)) // MICROSECOND < BusinessDays(days).reach


@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York", "Australia/Lord_Howe", "Europe/London"])
def test_no_bank_day_exceeds_the_bound(zone: str) -> None:
    days: dict[date, list[datetime]] = {}
    for hours in range(2 * 365 * 24):
        moment = datetime(2025, 1, 1, tzinfo=UTC) + timedelta(hours=hours)
        days.setdefault(moment.astimezone(ZoneInfo(zone)).date(), []).append(moment)
    longest = max(moments[-1] - moments[0] for moments in days.values()) + timedelta(hours=1)
    assert longest // MICROSECOND <= BankDay().reach
    assert DaysBefore(3).reach >= 4 * DAY + (BankDay().reach - DAY)


@given(micros=st.integers(1, 400 * DAY), away=st.sampled_from([-1, 0, 1]), mine=st.integers(0, TIES - 1), its=st.integers(0, TIES - 1))
def test_a_window_is_exact_to_the_microsecond_whatever_the_tie_bits(micros: int, away: int, mine: int, its: int) -> None:
    """``(t − w, t]``: the row w before is out, the one a microsecond later is in."""
    row = order_of(MOMENT - (micros + away) * MICROSECOND, its)
    assert (row >= order_of(MOMENT, mine) - back(micros)) == (away < 0)
