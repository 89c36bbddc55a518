"""The feed: mostly ordinary, sometimes interesting, sometimes late, and never too much for one customer."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from random import Random

import pytest
from django.core.management import call_command

from crm.calendar import services as calendar
from crm.fields.blind import blind_index
from demo.feed import A_DAY, Feed, Payer
from demo.generate import make_world
from demo.loading.bank import MOBILE, load
from products.models import Account
from transactions.models import Transaction
from transactions.services import NewTransaction

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
PAYERS = [Payer(f"A-{number:08d}", f"C-{number:08d}") for number in range(60)]


def fed(count: int, seed: int = 7) -> list[list[NewTransaction]]:
    """Return what *count* seconds bring."""
    feed = Feed(MOBILE, PAYERS, Random(seed))
    return [feed.next(NOW + timedelta(seconds=second)) for second in range(count)]


def test_nobody_gets_more_than_a_dozen_a_day() -> None:
    """When everybody has had enough, the feed rests."""
    ordinary = [rows[0] for rows in fed(2_000) if len(rows) == 1 and rows[0].kind == "payment"]
    assert max(Counter(row.account for row in ordinary).values()) == A_DAY
    assert len(ordinary) == A_DAY * len(PAYERS)


def test_some_are_late_and_some_are_worth_a_look() -> None:
    """Late ones occurred at least 40 minutes before they arrive; interesting ones are large, foreign or pass through."""
    seconds = fed(600)
    times = [(NOW + timedelta(seconds=second), rows[0]) for second, rows in enumerate(seconds) if len(rows) == 1]
    late = [row for at, row in times if at - row.occurred_at >= timedelta(minutes=40)]
    interesting = [rows for rows in seconds if any(row.amount >= 10_000 for row in rows)]
    assert 5 <= len(late) <= 40
    assert 2 <= len(interesting) <= 30
    ids = [row.external_id for rows in seconds for row in rows]
    assert len(ids) == len(set(ids))


def test_same_seed_same_feed() -> None:
    """A seed makes the feed repeatable."""
    assert fed(200) == fed(200)


@pytest.mark.django_db(transaction=True)
def test_command_records_and_completes() -> None:
    """The command sends through the recording service; what arrives is stored under the mobile bank's name."""
    world = make_world(calendar.today() - timedelta(days=1), business_day=calendar.business_day)
    load(
        world.only({customer.core_number for customer in world.customers if customer.life == "idle"}),
        scale=1, report=lambda _step, _count: None, processes=1,
    )  # fmt: skip
    before = Transaction.objects.count()
    call_command("demo_feed", count=12, rate=100.0, seed=3)
    rows = Transaction.objects.filter(source__code=MOBILE)
    assert Transaction.objects.count() - before == rows.count() >= 12
    numbers = {blind_index("products.account.number", a.number) for c in world.customers for a in c.accounts}
    assert set(Account.objects.filter(transactions__in=rows).values_list("number_index", flat=True)) <= {bytes(n) for n in numbers}
