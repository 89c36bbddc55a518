"""Statements prepared on the server, on connections that outlive a request: restarts, altered tables, failed transactions.

Requirements: R339.
"""

import psycopg
import pytest
from django.db import close_old_connections, connection, transaction
from django.db.transaction import TransactionManagementError
from django.db.utils import OperationalError

from crm.database.prepared import run

pytestmark = pytest.mark.django_db(transaction=True)

LOOK = "SELECT code, words FROM looked_at WHERE code = %(code)s::text"


@pytest.fixture
def table(superuser: psycopg.Connection) -> psycopg.Connection:
    """A table that the session has looked at so often that the statement is prepared."""
    superuser.execute("CREATE TABLE looked_at (code text, words varchar(20)); INSERT INTO looked_at VALUES ('a', 'one')")
    superuser.execute("GRANT SELECT ON looked_at TO app")
    for _turn in range(8):
        assert run(LOOK, {"code": "a"}) == [("a", "one")]
    return superuser


def next_request() -> None:
    """What Django does between two requests, and Celery between two tasks."""
    close_old_connections()


def widen(superuser: psycopg.Connection) -> None:
    superuser.execute("ALTER TABLE looked_at ALTER words TYPE varchar(40)")


def test_after_a_migration_the_next_statement_is_planned_anew(table: psycopg.Connection) -> None:
    """A migration beside running processes: what was prepared no longer fits, and that is nobody's error."""
    widen(table)
    assert run(LOOK, {"code": "a"}) == [("a", "one")]


def test_after_a_migration_a_transaction_fails_once(table: psycopg.Connection) -> None:
    """Inside a transaction nothing can be tried again; the next one works, on the same connection and in the same task."""
    widen(table)
    with pytest.raises(psycopg.errors.FeatureNotSupported), transaction.atomic():
        run(LOOK, {"code": "a"})
    with transaction.atomic():
        assert run(LOOK, {"code": "a"}) == [("a", "one")]


def test_after_a_failed_block_what_was_prepared_in_it_is_no_hindrance(table: psycopg.Connection) -> None:
    with transaction.atomic():
        with pytest.raises(psycopg.errors.DivisionByZero), transaction.atomic():
            for _turn in range(8):
                run("SELECT code FROM looked_at WHERE code <> %(code)s::text", {"code": "a"})
            run("SELECT 1 / %(none)s::int", {"none": 0})
        for _turn in range(8):
            run("SELECT code FROM looked_at WHERE code <> %(code)s::text", {"code": "a"})
            assert run(LOOK, {"code": "a"}) == [("a", "one")]


def test_the_first_statement_after_a_restart_finds_a_new_connection(table: psycopg.Connection) -> None:
    """The request after the server's restart is answered although a prepared statement is its first."""
    cut(table)
    next_request()
    assert run(LOOK, {"code": "a"}) == [("a", "one")]


def test_a_connection_that_broke_is_not_kept(table: psycopg.Connection) -> None:
    """It broke in the middle of a request: that one fails, the next does not."""
    run(LOOK, {"code": "a"})
    cut(table)
    with pytest.raises((OperationalError, psycopg.OperationalError)):
        run(LOOK, {"code": "a"})
    next_request()
    assert run(LOOK, {"code": "a"}) == [("a", "one")]


def test_nothing_runs_in_a_transaction_that_is_to_be_rolled_back() -> None:
    """Else it would seem to have succeeded, and be gone at the end."""
    with transaction.atomic():
        with pytest.raises(ZeroDivisionError), transaction.atomic(savepoint=False):
            raise ZeroDivisionError
        with pytest.raises(TransactionManagementError):
            run("SELECT 1", {})
        transaction.set_rollback(False)


def cut(superuser: psycopg.Connection) -> None:
    """End this session from the server's side, as its restart would."""
    pid = connection.connection.info.backend_pid
    superuser.execute("SELECT pg_terminate_backend(%s, 5000)", [pid])
