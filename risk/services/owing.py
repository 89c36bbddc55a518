"""Who owes a judgement again: the judged events whose windows contain one that came late, was corrected or reversed."""

from collections.abc import Sequence
from datetime import datetime

from products.models import Account
from risk.engine.cursor import run, run_for
from risk.engine.program import Program
from risk.facts.declarations import BalanceFact
from risk.facts.spans import STRIDE, back, order_of
from risk.services import rule_sets
from transactions.choices import OwedCause
from transactions.services.locks import hold

# A reversal changes the windows of moments from the reversal on; anything else those of its own moment on. Each key is looked up by its
# index (OFFSET 0), and what was reached by its id (ARRAY): the planner expects far more rows after an event than there ever are, and
# would read the whole table.
_SPREAD = """
WITH changed AS (
  SELECT t.account_id, t.customer_id, t.event_order, CASE WHEN %(cause)s::text = 'reversed' AND t.reversed_at IS NOT NULL
         THEN greatest(t.event_order, ((extract(epoch FROM t.reversed_at) * 1000000)::bigint - 946684800000000) * 4096)
         ELSE t.event_order END AS low
    FROM transactions_transaction t WHERE t.id = ANY(%(ids)s::bigint[])),
reached AS (
  SELECT t.id FROM (SELECT account_id, min(low) AS low, max(low) + %(account)s::bigint AS high FROM changed GROUP BY 1) k
   CROSS JOIN LATERAL (SELECT h.id, h.screening FROM transactions_transaction h
                        WHERE h.account_id = k.account_id AND h.event_order BETWEEN k.low AND k.high OFFSET 0) t
   WHERE t.screening = 'judged'
  UNION
  SELECT t.id FROM (SELECT customer_id, min(low) AS low, max(low) + %(customer)s::bigint AS high FROM changed GROUP BY 1) k
   CROSS JOIN LATERAL (SELECT h.id, h.screening FROM transactions_transaction h
                        WHERE h.customer_id = k.customer_id AND h.event_order BETWEEN k.low AND k.high OFFSET 0) t
   WHERE t.screening = 'judged')
UPDATE transactions_transaction t SET screening = 'owed', owed_cause = %(cause)s::text, owed_since = now()
 WHERE t.id = ANY (ARRAY(SELECT id FROM reached)) AND t.screening = 'judged' AND NOT t.id = ANY(%(without)s::bigint[])
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
        "without": list(without),
        "cause": cause.value,
        "account": back(program.reach("account")),
        "customer": back(program.reach("customer")),
    }
    # Planned for these very ids: one plan for all would look each reached row up in an unsorted list.
    return [row[0] for row in run_for(_SPREAD, ids, values)]


_REPORTED = """
UPDATE transactions_transaction t SET screening = 'owed', owed_cause = %(cause)s::text, owed_since = now()
 WHERE t.account_id = %(account)s::bigint AND t.screening = 'judged'
   AND t.event_order BETWEEN %(low)s::bigint AND %(high)s::bigint"""


def reported(*, account: Account, reported_at: datetime) -> None:
    """Mark the judged events that would have reckoned with a balance that is reported only now, in the transaction of the report.

    It holds the customer, as judging does. Without a rule that reads balances nothing is marked.
    """
    hold([account.customer_id], [])
    _rule_set, program = rule_sets.current()
    reach = max((fact.reach for fact in program.facts if isinstance(fact, BalanceFact)), default=0)
    if reach:
        low = order_of(reported_at)
        values = {"account": account.pk, "cause": OwedCause.REPORTED.value, "low": low, "high": low + reach * STRIDE}
        run(_REPORTED, values)
