"""Telling the people on duty what must not have happened."""

from django.utils.translation import gettext_noop

from crm.access.actor import Actor
from crm.log import services as log
from crm.notify.services import notify
from crm.staff.services.duty import people_on_duty
from products.models import Freeze
from transactions.models import Transaction


def completed_although_frozen(*, actor: Actor, row: Transaction, freeze: Freeze | None) -> None:
    """Write down, and tell those who place freezes, that a source booked money which was stopped here; in the caller's transaction."""
    named = freeze.reference if freeze else ""
    log.record(actor=actor, action="transaction.completed_frozen", target=row, data={"freeze": named}, result="failed")
    notify(
        recipients=people_on_duty("products.place_freeze"),
        kind="transactions.completed_frozen",
        subject=gettext_noop("Completed although frozen: %(transaction)s"),
        body=gettext_noop(
            "The source reports this transaction as completed, but it was stopped here. Ask the core at once. Freeze: %(freeze)s"
        ),
        params={"transaction": row.reference, "freeze": named or "—"},
        url_name="transactions:transaction",
        url_args=(row.reference,),
        key=f"transactions.completed_frozen:{row.reference}",
    )
