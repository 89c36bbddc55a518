"""Recording and judging in one breath, for channels that must know before money moves.

Judging belongs to a floor above, which registers its judge here (`register_judge`, called in its `AppConfig.ready()`).
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from django.db import transaction

from crm.access.actor import Actor
from crm.access.services import require
from transactions.choices import Screening, Status
from transactions.models import Transaction
from transactions.services.entries import NewTransaction, Outcome, Recorded
from transactions.services.recording import record_one

logger = logging.getLogger(__name__)
ENGINE_ERROR = "engine_error"
REVIEW, DECLINE = "review", "decline"


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """What the rules say of one transaction: a label from ``allow`` to ``decline``, with reason codes and what else follows."""

    label: str
    reasons: tuple[str, ...] = ()
    actions: tuple[str, ...] = ()
    points: int = 0
    revision: int = 0


TOLD = (
    "reference", "source__code", "external_id", "account__reference", "direction", "amount", "currency", "occurred_at", "received_at",
    "bank_date", "kind", "instrument", "channel", "status", "status_at", "transfer_id",
)  # fmt: skip
"""What a decision tells of the stored row: a channel waits for it, so no more is read."""


@dataclass(frozen=True, kw_only=True)
class Decided:
    """The stored row and the verdict on it."""

    recorded: Recorded
    verdict: Verdict
    transaction: Transaction = field(compare=False)


Judge = Callable[[Sequence[int]], dict[int, Verdict]]
"""``judge(ids)`` judges the rows that owe it, in the caller's transaction, and returns the latest verdict of each id."""

_judges: list[Judge] = []


def register_judge(judge: Judge) -> None:
    """Make this the judge of synchronous decisions; it must judge in the transaction it is called in."""
    _judges[:] = [judge]


def decide_now(*, actor: Actor, row: NewTransaction, now: datetime | None = None) -> Decided:
    """Store a transaction and judge it in the next statement of the same transaction; the verdict comes with the answer.

    A refused row is answered ``decline`` with the standing refusal. When the judge fails, the row stays stored and still owes its
    judgement, and the answer is ``review`` with the reason ``engine_error``: never ``allow`` because something broke.
    """
    require(actor, "transactions.decide_transaction")
    with transaction.atomic():
        recorded = record_one(actor=actor, row=row, now=now)
        verdict = _refused(recorded) or _judged(recorded.pk)
        stored = Transaction.objects.select_related("source", "account").only(*TOLD).get(pk=recorded.pk)
        if stored.status == Status.REFUSED:  # a freeze that the judgement itself placed stops this very debit
            verdict = replace(verdict, label=DECLINE, reasons=("refused",))
    return Decided(recorded=recorded, verdict=verdict, transaction=stored)


def _refused(recorded: Recorded) -> Verdict | None:
    if recorded.outcome == Outcome.REFUSED or recorded.status == "refused":
        return Verdict(label=DECLINE, reasons=("refused",))
    return None


def _judged(pk: int) -> Verdict:
    try:
        # A savepoint: what a failing judge wrote goes, what was recorded stays.
        with transaction.atomic():
            verdict = _judges[0]([pk]).get(pk) if _judges else None
    except Exception:
        logger.exception("The judge failed; the transaction still owes its judgement", extra={"transaction": pk})
        verdict = None
    if verdict is None:
        exempt = Transaction.objects.filter(pk=pk, screening=Screening.EXEMPT).exists()
        return Verdict(label=REVIEW, reasons=("exempt_history",) if exempt else (ENGINE_ERROR,))
    return verdict
