"""Which judged events would find their whole past unchanged: for these, as known and as corrected are one."""

from collections.abc import Sequence

from risk.engine.cursor import run
from risk.engine.ledger import LEDGER, counted_sql
from transactions.choices import Status

# The last database transaction that changed what a row means to others: its arrival, a step that made it count or no longer, a
# reversal, a rate that came later. An event is settled when all of this, of every row of its customer before it, was known when it
# was judged. Twins of one place in the order are looked at the long way.
_COUNTED = counted_sql("s")
_SETTLED = f"""
WITH cur AS MATERIALIZED (
  SELECT t.id, t.customer_id, t.event_order, t.txid, t.cny_txid, t.usd_txid, a.own,
         CASE WHEN a.seen IS NULL THEN t.txid ELSE pg_snapshot_xmin(a.seen)::text::bigint END AS seen_min
    FROM {LEDGER} t LEFT JOIN LATERAL (SELECT x.snapshot::pg_snapshot AS seen, x.txid AS own FROM risk_assessment x
                                       WHERE x.transaction_id = t.id AND x.revision = 1) a ON true
   WHERE t.id = ANY(%(ids)s::bigint[])),
whose AS (SELECT customer_id, max(event_order) AS high FROM cur GROUP BY 1),
past AS (
  SELECT h.id, h.customer_id, h.event_order,
         greatest(h.txid, h.cny_txid, h.usd_txid,
           (SELECT max(s.txid) FROM (
              SELECT e.txid, {_COUNTED} AS counts, lag({_COUNTED}) OVER (ORDER BY e.id) AS counted, e.status
                FROM transactions_statusevent e CROSS JOIN LATERAL (SELECT e.status, h.direction) s
               WHERE e.transaction_id = h.id) s
             WHERE s.counts <> s.counted OR s.status = '{Status.REVERSED}')) AS changed
    FROM whose w JOIN {LEDGER} h ON h.customer_id = w.customer_id AND h.event_order <= w.high),
running AS (
  SELECT id, max(changed) OVER (PARTITION BY customer_id ORDER BY event_order RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS before,
         count(*) OVER (PARTITION BY customer_id, event_order) AS twins
    FROM past)
SELECT c.id FROM cur c JOIN running r ON r.id = c.id
 WHERE r.twins = 1 AND coalesce(r.before, 0) < c.seen_min AND coalesce(greatest(c.cny_txid, c.usd_txid), 0) < c.seen_min"""


def settled(ids: Sequence[int]) -> set[int]:
    """Return those whose past holds nothing that became known after they were first judged."""
    return {pk for (pk,) in run(_SETTLED, {"ids": list(ids)}, prepare=False)}
