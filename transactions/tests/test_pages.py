"""Pages: who sees which transactions, one form one transaction, why a payment was refused is not told to everybody.

Requirements: R090, R120.
"""

import re
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from crm.lists.testing import check_list
from crm.log.models import Event
from crm.staff.models import User
from crm.tests.personas import as_actor, browser
from crm.ui.search import Query
from products.models import Account
from transactions.choices import Status
from transactions.models import FileImport, Source, Transaction
from transactions.providers import find_transactions
from transactions.services import imports
from transactions.tests.personas import recorded
from transactions.tests.test_refusals import freeze
from transactions.tests.test_statuses import hold_row
from transactions.views.lists import ImportList, TransactionList

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("mobile")]
NEW = "/transactions/new/"
SENTENCE = "opening branch with an identity document"


def english(user: User) -> Client:
    """A browser whose reader reads English."""
    User.objects.filter(pk=user.pk).update(language="en")
    return browser(user)


def page_of(row: Transaction) -> str:
    """The address of a transaction."""
    return reverse("transactions:transaction", args=[row.reference])


def test_the_list_keeps_its_promises(salary_account: Account, shanghai_account: Account, sun_yue: User) -> None:
    """Flat queries, whole paging, bad parameters refused; nothing of another branch."""
    foreign = recorded(shanghai_account, 99)
    check_list(TransactionList(), path="/transactions/", user=sun_yue, make_row=lambda n: recorded(salary_account, n))
    text = browser(sun_yue).get("/transactions/").content.decode()
    assert foreign.reference not in text
    assert all(row.reference in text for row in Transaction.objects.filter(account=salary_account))


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("day_from=2026-11-20&day_to=2026-11-20", {"1", "2"}),
        ("amount_min=200", {"2"}),
        ("direction=C", {"2"}),
        ("status=held", {"1"}),
        ("channel=atm", {"2"}),
        ("kind=transfer", {"1"}),
        ("cross_border=on", {"2"}),
        ("transfer=TR-7", {"2"}),
        ("source=mobile", {"1", "2"}),
        ("q=M-1", {"1"}),
        ("q=TR-7", {"2"}),
        ("q=8821", {"1", "2"}),
        ("q=%E5%BC%A0%E4%BC%9F", {"1", "2"}),
        ("q=nothing", set()),
        ("counterparty=%E7%8E%8B", {"1", "2"}),
        ("account=A-22222222", set()),
    ],
)
def test_filters(salary_account: Account, sun_yue: User, condition: str, found: set[str]) -> None:
    """R095: by date, amount, side, status, kind, channel, account and transfer."""
    hold_row(recorded(salary_account, 1))
    recorded(salary_account, 2, direction="C", amount=Decimal(300), kind="deposit", channel="atm", cross_border=True, transfer_id="TR-7")
    text = browser(sun_yue).get(f"/transactions/?{condition}").content.decode()
    assert {row.external_id[2:] for row in Transaction.objects.all() if row.reference in text} == found


def test_the_file_list_keeps_its_promises(operations: User, core: Source) -> None:
    """The same promises for files."""

    def make(n: int) -> FileImport:
        content = [f"交易流水号,账号\nL{n},1".encode()]
        return imports.take_in(actor=as_actor(operations), source=core, file_name=f"{n}.csv", pieces=content)

    check_list(ImportList(), path="/transactions/files/", user=operations, make_row=make)


def test_looking_is_written_down_and_out_of_reach_is_not_found(salary_account: Account, sun_yue: User, other_manager: User) -> None:
    """R092; a poll is no look and no activity."""
    row = recorded(salary_account)
    client = browser(sun_yue)
    text = client.get(page_of(row)).content.decode()
    assert row.counterparty_name in text
    assert "6217000010001234567" not in text
    assert client.get(f"{page_of(row)}status/").status_code == 200
    assert Event.objects.filter(action="transaction.viewed", target_ref=row.reference).count() == 1
    for path in (page_of(row), f"{page_of(row)}status/"):
        assert browser(other_manager).get(path).status_code == 404
    assert browser(other_manager).get(f"{page_of(row)}act/release/").status_code == 403


def test_the_status_asks_for_itself_until_it_is_final(salary_account: Account, sun_yue: User) -> None:
    """R094: live while something may still happen, quiet afterwards."""
    row = recorded(salary_account)
    client = browser(sun_yue)
    assert "hx-get" in client.get(f"{page_of(row)}status/").content.decode()
    Transaction.objects.filter(pk=row.pk).update(status=Status.COMPLETED)
    assert "hx-get" not in client.get(f"{page_of(row)}status/").content.decode()


def test_a_refusal_is_explained_to_risk_only(salary_account: Account, sun_yue: User, zhou_min: User) -> None:
    """No tipping-off: the relationship manager reads the standard sentence, the officer the freeze."""
    placed = freeze(salary_account)
    row = recorded(salary_account)
    told = english(sun_yue).get(page_of(row)).content.decode()
    assert SENTENCE in told
    assert placed.reference not in told
    assert "freeze" not in told.lower().split("<main", 1)[1].replace("freezes", "")
    known = english(zhou_min).get(page_of(row)).content.decode()
    assert placed.reference in known
    assert SENTENCE not in known


def form_of(client: Client, held: Account, /, **changes: Any) -> dict[str, Any]:
    """What a person fills in, with the token of a freshly opened form."""
    token = re.search(r'name="token" value="([0-9a-f]{32})"', client.get(NEW).content.decode())
    assert token
    return {
        "token": token[1],
        "account": held.reference,
        "direction": "D",
        "amount": "1,234.50",
        "currency": "CNY",
        "occurred_at": "2026-11-20T10:00:00",
        "kind": "transfer",
        "instrument": "transfer",
        "channel": "counter",
        "counterparty_name": "王芳",
        "counterparty_country": "CN",
        "customer_initiated": "on",
    } | changes


def test_a_form_sent_twice_is_one_transaction(salary_account: Account, sun_yue: User) -> None:
    """The same page again; other content under the same form is refused in words."""
    client = browser(sun_yue)
    filled = form_of(client, salary_account)
    first, again = client.post(NEW, filled), client.post(NEW, filled)
    row = Transaction.objects.get()
    assert first["Location"] == again["Location"] == page_of(row)
    assert (row.source.code, row.operator, str(row.amount.normalize())) == ("crm", "80001", "1234.5")
    assert row.occurred_at.isoformat() == "2026-11-20T02:00:00+00:00"
    clash = client.post(NEW, filled | {"amount": "9"})
    assert (clash.status_code, Transaction.objects.count()) == (200, 1)
    other = client.post(NEW, form_of(client, salary_account))
    assert other["Location"] != page_of(row)


@pytest.mark.parametrize(
    "changes",
    [
        {"amount": "１２"},
        {"amount": "1e5"},
        {"amount": "-5"},
        {"amount": "0"},
        {"account": "6222020000007890023"},
        {"account": "nothing"},
        {"occurred_at": "2999-01-01T00:00"},
        {"occurred_at": "yesterday"},
        {"direction": "X"},
        {"token": "guess"},
        {"counterparty_country": "China"},
        {"remark": "a\x00b"},
    ],
)
def test_a_form_that_cannot_be_is_shown_again(
    salary_account: Account, shanghai_account: Account, sun_yue: User, changes: dict[str, str]
) -> None:
    """With the reason; an account out of reach does not exist."""
    client = browser(sun_yue)
    answer = client.post(NEW, form_of(client, salary_account, **changes))
    assert answer.status_code == 200
    assert Transaction.objects.count() == 0


def test_only_holders_of_the_function_enter_transactions(auditor: User, zhou_min: User) -> None:
    """An auditor looks, a risk officer judges."""
    assert browser(auditor).get(NEW).status_code == 403
    assert browser(zhou_min).get(NEW).status_code == 403


def test_a_held_transaction_is_released_on_its_page(salary_account: Account, zhou_min: User, sun_yue: User) -> None:
    """R141: the act, its reason, its line."""
    row = hold_row(recorded(salary_account, operator="80001"))
    client = browser(zhou_min)
    act = f"{page_of(row)}act/release/"
    assert act in client.get(page_of(row)).content.decode()
    assert act not in browser(sun_yue).get(page_of(row)).content.decode()
    assert client.post(act, {"reason": ""}).status_code == 200
    assert client.post(act, {"reason": "customer confirmed by phone"})["Location"] == page_of(row)
    row.refresh_from_db()
    assert row.status == Status.RELEASED
    assert Event.objects.get(action="transaction.released").reason == "customer confirmed by phone"
    assert client.post(act, {"reason": "once more again"}).status_code == 200
    assert client.get(f"{page_of(row)}act/steal/").status_code == 404


def test_panels_show_the_latest_and_nothing_out_of_reach(salary_account: Account, shanghai_account: Account, sun_yue: User) -> None:
    """The customer's and the account's pages."""
    mine, far = recorded(salary_account, 1, occurred_at=timezone.now()), recorded(shanghai_account, 2)
    client = browser(sun_yue)
    for path in (
        reverse("customers:customer", args=[salary_account.customer.reference]),
        reverse("products:account", args=[salary_account.reference]),
    ):
        text = client.get(path).content.decode()
        assert mine.reference in text
        assert far.reference not in text


def test_search_finds_by_reference_source_id_and_transfer(salary_account: Account, shanghai_account: Account, sun_yue: User) -> None:
    """R094: exact numbers only, within reach."""
    row = recorded(salary_account, 1, transfer_id="TR-7001")
    far = recorded(shanghai_account, 2)
    actor = as_actor(sun_yue)
    for text in (row.reference, row.reference.lower(), row.external_id + "", "TR-7001"):
        hits = find_transactions(actor, Query.of(text)) if len(text) >= 4 else []
        assert len(text) < 4 or [hit.label for hit in hits] == [row.reference]
    assert find_transactions(actor, Query.of(far.reference)) == []
    assert find_transactions(actor, Query.of("王芳")) == []


def test_the_verdict_is_shown_to_risk_only(salary_account: Account, sun_yue: User, zhou_min: User) -> None:
    """Scores stay with the risk roles."""
    row = recorded(salary_account)
    assert "Waiting to be judged" in english(zhou_min).get(page_of(row)).content.decode()
    assert "Waiting to be judged" not in english(sun_yue).get(page_of(row)).content.decode()
