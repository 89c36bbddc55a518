"""What is kept and told of a transaction whose judgement failed: the others go on without it."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.utils.translation import gettext_noop

from crm.access.actor import Actor
from crm.log import services as log
from crm.notify.services import notify
from crm.staff.services.duty import people_on_duty
from risk.engine.cursor import run
from transactions.models import Transaction

FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=10), timedelta(hours=1)
_TRIED = """
UPDATE transactions_transaction SET owed_attempts = least(owed_attempts + 1, 1000), owed_retry_at = %(again)s::timestamptz
 WHERE id = %(id)s::bigint"""


def put_off(*, actor: Actor, pk: int, failure: Exception, now: datetime, told: bool = False) -> int:
    """Let a row that could not be judged wait, longer each time, behind those not tried yet; return how often it was tried.

    With ``told`` the people who look after it hear of it, once a day and kind of failure.
    """
    with transaction.atomic():
        row = Transaction.objects.select_related("customer").locked().get(pk=pk)
        attempts: int = row.owed_attempts + 1
        again = now + min(FIRST_WAIT * 2 ** min(attempts, 12), LONGEST_WAIT)
        run(_TRIED, {"id": pk, "again": again})
        data = {"error": type(failure).__name__, "attempts": attempts, "again_at": again.isoformat()}
        log.record(actor=actor, action="transaction.not_judged", target=row, data=data, result="failed")
        if told:
            _tell(row, failure, now, _STUCK)
    return attempts


def write_down(*, actor: Actor, pk: int, failure: Exception, lost: Sequence[str], now: datetime) -> None:
    """One line for a row that was set aside, and a notice; in the transaction that set it aside."""
    row = Transaction.objects.select_related("customer").get(pk=pk)
    data = {"error": type(failure).__name__, "lost": list(lost)}
    log.record(actor=actor, action="transaction.set_aside", target=row, data=data, result="failed")
    _tell(row, failure, now, _ASIDE)


_ASIDE = gettext_noop(
    "What should follow from the verdict on transaction %(reference)s failed (%(error)s). It is marked for review: look at it by hand. "
    "Others of the same day stand in the log as “Transaction marked for review: its judgement failed”."
)
_STUCK = gettext_noop(
    "Transaction %(reference)s could not be judged (%(error)s) and waits. It is tried again; the other transactions go on. "
    "Others of the same day stand in the log as “Transaction could not be judged”."
)


def _tell(row: Transaction, failure: Exception, now: datetime, body: str) -> None:
    """Once a day and kind of failure: officers with the way to the transaction, those who run the system without it."""
    error = type(failure).__name__
    key = f"risk.judgement_failed:{error}:{now:%Y-%m-%d}"
    subject, params = gettext_noop("The judgement of a transaction failed"), {"reference": row.reference, "error": error}
    kind = "risk.judgement_failed"
    for permission, page, args in (("risk.work_alert", "transactions:transaction", (row.reference,)), ("risk.hear_failures", "", ())):
        people = people_on_duty(permission)
        notify(recipients=people, kind=kind, subject=subject, body=body, params=params, url_name=page, url_args=args, key=key)
