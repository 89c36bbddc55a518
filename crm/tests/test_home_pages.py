"""What stands on each role's first page at nine in the morning: one's own work, with the way to it, and nobody else's.

Requirements: R259.
"""

import re
from datetime import date, timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from crm.access.actor import SYSTEM
from crm.calendar.services import today
from crm.staff import tiles
from crm.staff.models import User
from crm.tests.personas import Bank, browser
from customers.models import Customer
from customers.tests.personas import person
from products.choices import FreezeKind
from products.models import Account
from products.services import place_freeze
from risk.models import Alert
from risk.services import screening
from risk.tests.work import cash_in
from transactions.models import Source, Transaction

pytestmark = pytest.mark.django_db


def home(reader: User) -> str:
    answer = browser(reader).get("/")
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def alert(core: Source, salary_account: Account) -> Alert:
    """The most urgent of what four deposits just below the limit raised, in Beijing."""
    screening.judge(ids=[row.pk for row in cash_in(salary_account)])
    found = Alert.objects.order_by("-priority").first()
    assert found is not None
    return found


def test_alerts_stand_on_the_pages_of_those_who_may_see_them(
    alert: Alert, zhou_min: User, branch_manager: User, other_branch_manager: User, sun_yue: User
) -> None:
    address = reverse("risk:alert", args=[alert.reference])
    assert address in home(zhou_min)
    assert address in home(branch_manager)
    assert address not in home(other_branch_manager)
    assert address not in home(sun_yue)
    assert "Most urgent alerts" not in home(sun_yue)


def _labels(page: str, title: str) -> list[str]:
    """The lines of one box."""
    box = page[page.index(f">{title}<") :]
    box = box[: box.index("</section>")]
    return re.findall(r'<li[^>]*><a href="[^"]*">([^<]+)</a>', box)


def test_birthdays_are_of_own_customers_and_near(bank: Bank, sun_yue: User) -> None:
    def born(ahead: int) -> date:
        day = today() + timedelta(days=ahead)
        return date(1984, day.month, day.day)

    colleague = bank.people["80002"]
    cases: list[tuple[str, int, Any]] = [("今日", 0, sun_yue), ("近日", 13, sun_yue), ("远日", 14, sun_yue), ("他人", 1, colleague)]
    for place, (name, ahead, manager) in enumerate(cases):
        person(
            bank,
            f"62170009{place:02d}",
            name=name,
            id_type="passport",
            id_number=f"E1234567{place}",
            birth_date=born(ahead),
            manager=manager,
        )
    assert _labels(home(sun_yue), "Birthdays") == ["今日", "近日"]


def test_stopped_payments_stand_with_who_serves_the_customer(
    core: Source, salary_account: Account, sun_yue: User, other_branch_manager: User
) -> None:
    row = cash_in(salary_account)[0]
    Transaction.objects.filter(pk=row.pk).update(status="held", received_at=timezone.now())
    address = reverse("transactions:transaction", args=[row.reference])
    assert address in home(sun_yue)
    assert address not in home(other_branch_manager)


def test_freezes_to_confirm_stand_with_those_who_confirm(zhang_wei: Customer, zhou_min: User, sun_yue: User) -> None:
    freeze = place_freeze(actor=SYSTEM, customer=zhang_wei, kind=FreezeKind.PAYMENT_STOP, reason="structured cash")
    address = reverse("products:freeze", args=[freeze.reference])
    assert address in home(zhou_min)
    assert address not in home(sun_yue)


@pytest.mark.parametrize("number", ["80001", "81001", "82001", "82002", "84001", "84101", "85001", "86001", "87001", "88001"])
def test_nobody_stands_before_an_empty_page(bank: Bank, number: str) -> None:
    page = home(bank.people[number])
    assert 'class="figure"' in page or 'class="lines' in page


def test_a_box_without_a_list_offers_none(bank: Bank) -> None:
    page = home(bank.people["82001"])
    assert page.count("panel-link") == sum(bool(tile.url_name) for tile in tiles.registered() if tile.key in ("risk.urgent", "risk.cases"))
