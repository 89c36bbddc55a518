"""What this app announces."""

from django.dispatch import Signal

freeze_placed = Signal()
"""Inside the transaction that placed it, its customer and accounts held: ``freeze: Freeze`` and ``actor: Actor``.

Whoever keeps money that has been promised but has not moved yet asks again whether it may.
"""

balance_reported = Signal()
"""Inside the transaction that learned of a balance, its account held: ``account: Account`` and ``reported_at: datetime``.

Whoever has reckoned with an older balance since that moment reckons again.
"""
