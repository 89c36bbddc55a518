"""Statements of the hot paths: parameters bound and prepared on the server, in Django's connection and transaction.

Django's cursor binds on the client and never prepares, and psycopg reads the text of a long statement anew each time: for the few
statements that every transaction runs, planning and reading cost several times their work. What runs here is invisible to Django's
execute wrappers, and to the statement that row history would otherwise prepend: do not write tables with row history here.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import psycopg
from django.db import connection
from psycopg.types.numeric import Int8Dumper

_PLACE = re.compile(r"%\((\w+)\)s")


def run(sql: str, values: Mapping[str, Any], *, prepare: bool = True) -> list[tuple[Any, ...]]:
    """Run one statement with places ``%(name)s`` and return its rows.

    Cast each place to its SQL type (``%(ids)s::bigint[]``), so that the prepared statement has one set of types.
    """
    # As Django's own cursors do: the first statement of a request finds out whether the connection outlived the server's restart.
    connection.close_if_health_check_failed()
    connection.ensure_connection()
    text, names = _numbered(sql)
    given = [values[name] for name in names]
    try:
        return _asked(text, given, prepare)
    except psycopg.errors.FeatureNotSupported:
        # A migration has changed what a prepared statement returns. A transaction's rollback forgets what was prepared (the driver sees
        # to it); where there is none, a new session does.
        if connection.in_atomic_block or not prepare:
            raise
        connection.close()
        connection.ensure_connection()
        return _asked(text, given, prepare)


def _asked(text: bytes, given: Sequence[Any], prepare: bool) -> list[tuple[Any, ...]]:
    raw = connection.connection
    # Django's setting "never prepare" is for its own cursors, which bind on the client and are not touched by this.
    raw.prepare_threshold = 5
    try:
        with psycopg.RawCursor(raw) as cursor:
            # One type for all integers, else a small id would make another prepared statement than a large one.
            cursor.adapters.register_dumper(int, Int8Dumper)
            cursor.execute(text, given, prepare=prepare)
            return cursor.fetchall() if cursor.description else []
    except psycopg.Error:
        connection.errors_occurred = True  # Django then asks, before the next request, whether the connection still works
        raise


@lru_cache(maxsize=256)
def _numbered(sql: str) -> tuple[bytes, tuple[str, ...]]:
    """Return the statement with $1, $2 … as the server wants it, and the names in that order; read once per statement."""
    names: dict[str, int] = {}

    def number(place: re.Match[str]) -> str:
        return f"${names.setdefault(place[1], len(names) + 1)}"

    return _PLACE.sub(number, sql).encode(), tuple(names)
