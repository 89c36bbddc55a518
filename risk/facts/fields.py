"""The columns a rule may speak of, with their types: of any event, or of the event being judged only."""

from dataclasses import dataclass
from typing import Literal

ValueType = Literal["number", "text", "boolean"]


@dataclass(frozen=True)
class Field:
    """One readable value of an event. ``sql`` is written with ``{row}`` for the row's alias."""

    type: ValueType
    sql: str
    current_only: bool = False


def _plain(name: str, kind: ValueType) -> Field:
    return Field(kind, "{row}." + name)


FIELDS: dict[str, Field] = {
    "direction": _plain("direction", "text"),
    "amount": _plain("amount", "number"),
    "amount_cny": _plain("amount_cny", "number"),
    "amount_usd": _plain("amount_usd", "number"),
    "currency": _plain("currency", "text"),
    # Renminbi is summed in CNY, all foreign currency in USD equivalent, never together.
    "currency_group": Field("text", "(CASE WHEN {row}.currency = 'CNY' THEN 'CNY' ELSE 'USD' END)"),
    "group_amount": Field("number", "(CASE WHEN {row}.currency = 'CNY' THEN {row}.amount_cny ELSE {row}.amount_usd END)"),
    "kind": _plain("kind", "text"),
    "instrument": _plain("instrument", "text"),
    "channel": _plain("channel", "text"),
    "cross_border": _plain("cross_border", "boolean"),
    "customer_initiated": _plain("customer_initiated", "boolean"),
    "counterparty_country": _plain("counterparty_country", "text"),
    # The clock on the bank's wall, in hours and their fractions: a microsecond is told from the next, and sums stay exact.
    "hour": Field("number", "round(extract(epoch FROM ({row}.occurred_at AT TIME ZONE %(zone)s::text)::time) / 3600, 12)"),
    "customer_kind": Field("text", "{row}.customer_kind", current_only=True),
    "customer_segment": Field("text", "{row}.customer_segment", current_only=True),
    "customer_aml_risk_level": Field("number", "{row}.customer_aml_risk_level", current_only=True),
    "account_kind": Field("text", "{row}.account_kind", current_only=True),
    "account_age": Field("number", "{row}.account_age", current_only=True),
}

SAME: dict[str, str] = {
    "direction": "direction",
    "currency_group": "(CASE WHEN {row}.currency = 'CNY' THEN 'CNY' ELSE 'USD' END)",
    "currency": "currency",
    "instrument": "instrument",
    "cross_border": "cross_border",
    "kind": "kind",
    "counterparty": "counterparty_index",
}
"""What a past event may be asked to share with the one being judged; none of these is ever null but the counterparty."""


def same_sql(name: str, row: str) -> str:
    """Return the SQL of one shared property for a row alias."""
    sql = SAME[name]
    return sql.format(row=row) if "{row}" in sql else f"{row}.{sql}"
