"""What differs between a stored transaction and one sent again under the same id."""

from typing import Any

from crm.fields.blind import blind_index
from transactions.models import Transaction
from transactions.services.entries import IMMUTABLE
from transactions.services.resolving import Resolved

COUNTERPARTY = "transactions.transaction.counterparty_account"


def differing_fields(pk: int, item: Resolved) -> list[str]:
    """Return the names of the immutable fields in which the stored row and the new one differ, in the order of the contract."""
    stored = Transaction.objects.get(pk=pk)
    return [name for name in IMMUTABLE if _stored(stored, name) != _given(item, name)]


def _stored(stored: Transaction, name: str) -> Any:
    if name == "account":
        return stored.account_id
    if name == "counterparty_account":
        return None if stored.counterparty_index is None else bytes(stored.counterparty_index)
    return getattr(stored, name)


def _given(item: Resolved, name: str) -> Any:
    if name == "account":
        return item.party.account_id
    if name == "occurred_at":
        return item.occurred_at
    value = getattr(item.row, name)
    if name == "counterparty_account":
        return blind_index(COUNTERPARTY, value) if value else None
    return value
