"""The pages of Trust that `make bench` times: each answers, each stands under a promise, none costs more statements than it did, nor one
more for more rows. Counts, never times."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import transaction
from django.utils import timezone

from benchmarks import pages
from crm.access.actor import SYSTEM
from crm.access.tests.test_grants import grant
from crm.exports.models import ExportDownload, ExportPermit
from crm.log import services as log
from crm.staff.models import Role, RoleAssignment, StaffSession
from crm.tests.personas import Bank
from customers.models import Customer
from products.models import Account
from products.tests.personas import account_of
from risk.tests.work import cash_in
from transactions.models import Source

pytestmark = pytest.mark.django_db
MOST = {
    "sign in with the right password": 20,
    "sign in with a wrong password": 16,
    "sign in as nobody": 16,
    "second factor sent": 37,
    "step up with a code": 15,
    "own sessions": 12,
    "reveal id_number": 21,
    "roles": 10,
    "role risk-officer": 10,
    "role saved": 30,
    "people": 16,
    "person": 14,
    "view operations": 15,
    "question customer": 14,
    "question rights": 18,
    "compliance": 20,
    "thresholds": 12,
    "why she may": 24,
    "exports": 18,
    "my accounts": 11,
    "my transactions": 10,
}
"""Statements of a page, whoever asks; a new panel may raise a number here, a statement per row may not."""


def asked_twice(hot: Customer, only: str = "") -> dict[str, pages.Measured]:
    """Ask for every page and send every form twice; what the second time cost."""
    from benchmarks.pages_trust import prepare, trusted

    prepare()
    found = {}
    for probe in [probe for probe in trusted({"hot": hot.reference}) if only in probe.name]:
        taken = found[probe.name] = pages.Measured()
        for counted in (False, True):
            pages.one(probe, taken, counted=counted)
    return found


@transaction.atomic
def more_of_everything(bank: Bank, customer: Customer) -> None:
    """Permits with downloads, sessions, grants, a role with a holder, accounts and transactions."""
    for permit in ExportPermit.objects.order_by("-requested_at")[:3]:
        ExportDownload.objects.create(permit=permit, address="10.0.0.1")
    for number in ("80001", "85001"):
        StaffSession.objects.create(user=bank.people[number], session_key=f"more-{number}")
    for number in ("80001", "80002"):
        grant(bank.people[number], customer, valid_until=timezone.now() + timedelta(days=1))
    role = Role.objects.create(code="more", name="More")
    RoleAssignment.objects.create(role=role, user=bank.people["80003"])
    cash_in(account_of(customer, "6222029999991238801"), first=20)
    log.record(actor=SYSTEM, action="staff.person_created", target=customer)


def too_dear(found: dict[str, pages.Measured]) -> dict[str, int]:
    """Pages that cost more statements than they did."""
    return {name: taken.queries for name, taken in found.items() if taken.queries > MOST.get(name.split(": ")[1], taken.queries)}


def test_some_pages_of_trust(settings: Any, monkeypatch: pytest.MonkeyPatch, bank: Bank, zhang_wei: Customer) -> None:
    """A slice of the test below."""
    settings.PASSWORD_HASHERS, settings.REVEALS_A_DAY = settings.PASSWORD_HASHERS, settings.REVEALS_A_DAY
    settings.PROBES_A_DAY = settings.PROBES_A_DAY
    monkeypatch.setattr("benchmarks.pages_trust.PERMITS", 3)
    found = asked_twice(zhang_wei, "auditor: why")
    assert len(found) > 3
    assert too_dear(found) == {}


@pytest.mark.slow
def test_every_page_of_trust(settings: Any, bank: Bank, core: Source, zhang_wei: Customer, salary_account: Account) -> None:
    """What is timed at a million rows is right in a small bank, and costs there what it costs later."""
    settings.PASSWORD_HASHERS, settings.REVEALS_A_DAY = settings.PASSWORD_HASHERS, settings.REVEALS_A_DAY  # put back afterwards
    settings.PROBES_A_DAY = settings.PROBES_A_DAY
    before = asked_twice(zhang_wei)
    assert [name for name in before if not pages.is_promised(name)] == []
    hashed = {name for name, taken in before.items() if "hash" in taken.told()}
    assert hashed == {f"stranger: sign in {how}" for how in ("with the right password", "with a wrong password", "as nobody")}
    assert too_dear(before) == {}
    assert set(MOST) <= {name.split(": ")[1] for name in before}
    more_of_everything(bank, zhang_wei)
    after = asked_twice(zhang_wei)
    assert {name: (before[name].queries, after[name].queries) for name in before if before[name].queries != after[name].queries} == {}
