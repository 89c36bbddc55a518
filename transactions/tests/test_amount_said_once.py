"""A transaction's page names its currency once beside the amount (R041)."""

import re
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils.html import strip_tags

from crm.staff.models import User
from crm.tests.personas import browser
from products.models import Account
from transactions.models import Source
from transactions.tests.personas import recorded


@pytest.mark.django_db
@pytest.mark.parametrize("currency", ["USD", "CNY"])
def test_the_currency_stands_once_beside_the_amount(core: Source, salary_account: Account, supervisor: User, currency: str) -> None:
    row = recorded(salary_account, "once", source="core", amount=Decimal(200_000), currency=currency)
    page = browser(supervisor).get(reverse("transactions:transaction", args=[row.reference])).content.decode()
    told = re.search(r"<dt>Amount</dt>\s*<dd[^>]*>(.*?)</dd>", page, re.DOTALL)
    assert told is not None
    text = strip_tags(told[1])
    assert "200,000.00" in text
    assert text.count(currency) == 1
