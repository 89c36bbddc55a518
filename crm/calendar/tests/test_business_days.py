"""Bank dates and business days of the shipped calendar, and changes to it."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
import time_machine
from django.core.management import CommandError, call_command
from hypothesis import example, given
from hypothesis import strategies as st

from crm.access import roles
from crm.access.actor import SYSTEM
from crm.access.errors import Refused
from crm.access.reach import Reach
from crm.calendar import days as listed
from crm.calendar import services
from crm.calendar.models import BusinessDay
from crm.log.models import Event

D = date.fromisoformat
NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def fresh() -> None:
    services.forget()


@pytest.fixture
def system_may(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roles, "_table", [lambda codes, permission: Reach.ALL])


@pytest.mark.parametrize(
    ("moment", "day"),
    [
        ("2026-11-20T15:59:59.999999+00:00", "2026-11-20"),
        ("2026-11-20T16:00:00+00:00", "2026-11-21"),
        ("2026-11-21T00:00:00+08:00", "2026-11-21"),
        ("2026-11-20T11:30:00-05:00", "2026-11-21"),
    ],
)
def test_bank_date_is_the_day_in_the_banks_zone(moment: str, day: str) -> None:
    assert services.bank_date(datetime.fromisoformat(moment)) == D(day)


def test_a_moment_without_zone_has_no_bank_date() -> None:
    with pytest.raises(ValueError, match="zone"):
        services.bank_date(datetime(2026, 11, 21))


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("day", "works"),
    [
        ("2024-02-04", True),  # Sunday before the Spring Festival, a make-up day
        ("2024-02-12", False),
        ("2025-01-26", True),
        ("2025-10-08", False),  # Mid-Autumn and National Day together
        ("2025-10-11", True),
        ("2026-01-04", True),
        ("2026-02-23", False),
        ("2026-02-28", True),
        ("2026-09-20", True),
        ("2026-11-20", True),
        ("2026-11-21", False),
    ],
)
def test_holidays_and_make_up_days(day: str, works: bool) -> None:
    assert services.is_business_day(D(day)) is works


@pytest.mark.django_db
def test_business_days_of_the_years_and_where_they_come_from() -> None:
    """251, 248 and 248 are the working days that the notices leave."""
    counts = [BusinessDay.objects.filter(day__year=year, is_business=True).count() for year in (2024, 2025, 2026)]
    assert counts == [251, 248, 248]
    assert BusinessDay.objects.get(day="2026-10-01").source.startswith("国办发明电")
    assert not BusinessDay.objects.filter(day__year__lte=2026, is_provisional=True).exists()
    assert not BusinessDay.objects.filter(day__year=2027, is_provisional=False).exists()


@pytest.mark.django_db
def test_add_business_days() -> None:
    assert services.add_business_days(D("2026-11-20"), 5) == D("2026-11-27")
    assert services.add_business_days(D("2026-11-21"), 1) == D("2026-11-23")  # Saturday
    assert services.add_business_days(D("2026-11-21"), 0) == D("2026-11-20")
    assert services.add_business_days(D("2026-11-22"), -1) == D("2026-11-20")
    assert services.add_business_days(D("2026-11-23"), -1) == D("2026-11-20")
    assert services.add_business_days(D("2026-09-30"), 5) == D("2026-10-13")  # over National Day and its make-up day


@pytest.fixture
def table(db: None) -> dict[date, bool]:
    return dict(BusinessDay.objects.values_list("day", "is_business"))


@pytest.mark.django_db
def test_ordinals_count_business_days_for_every_pair_of_days(table: dict[date, bool]) -> None:
    """Oracle: counting one by one."""

    @given(st.dates(D("2024-01-01"), D("2027-12-31")), st.integers(0, 60))
    def check(first: date, length: int) -> None:
        last = min(first + timedelta(days=length), D("2027-12-31"))
        counted = sum(table[first + timedelta(days=place)] for place in range(1, (last - first).days + 1))
        assert services.business_day(last) - services.business_day(first) == counted

    check()


@pytest.mark.django_db
def test_adding_and_counting_agree_inside_and_outside_the_table() -> None:
    @given(st.dates(D("2019-01-01"), D("2033-12-31")), st.integers(1, 700))
    @example(D("2023-12-28"), 1)
    @example(D("2023-12-29"), 1)  # the table begins with a holiday
    def check(day: date, count: int) -> None:
        later = services.add_business_days(day, count)
        assert services.is_business_day(later)
        assert services.business_day(later) - services.business_day(day) == count

    check()


@pytest.mark.django_db
@time_machine.travel(NOW, tick=False)
def test_changing_a_future_day_renumbers_what_follows(system_may: None) -> None:
    before = services.business_day(D("2026-12-31"))
    services.change_day(actor=SYSTEM, day=D("2026-12-28"), is_business=False, note="系统切换")
    services.forget()
    assert services.business_day(D("2026-12-31")) == before - 1
    assert services.business_day(D("2026-12-25")) == before - 4
    assert Event.objects.get(action="calendar.day_changed").data["is_business"] == [True, False]
    with pytest.raises(services.DayIsPast):
        services.change_day(actor=SYSTEM, day=D("2026-11-21"), is_business=True, note="x")


@pytest.mark.django_db
def test_nobody_changes_days_without_the_permission(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roles, "_table", [lambda codes, permission: Reach.NONE])
    with pytest.raises(Refused):
        services.change_day(actor=SYSTEM, day=D("2026-12-28"), is_business=False, note="x")


@pytest.mark.django_db
@time_machine.travel(NOW, tick=False)
def test_alarm_sixty_days_before_the_published_calendar_ends(system_may: None, tmp_path: Path) -> None:
    assert services.coverage(D("2026-11-01")).alarm
    assert not services.coverage(D("2026-10-31")).alarm
    path = tmp_path / "2027.csv"
    path.write_text("first,last,kind,note,source\n2027-01-01,2027-01-03,holiday,元旦,test notice\n", encoding="utf-8")
    call_command("load_business_days", str(path))
    services.forget()
    assert services.coverage().last_known == D("2027-12-31")
    assert not services.coverage().alarm
    assert not services.is_business_day(D("2027-01-01"))
    assert services.business_day(D("2027-01-04")) == services.business_day(D("2026-12-31")) + 1


@pytest.mark.django_db
@time_machine.travel(NOW, tick=False)
@pytest.mark.parametrize(
    "text",
    [
        "first,last,kind,note,source\n2026-01-05,2026-01-05,holiday,x,y\n",  # changes the past
        "first,last,kind,note,source\n2029-01-01,2029-01-01,holiday,x,y\n",  # leaves a gap
        "first,last,kind,note,source\n2027-01-01,2027-01-01,feast,x,y\n",
        "first,last,kind,note,source\n",
        "a,b\n1,2\n",
    ],
)
def test_a_bad_file_changes_nothing(system_may: None, tmp_path: Path, text: str) -> None:
    before = list(BusinessDay.objects.values_list())
    path = tmp_path / "days.csv"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(CommandError):
        call_command("load_business_days", str(path))
    assert list(BusinessDay.objects.values_list()) == before


@given(st.dates(D("1900-01-01"), D("2100-01-01")), st.integers(-400, 400))
def test_weekdays_between(first: date, length: int) -> None:
    last = first + timedelta(days=length)
    low, high = min(first, last), max(first, last)
    counted = sum((low + timedelta(days=place)).weekday() < 5 for place in range(1, (high - low).days + 1))
    assert listed.weekdays_between(first, last) == (counted if length >= 0 else -counted)
