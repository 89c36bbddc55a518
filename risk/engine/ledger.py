"""What the engine reads: the ledger, and what counts in it."""

from transactions.choices import COUNTED_CREDITS, COUNTED_DEBITS

LEDGER = "transactions_transaction"
"""Any relation with these columns can stand in its place: a back-test's view of what was known, or events of a file."""

COLUMNS = (
    "id", "account_id", "customer_id", "source_id", "external_id", "event_order", "occurred_at", "bank_date", "business_day",
    "direction", "amount", "currency", "amount_cny", "amount_usd", "kind", "instrument", "channel", "cross_border",
    "customer_initiated", "counterparty_index", "counterparty_country", "status", "reversed_at",
)  # fmt: skip
READABLE = COLUMNS[5:-2]
"""Columns that filters and formulas read of a past event."""


def counted_sql(row: str) -> str:
    """Return whether a row's status counts in windows; reversals are told apart by their time."""
    debits, credits_ = ({status.value for status in group} for group in (COUNTED_DEBITS, COUNTED_CREDITS))
    conditions = [f"{row}.status IN ({_words(debits & credits_)})"]
    if debits - credits_:
        conditions.append(f"({row}.direction = 'D' AND {row}.status IN ({_words(debits - credits_)}))")
    if credits_ - debits:
        conditions.append(f"({row}.direction = 'C' AND {row}.status IN ({_words(credits_ - debits)}))")
    return f"({' OR '.join(conditions)})"


def counts_at_sql(row: str, moment: str) -> str:
    """Return whether a row counts at a moment: a reversed one counts before its reversal and not from then on."""
    return f"({counted_sql(row)} AND ({row}.reversed_at IS NULL OR {row}.reversed_at > {moment}))"


def _words(values: set[str]) -> str:
    return ", ".join(f"'{value}'" for value in sorted(values))
