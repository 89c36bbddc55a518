"""What a partner's terms leave out is not there: the same bytes as for what does not exist. Requirements: R239, R251."""

import time
from typing import Any

import pytest
from django.core.cache import cache

from crm.access.actor import IMPORTER
from crm.access.references import new_reference
from crm.log.models import Event
from crm.staff.models import ServiceClient
from customers.models import Customer
from products.models import Account
from products.tests.personas import account_of
from transactions.models import Transaction
from transactions.services import add_source
from transactions.tests.personas import recorded
from transactions.tests.test_api import DECIDE, LIST, Partner, api, body  # noqa: F401  # a fixture

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("mobile")]


@pytest.fixture(autouse=True)
def _fresh_rates() -> None:
    cache.clear()


@pytest.fixture
def shanghai(li_na: Customer) -> Account:
    """An account of a customer of another branch than Zhang Wei's."""
    return account_of(li_na, "6222020200199887766")


def told(answer: Any, *typed: str) -> tuple[Any, ...]:
    """Status, headers and body, the request's own number and what the partner typed aside."""
    text = answer.content.decode()
    for one in (answer["X-Request-ID"], *typed):
        text = text.replace(one, "*")
    return answer.status_code, text, tuple(sorted((k, v) for k, v in answer.headers.items() if k not in ("X-Request-ID", "Content-Length")))


def page(row: Transaction | str) -> str:
    return f"{LIST}{row if isinstance(row, str) else row.reference}/"


def same_as_unknown(api: Partner, hidden: str, method: str = "get") -> None:  # noqa: F811
    unknown = new_reference("T", 13)
    if method == "get":
        answers = [told(api.client.get(page(one)), one) for one in (hidden, unknown)]
    else:
        state = {"status": "completed", "at": "2026-11-20T12:00:05+08:00", "external_id": "S-1"}
        answers = [told(api.post(f"{page(one)}status/", state), one) for one in (hidden, unknown)]
    assert answers[0] == answers[1]
    assert answers[0][0] == 404


def test_sources(api: Partner, partner: ServiceClient, salary_account: Account) -> None:  # noqa: F811
    """A row of its own source is read; one of another source is an unknown number, for reading and for its status."""
    card = add_source(actor=IMPORTER, code="card", name="card", already_completed=True)
    mine, other = recorded(salary_account, 1, source="mobile"), recorded(salary_account, 2, source=card.code)
    assert api.client.get(page(mine)).status_code == 200
    for method in ("get", "post"):
        same_as_unknown(api, other.reference, method)
    # And a source that is not in the terms is spoken for like one that is not there at all.
    answers = [told(api.post(LIST, body(salary_account, 3, source=code)), code) for code in ("card", "nobody")]
    assert answers[0] == answers[1]
    assert not Transaction.objects.filter(external_id="M-3").exists()


def test_branches(api: Partner, partner: ServiceClient, salary_account: Account, shanghai: Account) -> None:  # noqa: F811
    """Terms name a branch with all below it: there rows are read and recorded; elsewhere rows and accounts are unknown ones."""
    inside, outside = recorded(salary_account, 1), recorded(shanghai, 2)
    for branches, seen in ((["110"], True), (["110001"], True), (["310"], False), ([], True)):
        ServiceClient.objects.update(branches=branches)
        assert api.client.get(page(inside)).status_code == (200 if seen else 404), branches
    ServiceClient.objects.update(branches=["110"])
    for method in ("get", "post"):
        same_as_unknown(api, outside.reference, method)
    before = Transaction.objects.count()
    assert api.post(LIST, body(salary_account, 10)).status_code == 201
    assert Transaction.objects.count() == before + 1
    unknown = new_reference("A", 8)
    for door in (LIST, DECIDE):
        sent = [body(salary_account, 20, account=one) for one in (shanghai.reference, unknown)]
        answers = [told(api.post(door, one), one["account"]) for one in sent]
        assert answers[0] == answers[1], door
    number = [body(salary_account, 30, account=one) for one in ("6222020200199887766", "6222020200199887774")]
    answers = [told(api.post(DECIDE, one), one["account"]) for one in number]
    assert answers[0] == answers[1]
    assert Transaction.objects.count() == before + 1


def test_endpoints(api: Partner, partner: ServiceClient, salary_account: Account) -> None:  # noqa: F811
    """The door in the terms opens; another one is an address that does not exist, whatever is sent there."""
    ServiceClient.objects.update(endpoints=["transaction_list"])
    assert api.post(LIST, body(salary_account, 1)).status_code == 201
    assert told(api.post(DECIDE, body(salary_account, 2))) == told(api.post("/api/v1/nowhere/", body(salary_account, 2)))
    row = Transaction.objects.get()
    assert told(api.client.get(page(row))) == told(api.client.get("/api/v1/nowhere/"))
    assert Transaction.objects.count() == 1


def test_networks(api: Partner, partner: ServiceClient, salary_account: Account) -> None:  # noqa: F811
    """From one of the networks it is the partner; from elsewhere the right token is as good as a wrong one, to the byte."""
    ServiceClient.objects.update(networks=["192.0.2.0/24"])
    row = recorded(salary_account, 1)
    assert api.client.get(page(row), REMOTE_ADDR="192.0.2.9").status_code == 200
    stranger = Partner({"Authorization": "Bearer a.b.c"})
    answers = [told(one.client.get(page(row), REMOTE_ADDR="192.0.3.9")) for one in (api, stranger)]
    assert answers[0] == answers[1]
    assert answers[0][0] == 401
    assert Event.objects.filter(action="staff.partner_refused").count() == 2


def test_rate(api: Partner, partner: ServiceClient, salary_account: Account, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    """So many requests a minute are answered; the next one waits, whether what it asks for is there or not; the next minute is new."""
    clock = [time.time() // 60 * 60 + 1]
    monkeypatch.setattr(time, "time", lambda: clock[0])
    ServiceClient.objects.update(rate=2)
    row = recorded(salary_account, 1)
    assert [api.client.get(page(row)).status_code for _turn in range(3)] == [200, 200, 429]
    answers = [told(api.client.get(page(one)), one) for one in (row.reference, new_reference("T", 13))]
    assert answers[0] == answers[1]
    clock[0] += 60
    assert api.client.get(page(row)).status_code == 200
