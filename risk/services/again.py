"""Having transactions judged again whose judgement had failed, after what failed was mended."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.actor import Actor
from crm.access.errors import Conflict, DomainError
from crm.access.services import require
from crm.jobs.queue import enqueue
from crm.log import services as log
from risk.engine.cursor import run
from risk.rules.definition import ENGINE_ERROR
from risk.services.errors import ReasonNeeded
from transactions.choices import OwedCause, Screening
from transactions.models import Transaction
from transactions.services.locks import hold

AGAIN = "risk.judge_again"
BATCH = 1_000


class NeverJudged(DomainError):
    """History and refused money owe no judgement."""

    code = "never_judged"
    message = _("This transaction is not judged: it was loaded as history, or refused.")


class StillWaiting(Conflict):
    """It owes a judgement already."""

    code = "still_waiting"
    message = _("This transaction is waiting to be judged already.")


@transaction.atomic
def judge_again(*, actor: Actor, row: Transaction, reason: str) -> Transaction:
    """Have one transaction judged anew with the rules of now, by a worker.

    Raises ``NeverJudged``, ``StillWaiting``, ``ReasonNeeded``.
    """
    require(actor, AGAIN, row)
    if len(reason.strip()) < 4:
        raise ReasonNeeded
    hold([row.customer_id], [])
    row = Transaction.objects.select_related("customer").locked().get(pk=row.pk)
    if row.screening == Screening.EXEMPT:
        raise NeverJudged
    if row.screening == Screening.OWED:
        raise StillWaiting
    _owe([row.pk])
    log.record(actor=actor, action="transaction.judge_again", target=row, reason=reason.strip())
    enqueue("risk.judge", ids=[row.pk])
    return row


# Whose latest verdict says that something failed: a consequence (set aside), or one rule.
_FAILED = """
SELECT t.id FROM transactions_transaction t
  JOIN LATERAL (SELECT a.exits FROM risk_assessment a WHERE a.transaction_id = t.id ORDER BY a.revision DESC LIMIT 1) a ON true
 WHERE t.screening = 'judged' AND t.id > %(after)s::bigint AND a.exits ->> %(exit)s::text = %(error)s::text
   AND t.id IN (SELECT n.transaction_id FROM risk_assessment n WHERE n.judged_at >= %(since)s::timestamptz)
 ORDER BY t.id LIMIT %(most)s::bigint"""


def judge_failed_again(*, actor: Actor, exit_code: str, since: datetime, reason: str) -> int:
    """Have all transactions judged anew whose latest verdict says that a rule (its code) or what follows (``consequences``) failed.

    Those judged since a moment; a batch at a time, each with its line. Returns how many.
    """
    require(actor, AGAIN)
    if len(reason.strip()) < 4:
        raise ReasonNeeded
    done, after = 0, 0
    values = {"exit": exit_code, "error": ENGINE_ERROR, "since": since, "most": BATCH}
    while ids := [pk for (pk,) in run(_FAILED, {**values, "after": after}, prepare=False)]:
        done += _batch(actor, ids, exit_code, reason.strip())
        after = ids[-1]
    return done


@transaction.atomic
def _batch(actor: Actor, ids: Sequence[int], exit_code: str, reason: str) -> int:
    hold(Transaction.objects.filter(pk__in=ids).values_list("customer_id", flat=True), [])
    rows = list(Transaction.objects.filter(pk__in=ids, screening=Screening.JUDGED).locked().only("pk", "reference"))
    _owe([row.pk for row in rows])
    if rows:
        leaves = [(row.reference, b"again") for row in rows]
        data = {"rows": len(rows), "failed": exit_code}
        log.record_batch(actor=actor, action="transaction.judge_again", leaves=leaves, data=data, reason=reason)
        enqueue("risk.judge_owed", once_key="again")
    return len(rows)


def _owe(ids: Sequence[int]) -> None:
    now = timezone.now()
    values = {"screening": Screening.OWED, "owed_cause": OwedCause.ASKED, "owed_since": now, "owed_attempts": 0, "owed_retry_at": None}
    Transaction.objects.filter(pk__in=ids).update(**values)
