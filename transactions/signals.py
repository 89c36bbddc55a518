"""What this app announces. Receivers only enqueue; the row that still owes a judgement is the queue."""

from django.dispatch import Signal

transactions_recorded = Signal()
"""After commit: ``batch_id: str`` and ``ids: list[int]`` (at most 5,000, in event order, all owing a judgement).

What was judged in the transaction that recorded it owes none and is not told.
"""

transactions_changed = Signal()
"""Inside the transaction of the change: ``ids: list[int]`` (at most 5,000), ``cause: OwedCause``.

Sent when a change alters what counts in a window: reversed, declined, failed, aborted or revoked, and a credit that begins to count.
The changed rows themselves owe a judgement again already, if they had one. The receiver marks, in the same transaction and under the
same hold of the customer, the later rows whose windows contain them; also when the changed row is history or still owed.
"""

BATCH = 5_000
