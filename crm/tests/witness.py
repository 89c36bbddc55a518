"""The witness: in tests a deferred trigger on every business table fails a transaction that changed it without a line in the log.

It watches requests (of the test client and of live servers), whatever a test wraps in `witnessed()`, and every statement that comes from
a room of verbs (services, tasks, importers …), whoever calls it: such statements carry a mark. Worlds that fixtures build directly are not
acts of anybody.
"""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

import psycopg
from django.db import DatabaseError, connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.transaction import Atomic, get_connection

BUSINESS = ("approvals", "customers", "factors", "products", "reports", "reviews", "risk", "staff", "transactions")
# Tables of these apps that may change without a line, each with the reason.
UNWITNESSED: dict[str, str] = {
    "customers_customerfigures": "derived: sums over accounts and transactions, whose own changes have their lines",
    # Versions of rows, written by the triggers of tables that are themselves watched.
    **dict.fromkeys(
        (
            "customers_customergranthistory",
            "customers_customerhistory",
            "customers_customermove",
            "products_accounthistory",
            "risk_rulehistory",
            "risk_rulesethistory",
            "risk_ruleversionhistory",
            "staff_roleassignmenthistory",
            "staff_rolehistory",
            "staff_rolepermissionhistory",
        ),
        "history: written with its row",
    ),
    "factors_codecounter": "attempts are counted before anything is known about them; what comes of each has its line",
    "staff_signinsighting": "failures are counted by name to notice spraying; each failure has its line",
    "staff_signincounter": "attempts are counted before anything is known about them; what comes of each has its line",
}

FUNCTION = """
CREATE FUNCTION witness_line() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    since text := coalesce(nullif(current_setting('crm.witness_from', true), ''), '0');
BEGIN
    IF since <> 'never' AND NOT EXISTS (SELECT FROM log_event WHERE txid = pg_current_xact_id() AND id > since::bigint) THEN
        RAISE EXCEPTION 'witness: % of % without a line in the log', TG_OP, TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END $$
"""
TRIGGER = """
CREATE CONSTRAINT TRIGGER zz_witness AFTER INSERT OR UPDATE OR DELETE ON "{table}" DEFERRABLE INITIALLY DEFERRED
FOR EACH ROW WHEN (current_setting('crm.witness', true) = 'on' OR starts_with(current_query(), '/* verb */'))
EXECUTE FUNCTION witness_line()
"""
ROOT = Path(__file__).resolve().parents[2]
VERBS = {"services", "views", "api", "tasks", "importers", "receivers", "engine", "definitions", "providers"}

_watching: ContextVar[bool] = ContextVar("watching", default=False)


def install(session: psycopg.Connection) -> None:
    """Put the witness on every business table of a test template."""
    if session.execute("SELECT to_regclass('log_event')").fetchone() == (None,):
        return
    session.execute(FUNCTION)
    tables = [str(row[0]) for row in session.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
    for table in sorted(tables):
        if table.split("_")[0] in BUSINESS and table not in UNWITNESSED:
            session.execute(TRIGGER.format(table=table))


@contextmanager
def witnessed() -> Iterator[None]:
    """Inside, every commit that changed a business table must have written a line."""
    token = _watching.set(True)
    _tell(connection, "on")
    try:
        yield
    finally:
        _watching.reset(token)
        if not _watching.get():
            _tell(connection, "off")


def on_connection_created(*, connection: BaseDatabaseWrapper, **_: Any) -> None:
    """A session that is opened while something is watched is watched too."""
    if _watching.get():
        _tell(connection, "on")
    if _mark not in connection.execute_wrappers:
        connection.execute_wrappers.append(_mark)


def _mark(execute: Callable[..., Any], statement: Any, params: Any, many: bool, context: dict[str, Any]) -> Any:
    """Mark what a verb writes; the trigger reads the mark from the statement's text."""
    if isinstance(statement, str) and statement.lstrip()[:6].upper() in ("INSERT", "UPDATE", "DELETE") and _comes_from_a_verb():
        statement = f"/* verb */ {statement}"
    return execute(statement, params, many, context)


def _comes_from_a_verb() -> bool:
    frame: FrameType | None = sys._getframe(1)
    while frame is not None:
        if is_verb(frame.f_code.co_filename):
            return True
        frame = frame.f_back
    return False


_known: dict[str, bool] = {}


def is_verb(filename: str) -> bool:
    """Return whether a source file is in one of the house's rooms of verbs: tests, models, the demo world and the tools are not."""
    if filename not in _known:
        path = Path(filename)
        parts = path.relative_to(ROOT).with_suffix("").parts if path.is_relative_to(ROOT) else ()
        ours = bool(parts) and parts[0] not in (".venv", "demo", "benchmarks", "tools") and "tests" not in parts
        _known[filename] = ours and bool(VERBS & set(parts))
    return _known[filename]


class Committing(Atomic):
    """`atomic()` in a test that is itself one transaction: what would be committed outside is witnessed as if it were committed here."""

    def __enter__(self) -> None:
        """Remember which lines were there before."""
        wrapper = get_connection(self.using)
        self.is_outermost = bool(wrapper.in_atomic_block and wrapper.atomic_blocks[-1]._from_testcase and not self._from_testcase)  # type: ignore[attr-defined]
        super().__enter__()
        if self.is_outermost and not wrapper.needs_rollback:
            # What a test wrote before, outside any block, is not this block's to answer for.
            _run(wrapper, "SET crm.witness_from = 'never'")
            _run(wrapper, "SET CONSTRAINTS ALL IMMEDIATE")
            _run(wrapper, "SET CONSTRAINTS ALL DEFERRED")
            _run(wrapper, "SELECT set_config('crm.witness_from', coalesce(max(id), 0)::text, false) FROM log_event")

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None) -> None:
        """Fire what a commit would fire; a failure rolls the block back and is raised."""
        wrapper = get_connection(self.using)
        if not self.is_outermost or kind is not None or wrapper.needs_rollback:
            super().__exit__(kind, error, traceback)
            return
        try:
            _run(wrapper, "SET CONSTRAINTS ALL IMMEDIATE")
        except DatabaseError as failure:
            super().__exit__(type(failure), failure, failure.__traceback__)
            raise
        _run(wrapper, "SET CONSTRAINTS ALL DEFERRED")
        super().__exit__(None, None, None)
        _run(wrapper, "SET crm.witness_from = ''")


def _run(wrapper: Any, statement: str) -> None:
    with wrapper.wrap_database_errors:
        wrapper.connection.execute(statement)


def _tell(wrapper: Any, state: str) -> None:
    # Beside Django's cursors, so that tests may count queries; a session in a failed transaction is about to be rolled back.
    if wrapper.connection is not None:
        with suppress(psycopg.Error):
            wrapper.connection.execute(f"SET crm.witness = '{state}'")
