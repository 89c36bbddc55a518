"""What an account holds: the last reported balance and everything completed since."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import connection

from products.models import Account
from transactions.choices import PENDING
from transactions.models import StatusEvent, Transaction

_MOVED = f"""
SELECT a.id, a.reported_balance, a.reported_at,
       coalesce(sum(t.signed) FILTER (WHERE t.completed_at > a.reported_at), 0)
     - coalesce(sum(t.signed) FILTER (WHERE t.reversed_at > a.reported_at), 0),
       coalesce(sum(t.amount) FILTER (WHERE t.pending AND t.direction = 'D'), 0)
  FROM {Account._meta.db_table} a
  LEFT JOIN LATERAL (
       SELECT t.direction, t.amount, t.reversed_at,
              CASE t.direction WHEN 'C' THEN t.amount ELSE -t.amount END AS signed,
              t.status = ANY(%(pending)s) AS pending,
              CASE t.status WHEN 'completed' THEN t.status_at
                            WHEN 'reversed' THEN (SELECT max(e.at) FROM {StatusEvent._meta.db_table} e
                                                   WHERE e.transaction_id = t.id AND e.status = 'completed') END AS completed_at
         FROM {Transaction._meta.db_table} t
        WHERE t.account_id = a.id AND t.currency = a.currency) t ON true
 WHERE a.id = ANY(%(accounts)s)
 GROUP BY a.id
"""


@dataclass(frozen=True, slots=True)
class Balance:
    """In the account's currency. ``current`` is reported ± completed since; ``free`` leaves out debits under way as well."""

    reported: Decimal
    reported_at: datetime
    current: Decimal
    pending_debits: Decimal

    @property
    def free(self) -> Decimal:
        """Return what another debit may still take, freezes not considered."""
        return self.current - self.pending_debits


def balances(account_ids: Iterable[int]) -> dict[int, Balance]:
    """Return the balance of each account of which one was ever reported; the others are left out.

    Since is told by when a movement was booked (completed, or reversed), not by when it was sent: that is what the reported figure
    contains or not. Movements in another currency than the account's do not move this balance.
    """
    with connection.cursor() as cursor:
        cursor.execute(_MOVED, {"accounts": sorted(set(account_ids)), "pending": [status.value for status in PENDING]})
        rows = cursor.fetchall()
    return {pk: Balance(reported, at, reported + moved, pending) for pk, reported, at, moved, pending in rows if reported is not None}
