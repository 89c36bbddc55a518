"""Which plan for which rows: sorted passes where one key has many rows to judge, sub-selects per row elsewhere."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from risk.engine.compiler import PlanName
from risk.engine.cursor import run
from risk.engine.ledger import LEDGER, counted_sql

FRAMES_FROM = 8
"""From so many rows of one customer on, one pass over its history is cheaper than a scan per row."""


@dataclass(frozen=True)
class Share:
    """Some of the rows and their plan."""

    plan: PlanName
    ids: list[int]


def split(ids: Sequence[int], *, ledger: str = LEDGER, frames_from: int = FRAMES_FROM) -> list[Share]:
    """Return the rows by plan. Frames take only what they compute exactly: the row counts, and no reversal is among its past."""
    if len(ids) < frames_from:
        return [Share("rows", list(ids))] if ids else []
    rows = run(
        f"SELECT t.id, t.customer_id, {counted_sql('t')} AND NOT EXISTS"
        f" (SELECT FROM {ledger} r WHERE r.customer_id = t.customer_id AND r.reversed_at IS NOT NULL)"
        f" FROM {ledger} t WHERE t.id = ANY(%(ids)s::bigint[])",
        {"ids": list(ids)},
    )
    able = Counter(customer for _id, customer, exact in rows if exact)
    framed = [pk for pk, customer, exact in rows if exact and able[customer] >= frames_from]
    kept = set(framed)
    shares = [Share("frames", framed), Share("rows", [pk for pk, _customer, _exact in rows if pk not in kept])]
    return [share for share in shares if share.ids]
