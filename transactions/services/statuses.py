"""What becomes of a transaction after it was recorded: the core's messages, and people's decisions on held and booked ones."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.actor import Actor
from crm.access.errors import Conflict, DomainError
from crm.access.services import may, require
from crm.database.prepared import run_for
from crm.log import services as log
from customers import services as customers
from products.choices import STANDING
from products.models import Freeze
from products.services import blocking_freezes
from transactions.choices import CORE_SAYS, COUNTED_CREDITS, COUNTED_DEBITS, NEXT_STATUS, Direction, OwedCause, Refusal, Screening, Status
from transactions.models import Source, StatusEvent, Transaction
from transactions.services.alarms import completed_although_frozen
from transactions.services.freezing import forbidden
from transactions.services.locks import hold
from transactions.services.resolving import FUTURE_ALLOWED
from transactions.signals import transactions_changed
from transactions.validators import BadValue


class StepNotPossible(DomainError):
    """The status does not follow the present one."""

    code = "step_not_possible"
    field = "status"


class NotYours(DomainError):
    """Whether money may go is decided here; a core or a partner reports what became of it."""

    code = "not_yours_to_say"
    message = _("This status is decided here: it cannot be reported.")
    field = "status"


class CannotGo(DomainError):
    """A freeze forbids what was to be released."""

    code = "cannot_go"
    message = _("This transaction cannot be released at present.")


class OwnTransaction(DomainError):
    """Who entered a transaction cannot decide on it."""

    code = "second_person_needed"
    message = _("You entered this transaction: another person must decide.")


class ReasonNeeded(DomainError):
    """A person's decision carries a reason."""

    code = "reason_needed"
    message = _("Give the reason.")
    field = "reason"


class MessageDiffers(Conflict):
    """The same status message came with other content."""

    message = _("A status message with this id is stored with other content.")


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step: which status, when it happened, and what tells it from others. A message carries source and id, a click does not."""

    status: Status
    at: datetime
    source: Source | None = None
    external_id: str = ""
    reason: str = ""


@transaction.atomic
def change_status(*, actor: Actor, reference: str, step: Step) -> Transaction:
    """Take the core's word on what became of a transaction; returns it as it stands then.

    The same message (source, id) again changes nothing and is answered the same; with other content it is a conflict. Raises
    ``NotYours`` for a status that only we decide, ``StepNotPossible`` when it cannot follow the present one. That money moved on a
    frozen account is taken as the fact it is, and alarms the people on duty.
    """
    if step.status not in CORE_SAYS:
        raise NotYours
    if step.at > timezone.now() + FUTURE_ALLOWED:
        raise BadValue("in_future", "at")
    row = Transaction.objects.select_related("customer", "source").get(reference=reference)
    require(actor, "transactions.change_status", row)
    row = _held(row)
    if step.external_id and step.source:
        seen = StatusEvent.objects.filter(source=step.source, external_id=step.external_id).first()
        if seen is not None:
            if (seen.transaction_id, seen.status, seen.at) != (row.pk, step.status, step.at):
                raise MessageDiffers
            return row
    stopped, freeze = row.status == Status.REFUSED, forbidden([row]).get(row.pk)
    _take(actor, row, step)
    log.record(actor=actor, action="transaction.status_changed", target=row, data={"status": step.status, "message": step.external_id})
    if step.status == Status.COMPLETED and (stopped or (freeze is not None and step.at >= freeze.placed_at)):
        completed_although_frozen(actor=actor, row=row, freeze=freeze or row.refused_by)
    return row


@transaction.atomic
def release_held(*, actor: Actor, row: Transaction, reason: str) -> Transaction:
    """Let a held transaction go on, unless a freeze forbids it by now. A second person: never who entered it."""
    return _decide(actor, row, "transactions.release_transaction", Status.RELEASED, reason, "transaction.released")


@transaction.atomic
def decline_held(*, actor: Actor, row: Transaction, reason: str) -> Transaction:
    """Refuse a held transaction for good. A second person: never who entered it."""
    return _decide(actor, row, "transactions.release_transaction", Status.DECLINED, reason, "transaction.declined")


@transaction.atomic
def revoke(*, actor: Actor, row: Transaction, reason: str) -> Transaction:
    """Take a transaction back before it is completed (撤销)."""
    return _decide(actor, row, "transactions.revoke_transaction", Status.REVOKED, reason, "transaction.revoked", own=True)


@transaction.atomic
def reverse(*, actor: Actor, row: Transaction, reason: str) -> Transaction:
    """Undo a completed transaction (冲正) from this moment on; later ones are judged again."""
    return _decide(actor, row, "transactions.reverse_transaction", Status.REVERSED, reason, "transaction.reversed")


@transaction.atomic(savepoint=False)
def follow_verdicts(*, actor: Actor, ids: Iterable[int], status: Status, at: datetime | None = None) -> list[int]:
    """Hold, decline or approve what a verdict says, set-based; returns the ids that took the step.

    Rows whose present status does not allow it (completed by their source, revoked meanwhile) stay as they are. Nothing owes a
    judgement because of it: the verdict knows. The caller holds the customers, so that no freeze is placed meanwhile, and writes its
    own log line over the verdicts. A debit that a freeze forbids by now is not approved but refused and kept, as if it arrived now; it
    is not among the ids returned.
    """
    require(actor, "transactions.follow_verdict")
    wanted = list(ids)
    before = [state.value for state, allowed in NEXT_STATUS.items() if status in allowed]
    values = {"before": before, "status": status.value, "at": at or timezone.now(), "operator": actor.number[:20]}
    if status != Status.APPROVED:
        return _followed(_FOLLOW, wanted, values)
    # Of almost all customers nothing stands: their rows are approved by the look that would find it.
    taken = _followed(_FOLLOW_FREE, wanted, {**values, "standing": [state.value for state in STANDING]})
    rest = sorted(set(wanted) - set(taken))
    _refuse_frozen_debits(actor, rest, before)
    return sorted(taken + _followed(_FOLLOW, rest, values))


def _followed(sql: str, ids: Sequence[int], values: Mapping[str, Any]) -> list[int]:
    return [pk for (pk,) in run_for(sql, ids, values)] if ids else []


_FROZEN = f"""t.direction = 'D' AND EXISTS (
   SELECT FROM {Freeze._meta.db_table} f WHERE f.customer_id = t.customer_id AND f.state = ANY(%(standing)s::text[]))"""


def _following(condition: str) -> str:
    return f"""
WITH due AS (
  SELECT id FROM {Transaction._meta.db_table} t
   WHERE id = ANY(%(ids)s::bigint[]) AND status = ANY(%(before)s::text[]) AND {condition} ORDER BY id FOR NO KEY UPDATE
), taken AS (
  UPDATE {Transaction._meta.db_table} t SET status = %(status)s::text, status_at = %(at)s::timestamptz
    FROM due WHERE t.id = due.id RETURNING t.id
), written AS (
  INSERT INTO {StatusEvent._meta.db_table} (transaction_id, status, at, received_at, external_id, operator, reason)
  SELECT id, %(status)s::text, %(at)s::timestamptz, clock_timestamp(), '', %(operator)s::text, '' FROM taken ORDER BY id
)
SELECT id FROM taken ORDER BY id"""


_FOLLOW, _FOLLOW_FREE = _following("true"), _following(f"NOT ({_FROZEN})")
_STOPPABLE = f"""
SELECT t.id, t.customer_id, t.account_id FROM {Transaction._meta.db_table} t
 WHERE t.id = ANY(%(ids)s::bigint[]) AND t.status = ANY(%(before)s::text[]) AND {_FROZEN}"""


def _refuse_frozen_debits(actor: Actor, ids: Sequence[int], before: Sequence[str]) -> None:
    """Refuse those that a freeze forbids by now."""
    debits = run_for(_STOPPABLE, ids, {"before": list(before), "standing": [state.value for state in STANDING]}) if ids else []
    if not debits:
        return
    hold((customer for _pk, customer, _account in debits), (account for _pk, _customer, account in debits))
    affected = blocking_freezes({account for _pk, _customer, account in debits})
    pks = [pk for pk, _customer, account in debits if account in affected]
    if pks:
        refuse_frozen(actor=actor, rows=list(Transaction.objects.filter(pk__in=pks).select_related("customer").locked()))


def _decide(actor: Actor, row: Transaction, permission: str, status: Status, reason: str, action: str, *, own: bool = False) -> Transaction:
    require(actor, permission, row)
    if not reason.strip():
        raise ReasonNeeded
    if not own and actor.kind == "staff" and actor.user_id == row.entered_by_id:
        raise OwnTransaction
    row = _held(row)
    if status == Status.RELEASED:
        _may_go(actor, row)
    _take(actor, row, Step(status=status, at=timezone.now(), reason=reason.strip()))
    log.record(actor=actor, action=action, target=row, reason=reason.strip(), data={"status": status})
    return row


def _may_go(actor: Actor, row: Transaction) -> None:
    freeze = forbidden([row]).get(row.pk)
    if freeze is not None and may(actor, "transactions.view_refusal"):
        raise CannotGo(_("The freeze %(freeze)s forbids it: this transaction cannot be released.") % {"freeze": freeze.reference})
    if freeze is not None:
        raise CannotGo


def refuse_frozen(*, actor: Actor, rows: Sequence[Transaction]) -> list[int]:
    """Refuse, of transactions whose money has not moved, those that a freeze forbids now; returns their ids. Each has its own line.

    The rows are locked, their customers and accounts held before them. The actor is whoever caused the question to be asked:
    who placed the freeze, or who was about to approve.
    """
    stopped = forbidden(rows)
    for row in rows:
        if row.pk in stopped:
            _refuse(actor, row, stopped[row.pk])
    return list(stopped)


def _refuse(actor: Actor, row: Transaction, freeze: Freeze) -> None:
    before = row.status
    row.refusal, row.refused_by = Refusal.FREEZE, freeze
    _take(actor, row, Step(status=Status.REFUSED, at=timezone.now()), "refusal", "refused_by")
    data = {"freeze": freeze.reference, "before": before}
    log.record(actor=actor, action="transaction.refused", target=row, data=data, result="refused")


def _held(row: Transaction) -> Transaction:
    """The row as it now stands, its customer and account held before it like everywhere else."""
    hold([row.customer_id], [row.account_id])
    held: Transaction = Transaction.objects.locked().select_related("customer", "refused_by").get(pk=row.pk)
    return held


def counts(direction: str, status: str) -> bool:
    """Return whether a transaction of this status counts in a window."""
    return status in (COUNTED_DEBITS if direction == Direction.DEBIT else COUNTED_CREDITS)


def _take(actor: Actor, row: Transaction, step: Step, *more: str) -> None:
    before = Status(row.status)
    if step.status not in NEXT_STATUS.get(before, frozenset()):
        words = _("This transaction is “%(now)s”: “%(wanted)s” cannot follow.")
        raise StepNotPossible(words % {"now": before.label, "wanted": step.status.label})
    row.status, row.status_at = step.status, step.at
    fields = ["status", "status_at", "version", *more]
    if step.status == Status.REVERSED:
        row.reversed_at = step.at
        fields.append("reversed_at")
    row.version += 1
    cause = OwedCause.REVERSED if step.status == Status.REVERSED else OwedCause.CORRECTED
    altered = step.status == Status.REVERSED or counts(row.direction, before) != counts(row.direction, step.status)
    # What still owes a judgement will be judged as it then stands, and history stays unjudged; the later ones must hear of both.
    # What was refused on arrival owed none; now that its money has moved, it does.
    if altered and (row.screening == Screening.JUDGED or before == Status.REFUSED):
        row.screening, row.owed_cause, row.owed_since = Screening.OWED, cause, timezone.now()
        fields += ["screening", "owed_cause", "owed_since"]
    row.save(update_fields=fields)
    StatusEvent.objects.create(
        transaction=row,
        status=step.status,
        at=step.at,
        source=step.source,
        external_id=step.external_id,
        operator=actor.number[:20],
        reason=step.reason,
    )
    _book(row, before)
    if altered:
        transactions_changed.send(sender=Transaction, ids=[row.pk], cause=cause)


def _book(row: Transaction, before: Status) -> None:
    """Move the customer's figures when money was booked or the booking undone."""
    signed = (row.amount_cny or Decimal(0)) * (1 if row.direction == Direction.CREDIT else -1)
    if row.status == Status.COMPLETED:
        customers.update_figures([(row.customer_id, signed, row.occurred_at)])
    elif row.status == Status.REVERSED and before == Status.COMPLETED:
        customers.update_figures([(row.customer_id, -signed, row.occurred_at)])
