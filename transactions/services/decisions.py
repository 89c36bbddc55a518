"""Recording and judging in one breath, for channels that must know before money moves.

Judging belongs to a floor above, which registers its judge here (`register_judge`, called in its `AppConfig.ready()`).
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple

from django.db import transaction

from crm.access.actor import Actor
from crm.access.services import require
from crm.database.prepared import execute
from products.models import Account
from transactions.choices import Screening, Status
from transactions.models import Source, Transaction
from transactions.services.entries import NewTransaction, Outcome, Recorded
from transactions.services.recording import announce, record_one

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


class SourceTold(NamedTuple):
    """The source of a stored row, as a decision tells it."""

    code: str


class AccountTold(NamedTuple):
    """The account of a stored row, as a decision tells it."""

    reference: str


class Stored(NamedTuple):
    """What a decision tells of the stored row, named as the row names it: a channel waits for it, so no more is read."""

    source: SourceTold
    account: AccountTold
    pk: int
    reference: str
    external_id: str
    direction: str
    amount: Decimal
    currency: str
    occurred_at: datetime
    received_at: datetime
    bank_date: date
    kind: str
    instrument: str
    channel: str
    status: str
    status_at: datetime
    transfer_id: str


_STORED = f"""
SELECT s.code, a.reference, t.id, {", ".join(f"t.{name}" for name in Stored._fields[3:])}
  FROM {Transaction._meta.db_table} t
  JOIN {Source._meta.db_table} s ON s.id = t.source_id JOIN {Account._meta.db_table} a ON a.id = t.account_id
 WHERE t.id = %(id)s::bigint"""


def _stored(pk: int) -> Stored:
    ((source, account, *values),) = execute(_STORED, {"id": pk})
    return Stored(SourceTold(source), AccountTold(account), *values)


@dataclass(frozen=True, kw_only=True)
class Decided:
    """The stored row and the verdict on it."""

    recorded: Recorded
    verdict: Verdict
    transaction: Stored = field(compare=False)


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
        recorded = record_one(actor=actor, row=row, now=now, announcing=False)
        verdict = _refused(recorded) or _judged(recorded.pk)
        stored = _stored(recorded.pk)
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
        if not exempt:
            announce([pk])
        return Verdict(label=REVIEW, reasons=("exempt_history",) if exempt else (ENGINE_ERROR,))
    return verdict
