"""The accounts of every test."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from crm.access.actor import IMPORTER
from customers.models import Customer
from products.models import Account
from products.services import NewAccount, open_account


def account_of(customer: Customer, number: str, **changes: Any) -> Account:
    """Record an account; *changes* replace the usual values."""
    values: dict[str, Any] = {
        "number": number,
        "holder_name": customer.name,
        "kind": "class_1" if customer.kind == "person" else "basic",
        "branch_id": customer.opening_branch_id,
        "opened_at": date(2024, 1, 5),
        "reported_balance": Decimal(100000),
    } | changes
    return open_account(actor=IMPORTER, customer=customer, new=NewAccount(**values))


@pytest.fixture
def salary_account(zhang_wei: Customer) -> Account:
    """Zhang Wei's class I account."""
    return account_of(zhang_wei, "6222020000001238821")


@pytest.fixture
def spare_account(zhang_wei: Customer) -> Account:
    """Zhang Wei's class II account."""
    return account_of(zhang_wei, "6222020000004560015", kind="class_2")


@pytest.fixture
def shanghai_account(li_na: Customer) -> Account:
    """Li Na's account, out of reach for Beijing."""
    return account_of(li_na, "6222020000007890023")


@pytest.fixture
def company_account(yuanhang: Customer) -> Account:
    """The organisation's basic account."""
    return account_of(yuanhang, "1100012233445566")
