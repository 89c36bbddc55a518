"""At one in the night in Beijing it is today there, whatever the day in Greenwich."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from crm.access.actor import SYSTEM
from crm.calendar.services import today
from crm.staff.models import User
from crm.tests.personas import browser
from customers.models import Customer
from products.forms import AccountForm, FreezeForm
from products.models import Account, Freeze
from products.services import change_account

pytestmark = pytest.mark.django_db
ONE_IN_THE_NIGHT = datetime(2026, 11, 22, 17, 0, tzinfo=UTC)
"""1:00 on the 23rd in Beijing."""
TODAY = date(2026, 11, 23)


@pytest.fixture
def night(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the clock stand at one in the night."""
    monkeypatch.setattr(timezone, "now", lambda: ONE_IN_THE_NIGHT)
    assert today() == TODAY


@pytest.mark.usefixtures("night")
def test_an_account_opened_today_is_not_of_the_future(zhang_wei: Customer) -> None:
    def errors(day: date) -> object:
        return AccountForm({"number": "6222020000001238821", "opened_at": day.isoformat()}, customer=zhang_wei).errors.get("opened_at")

    assert errors(TODAY) is None
    assert errors(TODAY + timedelta(days=1))


@pytest.mark.usefixtures("night")
def test_the_form_offers_today(zhang_wei: Customer, sun_yue: User, monkeypatch: pytest.MonkeyPatch) -> None:
    page = browser(sun_yue).get(reverse("products:account_open", args=[zhang_wei.reference]))
    assert page.context["form"]["opened_at"].value() == TODAY


def test_an_account_closed_at_night_is_closed_today(salary_account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not yesterday: yesterday's late transactions still belong to an open account."""
    monkeypatch.setattr(timezone, "now", lambda: ONE_IN_THE_NIGHT)
    closed = change_account(actor=SYSTEM, account=salary_account, version=1, status="closed", kind="class_1", reason="核心已销户")
    assert closed.closed_at == TODAY


def test_the_end_of_a_freeze_is_typed_on_the_banks_clock(salary_account: Account, zhou_min: User) -> None:
    """Six in the evening is six in the evening in Beijing."""
    values = {"kind": "payment_stop", "authority": "own", "reason": "until six pm", "valid_until": "2027-01-05T18:00"}
    page = reverse("products:account_freeze", args=[salary_account.reference])
    assert browser(zhou_min).post(page, values).status_code == 302
    freeze = Freeze.objects.get()
    assert freeze.valid_until == datetime(2027, 1, 5, 10, 0, tzinfo=UTC)
    shown = browser(zhou_min).get(reverse("products:freeze", args=[freeze.reference])).content.decode()
    assert "2027-01-05 18:00" in shown


@pytest.mark.usefixtures("night")
def test_an_end_one_hour_ahead_is_not_in_the_past() -> None:
    def errors(typed: str) -> object:
        form = FreezeForm({"kind": "payment_stop", "authority": "own", "reason": "until then", "valid_until": typed})
        return form.errors.get("valid_until")

    assert errors("2026-11-23T02:00") is None
    assert errors("2026-11-23T00:59")
