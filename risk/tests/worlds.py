"""Small worlds drawn for property tests: ties, edges at one microsecond, reversals, currencies, bank and business days."""

import hashlib
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from crm.calendar.services import bank_date, business_day
from products.models import Account
from risk.facts.spans import MICROSECOND, order_of
from risk.tests.oracle import Event
from transactions.models import Source, Transaction

# Around the new year holiday of 2026, midnight on the bank's clock: business days, make-up days and bank days all change here.
STARTS = tuple(datetime(2026, *parts, tzinfo=UTC) for parts in ((2, 13, 16, 0), (2, 24, 16, 0), (9, 30, 15, 59)))
STEPS = [timedelta(hours=1), timedelta(hours=24), timedelta(days=7), timedelta(days=1, hours=7), timedelta(days=3), timedelta(days=14)]
AMOUNTS = [Decimal(text) for text in ("0.01", "199.99", "200", "1000", "1099.9999", "1100", "10000", "40000", "49999.99", "50000")]
STATUSES = ["completed"] * 6 + ["received", "approved", "held", "declined", "failed", "refused", "reversed"]

# Whole steps apart, give or take a microsecond: most pairs of a world lie on the edge of some window.
DRAWN = ("direction", "amount", "currency", "kind", "instrument", "channel", "cross_border", "customer_initiated")

moments = st.tuples(st.integers(0, 3), st.sampled_from([-1, 0, 0, 0, 1]))
rows = st.fixed_dictionaries(
    {
        "account": st.sampled_from([0, 0, 0, 1, 2]),
        "at": moments,
        "tie": st.sampled_from([0, 0, 1, 2047]),
        "direction": st.sampled_from("CCD"),
        "amount": st.sampled_from(AMOUNTS),
        "currency": st.sampled_from(["CNY", "CNY", "CNY", "USD", "XXX"]),
        "kind": st.sampled_from(["transfer", "withdrawal", "deposit"]),
        "instrument": st.sampled_from(["cash", "transfer"]),
        "channel": st.sampled_from(["mobile", "batch"]),
        "cross_border": st.booleans(),
        "customer_initiated": st.booleans(),
        "counterparty": st.sampled_from([None, b"a" * 16, b"b" * 16, b"c" * 16]),
        "status": st.sampled_from(STATUSES),
        "until": st.sampled_from([timedelta(microseconds=1), timedelta(hours=1), timedelta(days=3), timedelta(0)]),
    }
)
worlds = st.builds(
    lambda start, step, drawn: [{**row, "at": start + row["at"][0] * step + row["at"][1] * MICROSECOND} for row in drawn],
    st.sampled_from(STARTS),
    st.sampled_from(STEPS),
    st.lists(rows, min_size=1, max_size=14),
)


def plant(world: list[dict[str, Any]], source: Source, accounts: list[Account]) -> list[Event]:
    """Store a world's rows as they are and return them for the oracle."""
    made = [_row(number, row, source, accounts[row["account"]]) for number, row in enumerate(world)]
    Transaction.objects.bulk_create(made)
    return [_event(row) for row in made]


def _row(number: int, row: dict[str, Any], source: Source, account: Account) -> Transaction:
    rate = {"CNY": Decimal(1), "USD": Decimal("7.1"), "XXX": None}[row["currency"]]
    cny = None if rate is None else (row["amount"] * rate).quantize(Decimal("0.0001"))
    usd = None if rate is None else (row["amount"] * rate / Decimal("7.1")).quantize(Decimal("0.0001"))
    external_id = hashlib.sha256(f"{number}".encode()).hexdigest()[:12]
    day = bank_date(row["at"])
    return Transaction(
        source=source,
        external_id=external_id,
        fingerprint=b"",
        data_key_id=account.data_key_id,
        reference=f"T-{external_id.upper()}",
        event_order=order_of(row["at"], row["tie"]),
        customer_id=account.customer_id,
        account=account,
        amount_cny=cny,
        amount_usd=usd,
        occurred_at=row["at"],
        bank_date=day,
        business_day=business_day(day),
        counterparty_index=row["counterparty"],
        reversed_at=row["at"] + row["until"] if row["status"] == "reversed" else None,
        **{name: row[name] for name in (*DRAWN, "status")},
    )


def _event(row: Transaction) -> Event:
    names = [*DRAWN, "amount_cny", "amount_usd"]
    return Event(
        pk=row.pk,
        account=row.account_id,
        customer=row.customer_id,
        order=row.event_order,
        at=row.occurred_at,
        bank_date=row.bank_date,
        business_day=row.business_day,
        values={name: getattr(row, name) for name in names},
        counterparty=row.counterparty_index,
        external_id=row.external_id,
        status=row.status,
        reversed_at=row.reversed_at,
    )
