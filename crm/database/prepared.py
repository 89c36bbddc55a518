"""Statements of the hot paths: parameters bound and prepared on the server, in Django's connection and transaction.

Django's cursor binds on the client and never prepares, and psycopg reads the text of a long statement anew each time: for the few
statements that every transaction runs, planning and reading cost several times their work. Who counts queries sees what runs here;
Django's execute wrappers do not, nor is the statement prepended that row history needs: do not write tables with row history here.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import psycopg
from django.db import DEFAULT_DB_ALIAS, connections
from psycopg.pq import ExecStatus
from psycopg.types.numeric import Int8Dumper

MOST_PREPARED = 300
"""So many statements stay prepared on one connection; the driver forgets those not used longest."""
_PLACE = re.compile(r"%\((\w+)\)s")


def run(sql: str, values: Mapping[str, Any], *, prepare: bool = True) -> list[tuple[Any, ...]]:
    """Run one statement with places ``%(name)s`` and return its rows.

    Cast each place to its SQL type (``%(ids)s::bigint[]``), so that the prepared statement has one set of types.
    """
    wrapper = connections[DEFAULT_DB_ALIAS]
    # As Django's own cursors do: the first statement of a request finds out whether the connection outlived the server's restart.
    wrapper.close_if_health_check_failed()
    wrapper.ensure_connection()
    wrapper.validate_no_broken_transaction()
    text, names = _numbered(sql)
    given = [values[name] for name in names]
    try:
        return _asked(wrapper, text, given, prepare)
    except psycopg.errors.FeatureNotSupported:
        # A migration has changed what a prepared statement returns. A transaction's rollback forgets what was prepared (the driver sees
        # to it); where there is none, a new session does.
        if wrapper.in_atomic_block or not prepare:
            raise
        wrapper.close()
        wrapper.ensure_connection()
        return _asked(wrapper, text, given, prepare)


def run_for(sql: str, ids: Sequence[int], values: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
    """Run a statement for some rows; it names them as ``= ANY(%(ids)s::bigint[])``.

    For a single row it is prepared, with ``= %(id)s::bigint`` instead: of a list whose length it does not know the server expects ten,
    finds that planning for the very list is cheaper, and plans each time.
    """
    if len(ids) == 1:
        return run(_for_one(sql), {**(values or {}), "id": ids[0]})
    return run(sql, {**(values or {}), "ids": list(ids)}, prepare=False)


def execute(sql: str, values: Mapping[str, Any], *, prepare: bool = True) -> list[tuple[Any, ...]]:
    """Run one statement as `run` does, but raise Django's exceptions instead of the driver's."""
    with connections[DEFAULT_DB_ALIAS].wrap_database_errors:
        return run(sql, values, prepare=prepare)


@lru_cache(maxsize=256)
def _for_one(sql: str) -> str:
    return sql.replace("= ANY(%(ids)s::bigint[])", "= %(id)s::bigint")


def _asked(wrapper: Any, text: bytes, given: Sequence[Any], prepare: bool) -> list[tuple[Any, ...]]:
    try:
        cursor = _cursor_of(wrapper)
        cursor.execute(text, given, prepare=prepare)
        if wrapper.queries_logged:  # whoever counts statements counts these, too
            wrapper.queries_log.append({"sql": text.decode(), "time": "0"})
        result = cursor.pgresult
        return cursor.fetchall() if result is not None and result.status == ExecStatus.TUPLES_OK else []
    except psycopg.Error:
        wrapper.errors_occurred = True  # Django then asks, before the next request, whether the connection still works
        raise


def _cursor_of(wrapper: Any) -> psycopg.RawCursor[Any]:
    """The one cursor of this connection through which all of this runs: each call reads its answer to the end."""
    raw = wrapper.connection
    cursor: psycopg.RawCursor[Any] | None = getattr(wrapper, "hot_cursor", None)
    if cursor is None or cursor.connection is not raw:
        # Django's setting "never prepare" is for its own cursors, which bind on the client and are not touched by this.
        raw.prepare_threshold, raw.prepared_max = 5, MOST_PREPARED
        cursor = psycopg.RawCursor(raw)
        # One type for all integers, else a small id would make another prepared statement than a large one.
        cursor.adapters.register_dumper(int, Int8Dumper)
        wrapper.hot_cursor = cursor
    return cursor


@lru_cache(maxsize=256)
def _numbered(sql: str) -> tuple[bytes, tuple[str, ...]]:
    """Return the statement with $1, $2 … as the server wants it, and the names in that order; read once per statement."""
    names: dict[str, int] = {}

    def number(place: re.Match[str]) -> str:
        return f"${names.setdefault(place[1], len(names) + 1)}"

    return _PLACE.sub(number, sql).encode(), tuple(names)
