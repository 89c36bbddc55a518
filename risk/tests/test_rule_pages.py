"""The pages of rules and of the large-value register.

Requirements: R215.
"""

from decimal import Decimal

import pytest
from django.test import Client
from django.urls import reverse

from crm.log.models import Event
from crm.staff.models import User
from crm.tests.personas import browser
from products.models import Account
from risk.models import LargeValueRow, Rule
from risk.services import screening
from transactions.models import Source
from transactions.tests.personas import recorded

pytestmark = pytest.mark.django_db


@pytest.fixture
def officer(zhou_min: User) -> Client:
    return browser(zhou_min)


def test_every_rule_is_shown_in_words_and_each_look_is_logged(officer: Client) -> None:
    page = officer.get(reverse("risk:rule_list"))
    assert page.status_code == 200
    for rule in Rule.objects.all():
        before = Event.objects.filter(action="rule.viewed").count()
        page = officer.get(reverse("risk:rule", args=[rule.code]))
        assert page.status_code == 200
        assert Event.objects.filter(action="rule.viewed").count() == before + 1


def test_a_relationship_manager_sees_no_rules(sun_yue: User) -> None:
    client = browser(sun_yue)
    assert client.get(reverse("risk:rule_list")).status_code == 403
    assert client.get(reverse("risk:register")).status_code == 403


def test_a_register_row_is_exempted_on_its_page(officer: Client, core: Source, salary_account: Account) -> None:
    row = recorded(salary_account, source="core", amount=Decimal(60_000), instrument="cash", kind="deposit", direction="C")
    screening.judge(ids=[row.pk])
    entry = LargeValueRow.objects.get()
    assert officer.get(reverse("risk:register")).status_code == 200
    assert row.reference in officer.get(reverse("risk:register_row", args=[entry.reference])).content.decode()
    exempt = reverse("risk:register_exempt", args=[entry.reference])
    assert officer.post(exempt, {"ground": "other", "reason": ""}).status_code == 200
    officer.post(exempt, {"ground": "other", "reason": "Branch's own cash"})
    entry.refresh_from_db()
    assert (entry.state, entry.exemption_reason) == ("exempt", "Branch's own cash")
    officer.post(reverse("risk:register_reopen", args=[entry.reference]), {"reason": "A mistake"})
    officer.post(reverse("risk:register_reported", args=[entry.reference]))
    entry.refresh_from_db()
    assert entry.state == "reported"
