"""The engine's own cursor: server-side parameters and prepared statements, in Django's connection and transaction.

Django's cursor binds on the client and never prepares: 1.8 ms instead of 0.4 ms for one judgement. What runs here is
invisible to Django's execute wrappers, and to the statement that row history would otherwise prepend.
"""

from collections.abc import Mapping
from typing import Any

import psycopg
from django.db import connection
from psycopg.types.numeric import Int8Dumper


def run(sql: str, values: Mapping[str, Any], *, prepare: bool = True) -> list[tuple[Any, ...]]:
    """Run one statement and return its rows."""
    connection.ensure_connection()
    with psycopg.Cursor(connection.connection) as cursor:
        # One type for all integers, else a small id would make another prepared statement than a large one.
        cursor.adapters.register_dumper(int, Int8Dumper)
        cursor.execute(sql, values, prepare=prepare)
        return cursor.fetchall() if cursor.description else []


def settle(milliseconds: int) -> None:
    """Set for this transaction: how long one judging statement may take, no compilation, one plan for all values."""
    run(
        "SELECT set_config('statement_timeout', %(timeout)s::text, true), set_config('jit', 'off', true)",
        {"timeout": str(milliseconds)},
    )
