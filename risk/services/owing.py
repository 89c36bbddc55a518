"""Who owes a judgement again: the judged events whose windows contain one that came late, was corrected or reversed."""

from collections.abc import Sequence

from risk.engine.cursor import run
from risk.engine.program import Program
from risk.facts.spans import back
from risk.services import rule_sets
from transactions.choices import OwedCause

# A reversal changes the windows of moments from the reversal on; anything else those of its own moment on.
_SPREAD = """
WITH changed AS (
  SELECT t.account_id, t.customer_id, t.event_order, CASE WHEN %(cause)s::text = 'reversed' AND t.reversed_at IS NOT NULL
         THEN greatest(t.event_order, ((extract(epoch FROM t.reversed_at) * 1000000)::bigint - 946684800000000) * 4096)
         ELSE t.event_order END AS low
    FROM transactions_transaction t WHERE t.id = ANY(%(ids)s::bigint[])),
reached AS (
  SELECT t.id FROM (SELECT account_id, min(low) AS low, max(low) + %(account)s::bigint AS high FROM changed GROUP BY 1) k
    JOIN transactions_transaction t ON t.account_id = k.account_id AND t.event_order BETWEEN k.low AND k.high
  UNION
  SELECT t.id FROM (SELECT customer_id, min(low) AS low, max(low) + %(customer)s::bigint AS high FROM changed GROUP BY 1) k
    JOIN transactions_transaction t ON t.customer_id = k.customer_id AND t.event_order BETWEEN k.low AND k.high)
UPDATE transactions_transaction t SET screening = 'owed', owed_cause = %(cause)s::text, owed_since = now()
 WHERE t.id IN (SELECT id FROM reached) AND t.screening = 'judged' AND NOT t.id = ANY(%(without)s::bigint[])
RETURNING t.id"""


def changed(*, ids: Sequence[int], cause: OwedCause) -> int:
    """Mark who owes a judgement because stored rows were corrected or reversed, in the transaction of that change; how many.

    The caller holds the customers, as judging does: nobody judges on half-known ground meanwhile.
    """
    _rule_set, program = rule_sets.current()
    return len(spread(program, ids, cause, without=ids))


def spread(program: Program, ids: Sequence[int], cause: OwedCause, *, without: Sequence[int] = ()) -> list[int]:
    """Return the judged transactions that owe a judgement again because of these; they are marked.

    Between the first and the last of a key's changes everything counts as reached: one more look finds nothing new.
    """
    if not ids:
        return []
    values = {
        "ids": list(ids),
        "without": list(without),
        "cause": cause.value,
        "account": back(program.reach("account")),
        "customer": back(program.reach("customer")),
    }
    # Planned for these very ids: one plan for all would look each reached row up in an unsorted list.
    return [row[0] for row in run(_SPREAD, values, prepare=len(ids) == 1)]
