"""Which plan for which rows: sorted passes where one key has many rows to judge, sub-selects per row elsewhere."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

from risk.engine.compiler import PlanName
from risk.engine.cursor import run
from risk.engine.ledger import LEDGER, counted_sql

FRAMES_FROM = 24
"""From so many rows of one customer on, one pass over its history is cheaper than a scan per row.

At 5 million rows, processor microseconds a row by scans and by frames: 8 rows of an ordinary customer 100 and 123, 20 rows 98 and 97,
80 rows 106 and 80; of a merchant with a thousand rows within reach: 341 and 909, 373 and 430, 344 and 165; even at some 30.
"""

Why = Literal["many", "few", "not_counted", "reversal"]
"""Enough rows of the customer to judge, or too few; the row itself does not count in windows; a reversal among the customer's past."""


@dataclass(frozen=True)
class Share:
    """Some of the rows and their plan."""

    plan: PlanName
    ids: list[int]


class Choice(NamedTuple):
    """The plan for one row, and why."""

    pk: int
    customer: int
    plan: PlanName
    why: Why


def split(ids: Sequence[int], *, ledger: str = LEDGER, frames_from: int = FRAMES_FROM) -> list[Share]:
    """Return the rows by plan. Frames take only what they compute exactly: the row counts, and no reversal is among its past."""
    if len(ids) < frames_from:
        return [Share("rows", list(ids))] if ids else []
    found: dict[PlanName, list[int]] = {"frames": [], "rows": []}
    for pk, _customer, plan, _why in choices(ids, ledger=ledger, frames_from=frames_from):
        found[plan].append(pk)
    return [Share(plan, pks) for plan, pks in found.items() if pks]


def choices(ids: Sequence[int], *, ledger: str = LEDGER, frames_from: int = FRAMES_FROM) -> list[Choice]:
    """Return the plan for each of the rows that are judged together."""
    rows = run(
        f"SELECT t.id, t.customer_id, {counted_sql('t')}, EXISTS"
        f" (SELECT FROM {ledger} r WHERE r.customer_id = t.customer_id AND r.reversed_at IS NOT NULL)"
        f" FROM {ledger} t WHERE t.id = ANY(%(ids)s::bigint[])",
        {"ids": list(ids)},
    )
    able = Counter(customer for _pk, customer, counts, reversals in rows if counts and not reversals)
    found = []
    for pk, customer, counts, reversals in rows:
        many = able[customer] >= frames_from
        why: Why = "reversal" if reversals else "not_counted" if not counts else "many" if many else "few"
        found.append(Choice(pk, customer, "frames" if why == "many" else "rows", why))
    return found
