"""Files hold accounts alone: whatever else holds several of them, or figures of several customers, takes them in one order.

Each test leads two sessions to the point at which each would wait for the other. Requirements: R087, R111.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import psycopg
import pytest
from django.db import connections, transaction
from django.utils import timezone

from crm.access.actor import IMPORTER, SYSTEM
from crm.staff.models import User
from crm.tests.at_once import Sessions
from customers.models import CustomerFigures
from products.choices import FreezeKind
from products.models import Account, Freeze
from products.services import place_freeze
from products.tests.personas import account_of
from risk.models import Assessment
from risk.services import consequences, screening
from transactions import importers
from transactions.choices import ImportMode, ImportState
from transactions.models import Source, Transaction
from transactions.services import locks, record
from transactions.services.entries import NewTransaction, Outcome
from transactions.tests.personas import movement, recorded
from transactions.tests.test_files import Desk, line, text

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("core")]


@contextmanager
def beside(work: Callable[[], Any]) -> Iterator[list[Any]]:
    """Run the work in a session of its own; what it returned or raised stands in the list after the block."""
    found: list[Any] = []

    def run() -> None:
        try:
            found.append(work())
        except Exception as error:  # noqa: BLE001 - the test looks at it
            found.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield found
    finally:
        thread.join(60)


WAITING = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
"""Of this database: another test's sessions wait on the same server."""


def somebody_waits(superuser: psycopg.Connection) -> None:
    """Return once a session waits for a lock."""
    end = time.monotonic() + 20
    while time.monotonic() < end:
        superuser.execute("SELECT pg_stat_clear_snapshot()")  # else a transaction sees the same sessions all the time
        (waiting,) = superuser.execute(WAITING).fetchone() or (0,)
        if waiting:
            return
        time.sleep(0.02)
    raise AssertionError("nobody waited")


def file_piece(*rows: NewTransaction) -> list[Outcome]:
    """Record as a piece of a file does."""
    return [answer.outcome for answer in record(actor=IMPORTER, rows=rows, beside_judging=True)]


def passes_through(account: Account, number: int) -> list[int]:
    at = timezone.now() - timedelta(days=4)
    into = recorded(account, f"{number}a", source="core", amount=Decimal(80_000), direction="C", occurred_at=at)
    out = recorded(account, f"{number}b", source="core", amount=Decimal(79_000), occurred_at=at + timedelta(hours=1))
    return [into.pk, out.pk]


def test_judging_that_freezes_several_accounts_takes_them_in_order(
    salary_account: Account, shanghai_account: Account, superuser: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The later account is frozen first; a file that holds the earlier one and waits for the later one is no deadlock."""
    assert salary_account.pk < shanghai_account.pk
    ids = passes_through(shanghai_account, 1) + passes_through(salary_account, 2)
    begun, go_on = threading.Event(), threading.Event()

    def slowly(**given: Any) -> Freeze:
        freeze = place_freeze(**given)
        begun.set()
        go_on.wait(30)
        return freeze

    monkeypatch.setattr(consequences, "place_freeze", slowly)
    with beside(lambda: screening.judge(ids=ids)) as judged:
        assert begun.wait(30)
        rows = [movement(account, f"F{account.pk}", source="core", direction="C") for account in (salary_account, shanghai_account)]
        with beside(lambda: file_piece(*rows)) as loaded:
            somebody_waits(superuser)
            go_on.set()
    assert loaded == [[Outcome.NEW, Outcome.NEW]]
    assert judged[0].judged == 4
    assert deadlocks(superuser) == 0
    assert Freeze.objects.standing().count() == 2


def deadlocks(superuser: psycopg.Connection) -> int:
    """Count the deadlocks of this database."""
    superuser.execute("SELECT pg_stat_force_next_flush(), pg_stat_clear_snapshot()")
    (count,) = superuser.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()").fetchone() or (0,)
    return int(count)


def test_an_amount_frozen_between_two_looks_makes_a_file_begin_anew(
    mobile: Source, salary_account: Account, superuser: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It holds the account by then, and must not wait for the customer with it: whoever holds the customer wants the account."""
    customer, look, looks = salary_account.customer, locks._sharing, []
    between, held = threading.Event(), threading.Event()

    def frozen_meanwhile(customer_ids: Any) -> set[int]:
        found = look(customer_ids)
        looks.append(found)
        if len(looks) == 1:
            between.set()
            assert held.wait(30)
        elif len(looks) == 2:
            between.set()
            somebody_waits(superuser)
        return found

    monkeypatch.setattr(locks, "_sharing", frozen_meanwhile)
    with beside(lambda: file_piece(movement(salary_account, 1, amount=Decimal(99_999)))) as loaded:
        assert between.wait(30)
        between.clear()
        place_freeze(actor=SYSTEM, customer=customer, kind=FreezeKind.AMOUNT, amount=Decimal(10), reason="test")
        held.set()
        assert between.wait(30)
        with beside(lambda: [answer.outcome for answer in record(actor=IMPORTER, rows=[movement(salary_account, 2)])]) as door:
            pass
    assert deadlocks(superuser) == 0
    assert (loaded, door) == ([[Outcome.REFUSED]], [[Outcome.NEW]]), "what is frozen is asked of both together"


def test_a_file_that_is_loaded_whole_takes_all_figures_in_order(
    salary_account: Account, shanghai_account: Account, superuser: psycopg.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its pieces would take the figures of customers in the order of its lines; a file beside it takes them in theirs."""
    spare = [
        account_of(salary_account.customer, "6222020000004560015", kind="class_2"),
        account_of(shanghai_account.customer, "6222020000004560023", kind="class_2"),
    ]
    lines = [movement(shanghai_account, "W1", source="core"), movement(salary_account, "W2", source="core")]
    assert salary_account.customer_id < shanghai_account.customer_id

    def whole() -> list[Outcome]:
        with transaction.atomic():
            importers._hold_all(IMPORTER, lines)
            first = record(actor=IMPORTER, rows=lines[:1])
            begun.set()
            somebody_waits(superuser)
            return [answer.outcome for answer in [*first, *record(actor=IMPORTER, rows=lines[1:])]]

    begun = threading.Event()
    with beside(whole) as loaded:
        assert begun.wait(30)
        pieces = file_piece(*(movement(account, f"P{account.pk}", source="core") for account in spare))
    assert (loaded, pieces) == ([[Outcome.NEW] * 2], [Outcome.NEW] * 2)
    assert deadlocks(superuser) == 0
    assert set(
        CustomerFigures.objects.filter(customer__in=[salary_account.customer, shanghai_account.customer]).values_list(
            "assets_cny", flat=True
        )
    ) == {Decimal(-200)}


@pytest.mark.parametrize("error", [psycopg.errors.DeadlockDetected, psycopg.errors.LockNotAvailable])
def test_a_piece_that_gave_way_begins_anew(
    error: type[psycopg.Error], operations: User, core: Source, salary_account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What others had to hold first does not end the load of a file; other failures do."""
    failed: list[bool] = []

    def once(**given: Any) -> Any:
        found = record(**given)
        if given.get("beside_judging") and not failed:
            failed.append(True)
            raise error("for once")
        return found

    monkeypatch.setattr(importers, "record", once)
    desk = Desk(operations, core)
    row = desk.load(desk.check(text(*(line(number) for number in range(1, 6)))), ImportMode.SKIP_BAD_ROWS)
    assert failed
    assert (row.state, row.rows_new, row.rows_done) == (ImportState.DONE, 5, 5)
    assert Transaction.objects.filter(source=core).count() == 5


def asked_while_somebody_changes(
    work: Callable[[], Any], superuser: psycopg.Connection, account: Account, change: str, *values: Any
) -> Any:
    """Hold the customer, change something of theirs, have the work wait for it, commit; return what the work returned or raised."""
    sessions = Sessions()
    with superuser.transaction():
        superuser.execute("SET LOCAL session_replication_role = replica")  # only the change, none of what follows from one
        superuser.execute("SELECT FROM customers_customer WHERE id = %s FOR NO KEY UPDATE", [account.customer_id])
        superuser.execute(change.encode(), values)
        sessions.begin(transaction.atomic(work))
        somebody_waits(superuser)
    return sessions.join(60)[0]


def test_an_account_that_was_waited_for_is_read_as_it_then_stands(salary_account: Account, superuser: psycopg.Connection) -> None:
    """Customer and account are held in one statement: it looks again at what changed while it waited."""

    def hold() -> dict[int, tuple[str, date | None]]:
        return locks.hold([salary_account.customer_id], [salary_account.pk])

    with transaction.atomic():
        assert hold() == {salary_account.pk: ("normal", None)}
    change = "UPDATE products_account SET status = 'closed', closed_at = '2026-11-20' WHERE id = %s"
    held = asked_while_somebody_changes(hold, superuser, salary_account, change, salary_account.pk)
    assert held == {salary_account.pk: ("closed", date(2026, 11, 20))}


def test_the_customer_is_held_before_the_account(salary_account: Account, superuser: psycopg.Connection) -> None:
    """Who waits for the customer does not keep the account from others meanwhile."""
    sessions = Sessions()
    with superuser.transaction():
        superuser.execute("SELECT FROM customers_customer WHERE id = %s FOR NO KEY UPDATE", [salary_account.customer_id])
        sessions.begin(transaction.atomic(lambda: locks.hold([salary_account.customer_id], [salary_account.pk])))
        somebody_waits(superuser)
        superuser.execute("SELECT FROM products_account WHERE id = %s FOR NO KEY UPDATE NOWAIT", [salary_account.pk])
    assert sessions.join(60) == [{salary_account.pk: ("normal", None)}]


def test_a_row_that_came_to_owe_while_it_was_waited_for_is_judged(salary_account: Account, superuser: psycopg.Connection) -> None:
    """A repeated question is answered with the verdict of now."""
    row = recorded(salary_account, "again", source="core")
    screening.judge(ids=[row.pk])
    change = "UPDATE transactions_transaction SET screening = 'owed', owed_cause = 'corrected', owed_since = now() WHERE id = %s"
    asked_while_somebody_changes(lambda: screening.judge_now([row.pk]), superuser, salary_account, change, row.pk)
    assert Transaction.objects.get(pk=row.pk).screening == "judged"


def test_a_row_that_was_judged_while_it_was_waited_for_is_not_judged_again(salary_account: Account, superuser: psycopg.Connection) -> None:
    row = recorded(salary_account, "once", source="core")
    change = "UPDATE transactions_transaction SET screening = 'judged' WHERE id = %s"
    assert asked_while_somebody_changes(lambda: screening.judge_now([row.pk]), superuser, salary_account, change, row.pk) == {}
    assert not Assessment.objects.exists()
