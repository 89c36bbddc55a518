"""No tipping-off: two worlds alike but for verdict, alert, case and freeze on one customer look the same to whoever must not know.

Every page, list, count and search is read twice, before and after; what differs by chance alone (tokens, request numbers, times) is taken
out. Not found by this: what differs only after a payment is tried (the standard sentence, `transactions/tests/test_pages.py`), and
differences of time smaller than the noise of the slow test.

Requirements: R248, R263, R290.
"""

import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

import pytest
from django.db import transaction
from django.test import Client

from crm.log import services as log
from crm.notify.models import Notice
from crm.staff.models import Role, RolePermission, User
from crm.tests.personas import Bank, as_actor, browser
from crm.tests.test_permission_matrix import FOUND
from customers.models import Customer
from customers.tests.personas import person
from portal.tests.personas import give_sign_in
from products.models import Account
from products.tests.personas import account_of
from risk.models import Alert, Case
from risk.services import cases, screening
from risk.tests.work import cash_in
from transactions.models import Transaction
from transactions.tests.personas import recorded

pytestmark = pytest.mark.django_db
READERS = ("relationship manager", "colleague", "service agent", "operations", "customer")
USUAL = ("relationship manager", "customer")
NUMBERS = {"relationship manager": "80001", "colleague": "80003", "service agent": "84101", "operations": "84001"}
# What a page may say by chance: tokens, sealed places in a list, request numbers, times of day.
CHANCE = (
    (r'(csrfmiddlewaretoken" value="|X-CSRFToken": ")[^"]+', r"\1"),
    (r"([?&;](?:in|at|s)=)[\w~-]{20,}", r"\1"),
    (r'name="token" value="[0-9a-f]{32}"', ""),
    (r"\b[0-9a-f]{32}\b", ""),
    (r"\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?", ""),
)
LEFT_OUT = ("sign-in/", "sign-out/", "health", "metrics", "language/", "api/", "admin/", "styleguide/")


@dataclass
class World:
    """One customer with cash in parts, everybody who must not know, and the plant that makes the other world."""

    bank: Bank
    customer: Customer
    account: Account
    rows: list[Transaction]
    herself: User

    def reader(self, name: str) -> User:
        """Return one of those who must not know."""
        return self.herself if name == "customer" else self.bank.people[NUMBERS[name]]

    def plant(self) -> None:
        """Judge, raise, open a case, freeze: the whole of what nobody may be told."""
        officer = as_actor(self.bank.people["82001"])
        screening.judge(ids=[row.pk for row in self.rows])
        alerts = list(Alert.objects.filter(customer=self.customer))
        assert alerts, "the plant raised no alert"
        case = cases.open_case(actor=officer, alerts=alerts, summary="现金化整为零")
        cases.freeze_in_case(actor=officer, case=case, kind="payment_stop", reason="核实中", account=self.account)
        assert Case.objects.count() == 1

    def addresses(self) -> list[str]:
        """Every route, with what hangs on the customer in it."""
        own = {
            "customers/": self.customer.reference,
            "products/customers/": self.customer.reference,
            "products/accounts/": self.account.reference,
            "transactions/<ref": self.rows[0].reference,
        }
        found = []
        for route, (place, _gate) in sorted(FOUND.items()):
            if not route.startswith(LEFT_OUT):
                reference = next((own[prefix] for prefix in own if route.startswith(prefix)), "X-22222222")
                found.append(place.replace("X-22222222", reference))
        asked = f"?q={self.customer.core_number}"
        return [*found, "/customers/" + asked, "/products/accounts/" + asked, "/transactions/" + asked, "/transactions/?status=held"]


@pytest.fixture
def world(bank: Bank, zhang_wei: Customer, chen_jing: Customer, salary_account: Account, core: object) -> World:
    return World(bank, zhang_wei, salary_account, cash_in(salary_account), give_sign_in(zhang_wei))


def told(text: str) -> str:
    for pattern, kept in CHANCE:
        text = re.sub(pattern, kept, text)
    return text


def everything(world: World, name: str) -> dict[str, str]:
    """What one reader is told anywhere: by each address, by search, by what arrives."""
    user = User.objects.get_queryset().get(pk=world.reader(name).pk)
    client = browser(user)
    found = {}
    for address in world.addresses():
        answer = client.get(address)
        found[address] = f"{answer.status_code} {answer.get('Location', '')} {told(answer.content.decode())}"
    for word in (world.customer.core_number, world.customer.name, world.rows[0].reference):
        answer = client.post("/search/", {"q": word}, follow=True)
        found[f"search {word}"] = told(answer.content.decode())
    said = {"next": "/", "query": "", "purpose": "work", "words": "核对"}
    for listed in ("customers.customer", "transactions.transaction", "products.account"):
        answer = client.post(f"/lists/{listed}/export/", said)
        found[f"export {listed}"] = f"{answer.status_code} {told(answer.content.decode())}"
    found["notices and mails"] = str(Notice.objects.filter(user=user).count())
    return found


def differences(before: dict[str, str], after: dict[str, str]) -> dict[str, str]:
    """Return each answer that differs, with where it begins to."""
    found = {}
    for address, text in before.items():
        if text != after[address]:
            at = next((i for i, pair in enumerate(zip(text, after[address], strict=False)) if pair[0] != pair[1]), 0)
            found[address] = f"{text[max(0, at - 80) : at + 80]!r} -> {after[address][max(0, at - 80) : at + 80]!r}"
    return found


@pytest.mark.parametrize("name", [name if name in USUAL else pytest.param(name, marks=pytest.mark.slow) for name in READERS])
def test_both_worlds_look_the_same(world: World, name: str) -> None:
    """Byte for byte, with more than a hundred answers compared and the customer's own pages among them."""
    before = everything(world, name)
    world.plant()
    after = everything(world, name)
    assert differences(before, after) == {}
    assert len(before) > 100
    assert any(world.customer.core_number in text for text in before.values()) or name == "colleague"


def test_a_planted_leak_is_found(world: World) -> None:
    """The comparison can fail: a role that may see alerts reads another world."""
    with transaction.atomic():
        role = Role.objects.get(code="service-agent")
        RolePermission.objects.create(role=role, permission="risk.view_alert", reach="all")
        log.record(actor=as_actor(world.bank.people["85001"]), action="staff.role_permission_changed", target=role)
    before = everything(world, "service agent")
    world.plant()
    found = differences(before, everything(world, "service agent"))
    assert "/risk/alerts/" in found
    assert f"/customers/{world.customer.reference}/" in found


@pytest.mark.slow
def test_nor_does_the_time_tell(world: World) -> None:
    """Medians of interleaved requests for a customer with an alert and for her twin without, within a generous bound."""
    twin = person(world.bank, "6217000199", name="张威", id_number="110105198603041231", mobile="13812345679", email="")
    account = account_of(twin, "6222020000009998821")
    for number in range(11, 15):
        recorded(account, number, source="core", direction="C", kind="deposit", instrument="cash")
    world.plant()
    client = browser(world.reader("relationship manager"))
    taken: dict[str, list[float]] = {world.customer.reference: [], twin.reference: []}
    for _round in range(60):
        for reference, times in taken.items():
            times.append(seconds(client, f"/customers/{reference}/", time.perf_counter))
    planted, plain = (median(times[10:]) for times in taken.values())
    assert 0.67 < planted / plain < 1.5


def seconds(client: Client, address: str, clock: Callable[[], float]) -> float:
    began = clock()
    assert client.get(address).status_code == 200
    return clock() - began
