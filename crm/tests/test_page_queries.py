"""How many statements a page costs, whoever reads it and however much there is to see: a page that asks for more was changed unawares.

Counts, never times: benchmarks/pages.py measures those. A new panel or badge may raise a number here; a query per row may not.
"""

from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.access.tests.test_grants import grant
from crm.tests.personas import Bank, browser
from customers.models import Customer
from customers.tests.personas import person
from products.models import Account
from products.tests.personas import account_of
from risk.models import Alert
from risk.services import screening
from risk.tests.work import cash_in
from transactions.models import Source, Transaction

pytestmark = pytest.mark.django_db
# What every page costs: session, person, branch, roles, permissions, menu and its badges, the bell; for some how late judging is.
# Beside these: which labelled customers are kept from the reader, asked once a page (ADR 0089).
LABELS = 1
HOMES = {
    "80001": 15,
    "81001": 20,
    "82001": 17,
    "82002": 19,
    "83001": 7,
    "84001": 12,
    "84101": 8,
    "85001": 13,
    "86001": 20,
    "87001": 13,
    "88001": 12,
}
LISTS = {
    ("80001", "customers:customer_list"): 13,
    ("81001", "customers:customer_list"): 16,
    ("82001", "customers:customer_list"): 14,
    ("80001", "transactions:transaction_list"): 14,
    ("81001", "transactions:transaction_list"): 17,
    ("84001", "transactions:transaction_list"): 14,
    ("81001", "products:account_list"): 15,
    ("81001", "risk:alert_list"): 19,
    ("82001", "risk:alert_list"): 18,
    ("82001", "risk:case_list"): 15,
    ("82001", "risk:assessment_list"): 16,
    ("86001", "audit:event_list"): 13,
    ("82002", "approvals:request_list"): 14,
    ("82001", "notify:notices"): 11,
}
SEARCHES = {"张伟": 15, "zhangwei": 22, "6217000133": 24, "13812345678": 28, "110105198603041215": 27, "8821": 23, "T-22222222": 22}


@pytest.fixture
def bank_at_work(bank: Bank, core: Source, zhang_wei: Customer, chen_jing: Customer, li_na: Customer, salary_account: Account) -> Customer:
    """A customer with accounts, transactions, verdicts and alerts, beside others; the branch manager holds a grant outside of Beijing."""
    grant(bank.people["81001"], li_na)
    screening.judge(ids=[row.pk for row in cash_in(salary_account)])
    assert Alert.objects.exists()
    return zhang_wei


def cost(bank: Bank, number: str, path: str, **parameters: Any) -> int:
    """How many statements the page costs, savepoints aside, once what is read once a process was read."""
    client = browser(bank.people[number])
    for _turn in range(2):
        with CaptureQueriesContext(connection) as found:
            answer = client.get(path, parameters, follow=True)
    assert answer.status_code == 200, f"{number} {path}: {answer.status_code}"
    return len([query for query in found.captured_queries if "SAVEPOINT" not in query["sql"]])


def more_of_everything(bank: Bank) -> None:
    """Two more customers with accounts, transactions and alerts."""
    for number in range(2):
        customer = person(bank, f"62170003{number:02}", id_type="passport", id_number=f"E7654321{number}", mobile=f"1371234567{number}")
        account = account_of(customer, f"62220299999912388{number:02}")
        screening.judge(ids=[row.pk for row in cash_in(account, first=10 + 10 * number)])


@pytest.mark.parametrize("number", HOMES)
def test_home_pages(bank: Bank, bank_at_work: Customer, number: str) -> None:
    path = reverse("staff:home")
    before = cost(bank, number, path)
    assert before <= HOMES[number] + LABELS
    more_of_everything(bank)
    assert cost(bank, number, path) == before


@pytest.mark.parametrize(("number", "name"), LISTS)
def test_lists(bank: Bank, bank_at_work: Customer, number: str, name: str) -> None:
    parameters = {"state": "applied"} if name == "approvals:request_list" else {}
    before = cost(bank, number, reverse(name), **parameters)
    assert before <= LISTS[number, name] + LABELS
    more_of_everything(bank)
    assert cost(bank, number, reverse(name), **parameters) == before


@pytest.mark.parametrize("typed", SEARCHES)
def test_the_search_box(bank: Bank, bank_at_work: Customer, typed: str) -> None:
    before = cost(bank, "81001", reverse("ui:search"), q=typed)
    assert before <= SEARCHES[typed] + LABELS
    more_of_everything(bank)
    assert cost(bank, "81001", reverse("ui:search"), q=typed) == before


@pytest.mark.parametrize(
    ("number", "what", "most"),
    [
        ("80001", "customer", 15),
        ("81001", "customer", 19),
        ("82001", "customer", 17),
        ("82001", "account", 16),
        ("82001", "transaction", 15),
        ("81001", "alert", 18),
        ("82001", "alert", 18),
    ],
)
def test_single_things(bank: Bank, bank_at_work: Customer, number: str, what: str, most: int) -> None:
    references = {
        "customer": ("customers:customer", bank_at_work.reference),
        "account": ("products:account", Account.objects.get(customer=bank_at_work).reference),
        "transaction": ("transactions:transaction", Transaction.objects.earliest("pk").reference),
        "alert": ("risk:alert", Alert.objects.earliest("pk").reference),
    }
    name, reference = references[what]
    before = cost(bank, number, reverse(name, args=[reference]))
    assert before <= most + LABELS
    cash_in(Account.objects.get(customer=bank_at_work), first=40)
    assert cost(bank, number, reverse(name, args=[reference])) == before
