"""Killed with -9 while work is in flight, nothing is lost and nothing doubled: the census equals the run without kills."""

import pytest
from django.db import connections

from crm.access.actor import IMPORTER
from crm.operations.pytest_plugin import RUN
from crm.tests import chaos
from crm.tests.personas import build_bank, plant_partner
from customers.tests.personas import person
from products.tests.personas import account_of
from transactions.models import Transaction
from transactions.services import add_source

pytestmark = pytest.mark.django_db(transaction=True)
COUNT = 1000
KILLS = ["worker", "broker", "web", "worker", "web", "broker"]


def world() -> None:
    """Build the same small bank anew."""
    bank = build_bank()
    plant_partner()
    first = person(bank, "6217000133")
    second = person(bank, "6217000134", name="王强")
    account_of(first, "6222020000001238821")
    account_of(second, "6222020000004560015", kind="class_2")
    add_source(actor=IMPORTER, code="mobile", name="手机银行")


def test_six_kills_lose_and_double_nothing() -> None:
    """R338, R339: the row that owes is the queue."""
    world()
    calm, _none = chaos.run(chaos.account_references(), COUNT, [], seed=7)
    connections.close_all()
    RUN.renew_database()
    world()
    fired, in_flight = chaos.run(chaos.account_references(), COUNT, KILLS, seed=7)
    assert Transaction.objects.count() == COUNT
    assert in_flight > 0, "no kill met work in flight: the test proves nothing"
    for part, expected in calm.items():
        assert fired[part] == expected, f"{part} differ"
