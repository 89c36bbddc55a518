"""The movements of every test."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.utils import timezone

from crm.access.actor import IMPORTER
from products.models import Account
from transactions.choices import Channel, Direction, Instrument, Kind
from transactions.models import Source, Transaction
from transactions.services import NewTransaction, Recorded, add_source, record_one
from transactions.signals import transactions_changed, transactions_recorded

NOON = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
"""Noon of a Friday on the bank's clock."""


def movement(account: Account | str, number: object = 1, **changes: Any) -> NewTransaction:
    """Describe a debit of 100 yuan from source ``mobile``; *changes* replace the usual values."""
    text = account if isinstance(account, str) else account.reference
    values: dict[str, Any] = {
        "source": "mobile",
        "external_id": f"M-{number}",
        "account": text,
        "direction": Direction.DEBIT,
        "amount": Decimal("100.00"),
        "currency": "CNY",
        "occurred_at": NOON,
        "kind": Kind.TRANSFER,
        "instrument": Instrument.TRANSFER,
        "channel": Channel.MOBILE,
        "counterparty_name": "王芳",
        "counterparty_account": "6217000010001234567",
    } | changes
    return NewTransaction(**values)


def stored(answer: Recorded) -> Transaction:
    """Return the row behind an answer."""
    return Transaction.objects.get(pk=answer.pk)


def recorded(account: Account, number: object = 1, **changes: Any) -> Transaction:
    """Record a movement as the importer and return its row."""
    return stored(record_one(actor=IMPORTER, row=movement(account, number, **changes)))


@contextmanager
def heard() -> Iterator[dict[str, list[dict[str, Any]]]]:
    """Collect what the two signals say."""
    found: dict[str, list[dict[str, Any]]] = {"recorded": [], "changed": []}

    def on_recorded(**said: Any) -> None:
        found["recorded"].append(said)

    def on_changed(**said: Any) -> None:
        found["changed"].append(said)

    transactions_recorded.connect(on_recorded)
    transactions_changed.connect(on_changed)
    try:
        yield found
    finally:
        transactions_recorded.disconnect(on_recorded)
        transactions_changed.disconnect(on_changed)


@pytest.fixture
def mobile(db: None) -> Source:
    """Return the source ``mobile``: it asks before money moves."""
    return add_source(actor=IMPORTER, code="mobile", name="Mobile banking")


@pytest.fixture
def core(db: None) -> Source:
    """Return the source ``core``: its rows have happened already."""
    return add_source(actor=IMPORTER, code="core", name="Core banking", already_completed=True)


@pytest.fixture
def days_ago() -> Callable[[float], datetime]:
    """Return a moment so many days before now."""
    return lambda days: timezone.now() - timedelta(days=days)
