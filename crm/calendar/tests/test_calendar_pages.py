"""The calendar's pages."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
import time_machine

from crm.calendar import services
from crm.calendar.models import BusinessDay
from crm.log.models import Event
from crm.staff.models import User
from crm.tests.personas import browser


@pytest.fixture(autouse=True)
def fresh() -> None:
    services.forget()


def test_the_year_shows_what_differs_and_where_it_comes_from(operations: User) -> None:
    with time_machine.travel(datetime(2026, 11, 21, 4, tzinfo=UTC), tick=False):
        page = browser(operations).get("/calendar/").content.decode()
    assert "2026-10-10" in page
    assert "国办发明电" in page
    assert "2026-11-20" not in page
    assert "load_business_days" in page  # the alarm


@pytest.mark.parametrize("year", ["2027", "1999", "x", "２０２６", "2026000"])
def test_odd_years_do_no_harm(operations: User, year: str) -> None:
    assert browser(operations).get("/calendar/", {"year": year}).status_code == 200


def test_operations_change_a_day_to_come_and_nobody_else(operations: User, sun_yue: User, auditor: User) -> None:
    values = {"day": "2027-03-08", "works": "no", "note": "系统切换"}
    assert browser(sun_yue).post("/calendar/change/", values).status_code == 403
    assert browser(auditor).post("/calendar/change/", values).status_code == 403
    assert BusinessDay.objects.get(day=date(2027, 3, 8)).is_business
    assert browser(operations).post("/calendar/change/", values).status_code == 302
    assert not BusinessDay.objects.get(day=date(2027, 3, 8)).is_business
    assert Event.objects.get(action="calendar.day_changed").actor_number == "84001"


@pytest.mark.parametrize("values", [{"day": "2024-03-08"}, {"day": "2099-01-01"}, {"day": "x"}, {"note": ""}])
def test_a_refused_change_is_told_on_the_form(operations: User, values: dict[str, Any]) -> None:
    before = list(BusinessDay.objects.values_list())
    answer = browser(operations).post("/calendar/change/", {"day": "2027-03-08", "works": "no", "note": "x", **values})
    assert answer.status_code == 200
    assert list(BusinessDay.objects.values_list()) == before


def test_rates_say_what_they_are(operations: User, sun_yue: User) -> None:
    page = browser(operations).get("/rates/").content.decode()
    assert "USD" in page
    assert "demonstration" in page
    assert browser(sun_yue).get("/rates/").status_code == 403
