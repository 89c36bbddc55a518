"""The banner of late verdicts and the pages of what was taken back, in a browser: they fit a desk and a phone, in both themes."""

import os
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page

from crm.staff.models import User
from crm.ui.tests.browser import chromium, fits, open_page
from products.models import Account
from risk.tests.test_failing_rules import DIVIDES
from risk.tests.test_slow_rules import rule_of
from risk.tests.test_taken_back import judge_all
from transactions.models import Source, Transaction
from transactions.tests.personas import NOON, recorded

__all__ = ["chromium", "open_page"]
pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SHOTS = os.environ.get("CRM_SHOTS", "")


def test_the_pages_fit_and_say_it(open_page: Callable[..., Page], core: Source, salary_account: Account, supervisor: User) -> None:
    rule_of("divider", DIVIDES)
    common = {"source": "core", "direction": "C", "instrument": "cash", "kind": "deposit"}
    later = recorded(salary_account, 9, amount=Decimal(7), occurred_at=NOON + timedelta(hours=2), **common)
    judge_all()
    recorded(salary_account, 1, amount=Decimal(300), occurred_at=NOON, **common)
    judge_all()
    waits = recorded(salary_account, 20, source="core")
    Transaction.objects.filter(pk=waits.pk).update(owed_since=timezone.now() - timedelta(minutes=75))
    pages = {
        "queue": (reverse("risk:alert_list"), "Judging is delayed"),
        "rule": (reverse("risk:rule", args=["divider"]), "This version fails"),
        "transaction": (reverse("transactions:transaction", args=[later.reference]), "What changed from judgement 1 to 2"),
    }
    for width, theme in ((1366, "light"), (390, "dark")):
        for name, (address, said) in pages.items():
            page = open_page(address, user=supervisor, width=width, theme=theme, language="en")
            assert said in page.inner_text("main")
            assert fits(page), (name, width)
            if SHOTS:
                page.screenshot(path=f"{SHOTS}/{name}-{width}-{theme}.png", full_page=True)
