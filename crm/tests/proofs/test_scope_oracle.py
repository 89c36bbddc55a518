"""Proof 2: who sees which customer, told twice: by `visible_to` and `require`, and by sixty lines that know neither.

Worlds are drawn by seed: branches, managers, grants and portfolios with dates, labels, clearances. In each the two answers must be equal
for every reader and every customer, and for what hangs on customers. `test_doors_agree` asks the same of every door.

What it cannot find: a mistake in what both believe (the table of roles and reaches is read from `roles.py` by both); a moment within the
microsecond at which a grant begins or ends; models that do not delegate to Customer (the matrix tries their pages).

Requirements: R253, R254, R257, R263.
"""

import random
import time
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Permission
from django.utils import timezone

from crm.access.services import may
from crm.staff.models import User
from crm.tests.personas import Bank
from crm.tests.proofs.principals import plant_person, reaches_of
from customers.choices import CustomerLabel
from customers.models import Customer, CustomerGrant, PortfolioGrant
from customers.tests.personas import person
from products.models import Account
from products.tests.personas import account_of

pytestmark = pytest.mark.django_db
PLACES = ("000", "110", "110001", "110002", "310", "310001")
ROLES = (
    "relationship-manager",
    "branch-manager",
    "operations",
    "service-agent",
    "risk-officer",
    "auditor",
    "system-officer",
    "customer",
    "risk-supervisor",
)
ASKED = ("customers.view_customer", "customers.change_customer", "products.view_account", "products.place_freeze", "risk.view_alert")


@dataclass
class Told:
    """A customer as the oracle knows her."""

    branch: str
    manager: str
    labels: frozenset[str]
    sign_in: str = ""
    grants: list[tuple[str, str, datetime, datetime | None]] = field(default_factory=list)


@dataclass
class Reader:
    """A reader as the oracle knows him."""

    number: str
    role: str
    branch: str
    portfolios: list[tuple[str, bool, datetime, datetime]] = field(default_factory=list)


PARENTS = {"000": "", "110": "000", "110001": "110", "110002": "110", "310": "000", "310001": "310"}


def is_below(branch: str, top: str) -> bool:
    """Whether a branch is another one, or hangs on it."""
    while branch:
        if branch == top:
            return True
        branch = PARENTS[branch]
    return False


def is_kept_from(reader: Reader, held: dict[str, str], customer: Told) -> bool:
    """A label keeps everybody out who lacks its clearance; managers see their own, customers of the staff aside."""
    lacking = {label for label in customer.labels if held.get(CustomerLabel(label).clearance, "none") == "none"}
    closed = {label for label in lacking if not CustomerLabel(label).is_open_to_manager}
    if reader.role == "customer":
        return False
    return bool(closed) or (bool(lacking) and customer.manager != reader.number)


def oracle(reader: Reader, permission: str, customer: Told, now: datetime) -> bool:
    """Whether this reader holds the permission for this customer now."""
    held = reaches_of(reader.role)
    reach = held.get(permission, "none")
    if reach == "none" or is_kept_from(reader, held, customer):
        return False
    reads = permission.partition(".")[2].startswith(("view", "search", "list"))
    needed = {"view_customer"} if reads else {"change_customer"}
    needed |= {permission.partition(".")[2]} if permission.startswith("customers.") else set()
    for number, codename, begins, ends in customer.grants:
        if number == reader.number and codename in needed and begins <= now and (ends is None or now < ends):
            return True
    for manager, may_change, begins, ends in reader.portfolios:
        if manager == customer.manager and (reads or may_change) and begins <= now < ends:
            return True
    within = {
        "all": True,
        "branch": is_below(customer.branch, reader.branch),
        "own": customer.manager == reader.number,
        "self": customer.sign_in == reader.number,
    }
    return within.get(reach, False)


def draw(bank: Bank, dice: random.Random, size: int) -> tuple[list[tuple[Reader, User]], list[tuple[Told, Customer]]]:
    """Return readers and customers, each with the oracle's own note of them."""
    readers = []
    for n, role in enumerate(ROLES * 2):
        place = "" if role == "customer" else dice.choice(PLACES)
        number = f"{'C' if role == 'customer' else ''}95{dice.randrange(10**6):06}{n}"
        readers.append((Reader(number, role, place), plant_person(bank, number, role, place)))
    managers = [one for one in readers if one[0].role == "relationship-manager"]
    signs = [one for one in readers if one[0].role == "customer"]
    _portfolios(dice, readers, managers)
    customers = []
    for n in range(size):
        (manager, manager_row), place = dice.choice(managers), dice.choice(PLACES)
        labels = frozenset(str(label.value) for label in CustomerLabel if dice.random() < 0.15)
        told = Told(place, manager.number, labels)
        values: dict[str, Any] = {"opening_branch": bank.branches[place], "manager": manager_row, "birth_date": date(1990, 1, 1)}
        row = person(bank, f"70{dice.randrange(10**8):08}", name=f"白{'甲乙丙丁'[n % 4]}山", **values)
        change: dict[str, Any] = {"labels": sum(CustomerLabel(label).bit for label in labels)}
        if signs and dice.random() < 0.3:
            sign, sign_row = signs.pop()
            told.sign_in, change["sign_in"] = sign.number, sign_row
        Customer.objects.filter(pk=row.pk).update(**change)
        for reader, reader_row in readers:
            if dice.random() < 0.2:
                _grant(dice, told, row, reader, reader_row)
        customers.append((told, Customer.objects.get(pk=row.pk)))
    return readers, customers


def _grant(dice: random.Random, told: Told, row: Customer, reader: Reader, reader_row: User) -> None:
    now, codename = timezone.now(), dice.choice(["view_customer", "change_customer"])
    begins = now + timedelta(hours=dice.choice([-48, -24, -1, 24]))
    ends = dice.choice([None, begins + timedelta(hours=12), begins + timedelta(hours=72)])
    permission = Permission.objects.get(content_type__app_label="customers", codename=codename)
    CustomerGrant.objects.create(
        user=reader_row, permission=permission, content_object=row, reason="替班", valid_from=begins, valid_until=ends
    )
    told.grants.append((reader.number, codename, begins, ends))


def _portfolios(dice: random.Random, readers: list[tuple[Reader, User]], managers: list[tuple[Reader, User]]) -> None:
    for reader, row in readers:
        manager, manager_row = dice.choice(managers)
        if manager is reader or dice.random() < 0.6:
            continue
        begins = timezone.now() + timedelta(hours=dice.choice([-48, -24, -1, 24]))
        ends, may_change = begins + timedelta(hours=dice.choice([12, 72])), dice.random() < 0.5
        given: dict[str, Any] = {"may_change": may_change, "valid_from": begins, "valid_until": ends}
        PortfolioGrant.objects.create(user=row, manager=manager_row, reason="休假", **given)
        reader.portfolios.append((manager.number, may_change, begins, ends))


def compare(readers: list[tuple[Reader, User]], customers: list[tuple[Told, Customer]]) -> tuple[int, list[str]]:
    """Return how many answers were compared, and those that differ."""
    now, wrong, count = timezone.now(), [], 0
    for reader, row in readers:
        user = User.objects.get(pk=row.pk)
        for permission in ASKED:
            seen = set(Customer.objects.visible_to(user, permission).values_list("pk", flat=True))
            accounts = set(Account.objects.visible_to(user, permission).values_list("customer_id", flat=True))
            for told, customer in customers:
                count += 1
                says = oracle(reader, permission, told, now)
                answers = {customer.pk in seen, customer.pk in accounts, may(user, permission, customer)}
                if answers != {says}:
                    wrong.append(f"{reader} {permission} {told}: {says}, not {answers}")
    return count, wrong


def worlds(bank: Bank, seeds: range, size: int) -> list[str]:
    """Print the counts; return what differs."""
    began, count = time.monotonic(), 0
    failures: list[str] = []
    for seed in seeds:
        readers, customers = draw(bank, random.Random(seed), size)
        for n, (_told, customer) in enumerate(customers):
            account_of(customer, f"62220{seed:04}{n:04}123456")
        more, wrong = compare(readers, customers)
        count, failures = count + more, failures + [f"seed {seed}: {one}" for one in wrong]
    print(f"\noracle: {len(seeds)} worlds, {count} questions, {len(failures)} differ, {time.monotonic() - began:.0f} s")
    return failures


def test_two_worlds_against_the_oracle(bank: Bank) -> None:
    """R253, R254, R257."""
    failures = worlds(bank, range(2), 8)
    assert failures == [], "\n".join(failures[:20])


@pytest.mark.slow
def test_many_worlds_against_the_oracle(bank: Bank) -> None:
    """R253, R254, R257: forty of them."""
    failures = worlds(bank, range(100, 140), 14)
    assert failures == [], "\n".join(failures[:20])
