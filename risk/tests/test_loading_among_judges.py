"""Files, a door and two judging workers on the same customers for a while: nothing is overlooked, no sum is off, no deadlock was met.

Requirements: R087, R111, R339.
"""

import random
import threading
from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal

import psycopg
import pytest
from django.db.models import Case, F, Sum, When

from crm.access.actor import IMPORTER
from crm.tests.at_once import Sessions
from customers.models import CustomerFigures
from products.models import Account
from products.tests.personas import account_of
from risk.services import screening
from risk.services.replaying import differences
from transactions.models import Transaction
from transactions.services import NewTransaction, record
from transactions.tests.personas import NOON, movement

pytestmark = pytest.mark.django_db(transaction=True)
ROWS, PIECE, ASKED = 160, 8, 12


@pytest.fixture
def accounts(salary_account: Account, shanghai_account: Account) -> list[Account]:
    """Two customers with two accounts each."""
    return [
        salary_account,
        shanghai_account,
        account_of(salary_account.customer, "6222020000004560015", kind="class_2"),
        account_of(shanghai_account.customer, "6222020000004560023", kind="class_2"),
    ]


def drawn(seed: int, accounts: list[Account]) -> list[NewTransaction]:
    """Movements in no order of time, so that most arrive after later ones."""
    chance = random.Random(seed)
    return [
        movement(
            chance.choice(accounts),
            f"S{number}",
            source="core",
            amount=Decimal(chance.randrange(1, 60_000)),
            direction=chance.choice("CD"),
            occurred_at=NOON - timedelta(minutes=chance.randrange(4000)),
        )
        for number in range(ROWS)
    ]


def load(rows: Sequence[NewTransaction]) -> None:
    for start in range(0, len(rows), PIECE):
        record(actor=IMPORTER, rows=rows[start : start + PIECE], beside_judging=True)


def race(rows: list[NewTransaction], accounts: list[Account]) -> None:
    """Two files that have a fifth of their rows in common, a door, and two workers who judge whatever is owed until nothing is."""
    over, doors, workers = threading.Event(), Sessions(), Sessions()

    def ask() -> None:
        for number in range(ASKED):
            (answer,) = record(actor=IMPORTER, rows=[movement(accounts[number % 4], f"A{number}")])
            screening.judge(ids=[answer.pk or 0])

    def judge() -> None:
        while not over.is_set() or screening.owed_ids(limit=1):
            screening.judge(ids=screening.owed_ids())

    for work in (lambda: load(rows[:96]), lambda: load(rows[64:]), ask):
        doors.begin(work)
    for _worker in range(2):
        workers.begin(judge)
    try:
        doors.end()
    finally:
        over.set()
        workers.end()


@pytest.mark.usefixtures("core", "mobile")
@pytest.mark.parametrize("seed", [1, *(pytest.param(seed, marks=pytest.mark.slow) for seed in range(2, 12))])
def test_what_is_known_in_the_end(seed: int, accounts: list[Account], superuser: psycopg.Connection) -> None:
    """Each is stored once; revision 1 is as known, the latest as corrected; figures are the sums of what was booked."""
    race(drawn(seed, accounts), accounts)
    ids = list(Transaction.objects.values_list("pk", flat=True))
    assert len(ids) == ROWS + ASKED
    assert differences(ids, known=True) == []
    assert differences(ids, known=False) == []
    signed = Sum(Case(When(direction="C", then=F("amount_cny")), default=-F("amount_cny")))
    booked = Transaction.objects.filter(status="completed").values_list("customer").annotate(sum=signed)
    held = dict(CustomerFigures.objects.values_list("customer_id", "assets_cny"))
    assert dict(booked) == {customer: held[customer] for customer, _sum in booked}
    superuser.execute("SELECT pg_stat_clear_snapshot()")
    assert superuser.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()").fetchone() == (0,)
