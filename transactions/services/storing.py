"""Writing many transactions in one statement, each stored once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from crm.database.prepared import execute
from transactions.models import StatusEvent, Transaction

IDENTITY = {
    "seal_id": "uuid",
    "data_key_id": "bigint",
    "reference": "text",
    "source_id": "bigint",
    "external_id": "text",
    "fingerprint": "bytea",
    "event_order": "bigint",
    "customer_id": "bigint",
    "account_id": "bigint",
}
TOLD = {
    "direction": "text",
    "amount": "numeric",
    "currency": "text",
    "kind": "text",
    "instrument": "text",
    "channel": "text",
    "cross_border": "boolean",
    "customer_initiated": "boolean",
    "operator": "text",
    "counterparty_name": "text",
    "counterparty_bank": "text",
    "counterparty_country": "text",
    "remark": "text",
    "transfer_id": "text",
}
"""Columns that take a field of `NewTransaction` of the same name as it is."""

SEALED = {"counterparty_account": "bytea", "counterparty_index": "bytea", "counterparty_last4": "text"}
DATED = {
    "occurred_at": "timestamptz",
    "bank_date": "date",
    "business_day": "integer",
    "amount_cny": "numeric",
    "amount_usd": "numeric",
    "rate_date": "date",
}
STATE = {"status": "text", "status_at": "timestamptz", "refusal": "text", "refused_by_id": "bigint", "screening": "text"}
COLUMNS: dict[str, str] = IDENTITY | TOLD | SEALED | DATED | STATE
"""The columns that differ from row to row, with their types; a test compares them with the model."""

_NAMES = ", ".join(COLUMNS)
_ARRAYS = ", ".join(f"%({name})s::{kind}[]" for name, kind in COLUMNS.items())
_INSERT = f"""
WITH stored AS (
    INSERT INTO {Transaction._meta.db_table} ({_NAMES}, received_at, owed_cause, owed_since, version, entered_by_id)
    SELECT {_NAMES}, %(now)s::timestamptz, 'new', %(now)s::timestamptz, 1, %(hand)s::bigint FROM unnest({_ARRAYS}) AS given ({_NAMES})
    ON CONFLICT (source_id, external_id) DO NOTHING
    RETURNING id, source_id, external_id, status, status_at, received_at
), begun AS (
    INSERT INTO {StatusEvent._meta.db_table} (transaction_id, status, at, received_at, source_id, external_id, operator, reason)
    SELECT id, status, status_at, received_at, source_id, '', %(number)s::text, '' FROM stored ORDER BY id
)
SELECT id, source_id, external_id FROM stored
"""


@dataclass(frozen=True)
class Hand:
    """Whose hand the rows came from: the person, if there is one, and the number that stands at the first step of each."""

    user_id: int | None
    number: str


def insert(rows: Sequence[Sequence[Any]], received_at: Any, hand: Hand) -> dict[tuple[int, str], int]:
    """Store the rows (values in the order of ``COLUMNS``) and the first step of each one's life.

    Returns the ids of those that are new, by (source, external id). Each column goes to the server as one array, in one round trip: no
    parameter per value. Sorted by key, so that two batches with the same rows wait for each other instead of deadlocking.
    """
    if not rows:
        return {}
    names = list(COLUMNS)
    source, external = names.index("source_id"), names.index("external_id")
    ordered = sorted(rows, key=lambda row: (row[source], row[external]))
    columns = zip(COLUMNS.items(), zip(*ordered, strict=True), strict=True)
    arrays = {name: array_of(kind, column) for (name, kind), column in columns}
    values = {"now": received_at, "hand": hand.user_id, "number": hand.number, **arrays}
    stored = execute(_INSERT, values, prepare=len(ordered) == 1)
    return {(source_id, external_id): pk for pk, source_id, external_id in stored}


def array_of(kind: str, values: Sequence[Any]) -> str:
    """Return a column as the text of a PostgreSQL array: four times quicker than the driver's own way with lists."""
    if kind == "text":
        parts = ('"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"' for value in values)
    elif kind == "bytea":
        parts = ("NULL" if value is None else f'"\\\\x{value.hex()}"' for value in values)
    else:
        parts = ("NULL" if value is None else f'"{value}"' for value in values)
    return "{" + ",".join(parts) + "}"
