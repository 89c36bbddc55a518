"""The verdict panel of a transaction links its rules for those who may read them, and says why a hold became a review (R127)."""

from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse

from crm.staff.models import User
from crm.tests.personas import browser
from products.models import Account
from risk.choices import Label
from risk.models import Alert, Assessment
from risk.services import screening
from risk.services.softened import asked_of
from transactions.models import Source, Transaction
from transactions.tests.personas import NOON, recorded

pytestmark = pytest.mark.django_db
SAID = "The rules ask for “Hold”. The money had moved when this was judged, so the verdict is “Review” and a freeze is proposed."


def withdrawn(account: Account, source: str, **changes: Any) -> Transaction:
    values = {"amount": Decimal(60_000), "kind": "withdrawal", "occurred_at": NOON, **changes}
    row = recorded(account, "panel", source=source, **values)
    screening.judge(ids=[row.pk])
    return row


def page(person: User, row: Transaction) -> str:
    return browser(person).get(reverse("transactions:transaction", args=[row.reference])).content.decode()


def test_a_hold_on_money_that_had_moved_is_explained(core: Source, salary_account: Account, supervisor: User) -> None:
    row = withdrawn(salary_account, "core")
    verdict = Assessment.objects.get(transaction=row)
    assert verdict.label == Label.REVIEW
    assert asked_of(verdict, row) == Label.HOLD
    assert SAID in page(supervisor, row)


def test_a_hold_that_held_needs_no_word(mobile: Source, salary_account: Account, supervisor: User) -> None:
    row = withdrawn(salary_account, "mobile")
    verdict = Assessment.objects.get(transaction=row)
    assert verdict.label == Label.HOLD
    assert asked_of(verdict, row) is None
    assert "The rules ask for" not in page(supervisor, row)


def test_a_freeze_that_a_rule_proposes_by_itself_is_no_softened_hold(core: Source, company_account: Account, supervisor: User) -> None:
    recorded(company_account, "in", source="core", amount=Decimal(80_000), direction="C", occurred_at=NOON)
    row = withdrawn(company_account, "core", amount=Decimal(76_000), kind="transfer")
    screening.judge(ids=screening.owed_ids())
    verdict = Assessment.objects.filter(transaction=row).latest("revision")
    assert "propose_freeze" in verdict.actions
    assert asked_of(verdict, row) is None


def test_enough_points_ask_for_a_hold_as_well(core: Source, salary_account: Account) -> None:
    """No rule said hold; their points together did."""
    row = withdrawn(salary_account, "core", amount=Decimal(10), kind="transfer")
    verdict = Assessment.objects.get(transaction=row)
    verdict.label, verdict.actions = Label.REVIEW, ["alert", "propose_freeze"]
    assert asked_of(verdict, row) == Label.HOLD
    verdict.actions = ["alert"]
    assert asked_of(verdict, row) is None


def test_a_rule_that_hit_is_a_link_with_its_version_for_those_who_may_read_rules(
    core: Source, salary_account: Account, supervisor: User, branch_manager: User
) -> None:
    row = withdrawn(salary_account, "core")
    address = reverse("risk:rule", args=["large-withdrawal"])
    link = f'<a href="{address}">Large or draining withdrawal</a>'
    seen, unlinked = page(supervisor, row), page(branch_manager, row)
    assert f'{link} <span class="quiet">v1</span>' in seen
    assert address not in unlinked
    assert 'Large or draining withdrawal <span class="quiet">v1</span>' in unlinked
    assert Alert.objects.filter(rule__code="large-withdrawal").exists()


def test_the_rule_page_says_what_happens_to_money_that_has_moved(supervisor: User) -> None:
    signed_in = browser(supervisor)
    texts = {code: signed_in.get(reverse("risk:rule", args=[code])).content.decode() for code in ("large-withdrawal", "structuring")}
    assert ["neither held nor declined" in texts[code] for code in ("large-withdrawal", "structuring")] == [True, False]
