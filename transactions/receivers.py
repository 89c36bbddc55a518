"""What the ledger does when a freeze is placed."""

from typing import Any

from crm.access.actor import Actor
from products.models import Freeze
from transactions.choices import PENDING, Direction
from transactions.models import Transaction
from transactions.services import refuse_frozen


def on_freeze_placed(*, freeze: Freeze, actor: Actor, **_signal: Any) -> None:
    """Inside the freeze's transaction: debits under way on its subject are asked again whether they may go."""
    subject = {"account": freeze.account} if freeze.account_id else {"customer": freeze.customer}
    under_way = Transaction.objects.filter(**subject, direction=Direction.DEBIT, status__in=PENDING)
    refuse_frozen(actor=actor, rows=list(under_way.select_related("customer").locked()))
