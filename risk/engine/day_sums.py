"""A customer's bank day as the large-value register sees it: all that counts at the end of the day, exempt kinds apart."""

import json
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from django.conf import settings

from risk.engine.binding import Binder
from risk.engine.compiler import GIVEN, current_sql
from risk.engine.cursor import run
from risk.engine.formulas import amount_sql
from risk.engine.ledger import LEDGER, counted_sql
from risk.engine.per_row import PerRow
from risk.facts.declarations import WindowFact
from risk.facts.fields import same_sql
from risk.facts.spans import DAY, back


class DaySum(NamedTuple):
    """One sum of a customer's day, direction and currency group, found through any of its transactions."""

    customer_id: int
    bank_date: date
    direction: str
    currency_group: str
    total: Decimal
    by_kind: str
    """JSON, as the database wrote it."""
    ids: list[int]


def day_sums(fact: WindowFact, ids: list[int]) -> list[DaySum]:
    """Return the sums that these transactions belong to, each once; reversals of the day itself do not count."""
    binder = Binder()
    binder.values["zone"] = settings.BANK_ZONE
    amount = amount_sql(fact.of, "h")
    group = same_sql("currency_group", "c")
    filters = " AND ".join(PerRow(LEDGER, binder).filters(fact))
    counted = f"{counted_sql('h')} AND (h.reversed_at IS NULL OR (h.reversed_at AT TIME ZONE %(zone)s::text)::date > h.bank_date)"
    # Two events of one day are less than two days apart, also where the clocks change: so the day is found in the order of events.
    near = f"h.event_order BETWEEN c.event_order - {binder.order(back(2 * DAY))} AND c.event_order + {binder.order(back(2 * DAY))}"
    same_day = f"h.customer_id = c.customer_id AND {near} AND h.bank_date = c.bank_date"
    rows = f"FROM {LEDGER} h WHERE {same_day} AND {filters} AND {counted}"
    # Each day is summed once, however many transactions of it are given.
    of_day = ", ".join(dict.fromkeys(["c.customer_id", "c.bank_date", "c.direction", group, *(same_sql(name, "c") for name in fact.same)]))
    sql = f"""WITH {current_sql(LEDGER, GIVEN)}
SELECT DISTINCT ON (c.customer_id, c.bank_date, c.direction, {group})
       c.customer_id, c.bank_date, c.direction, {group}, coalesce(d.total, 0), coalesce(k.by_kind, '{{}}'), coalesce(d.ids, '{{}}')
  FROM (SELECT DISTINCT ON ({of_day}) c.* FROM cur c) c
 CROSS JOIN LATERAL (SELECT sum({amount}) AS total, array_agg(h.id ORDER BY h.event_order, h.id) AS ids {rows}) d
 CROSS JOIN LATERAL (SELECT jsonb_object_agg(x.kind, x.total::text) AS by_kind
                       FROM (SELECT h.kind, coalesce(sum({amount}), 0) AS total {rows} GROUP BY h.kind) x) k"""
    return [DaySum(*row) for row in run(sql, {**binder.values, "ids": ids}, prepare=False)]


def kinds(row: DaySum) -> dict[str, Decimal]:
    """Return the sums by kind of transaction as numbers."""
    return {kind: Decimal(total) for kind, total in json.loads(row.by_kind).items()}
