"""Maker and checker: propose, decide, withdraw, expire. One engine for every change that needs a second person.

Locks: `decide` holds the request and then lets the handler hold the target; `propose` is called while the target is held and only
inserts. An insert that meets an open request of the same kind fails at once, it does not wait, so the two orders cannot deadlock.
"""

import hashlib
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import IntegrityError, models, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from crm.access.actor import Actor
from crm.access.errors import Conflict, DomainError, Refused
from crm.access.services import require, require_step_up
from crm.approvals import handlers, notices
from crm.approvals.choices import State
from crm.approvals.handlers import Difference, Disclosure, Handler
from crm.approvals.models import ChangeRequest
from crm.jobs.services import enqueue
from crm.log import services as log


class AlreadyProposed(Conflict):
    """The same act on the same object already waits for a decision."""

    code = "already_proposed"
    message = _("The same request already waits for a decision.")


class AlreadyDecided(Conflict):
    """Somebody was quicker, or the request has expired."""

    code = "already_decided"
    message = _("This request is no longer open.")


class NotYours(DomainError):
    """Only the proposer withdraws."""

    code = "not_yours"
    message = _("Only the person who proposed it can withdraw a request.")


class OwnRequest(Refused):
    """The proposer, or somebody the handler excludes, tried to decide."""


class ReasonMissing(DomainError):
    """No reason was given."""

    code = "reason_missing"
    field = "reason"
    message = _("Give a reason.")


class ShownDiffers(Conflict):
    """What stands in the request is not what the decider saw."""

    code = "shown_differs"
    message = _("What you saw is not what the request says now. Look at it again before you decide.")


class NothingToDecide(DomainError):
    """The proposal changes nothing."""

    code = "nothing_changes"
    message = _("The request changes nothing.")


def propose(
    *, actor: Actor, kind: str, target: models.Model | None, payload: Mapping[str, Any], reason: str, summary: str = ""
) -> ChangeRequest:
    """Ask for a change or an act; those who can decide are told. Raises ``AlreadyProposed``, ``ReasonMissing``, ``NothingToDecide``.

    ``payload`` is JSON-able and is what the handler will apply; sensitive values go in sealed.
    """
    handler = handlers.handler_of(kind)
    now = timezone.now()
    with transaction.atomic():
        require(actor, handler.propose_permission, target)
        if not reason.strip():
            raise ReasonMissing
        request = ChangeRequest(
            kind=kind,
            target_type=target._meta.label_lower if target is not None else "",
            target_id=target.pk if target is not None else None,
            target_ref=_reference(target),
            customer=str(getattr(target, "log_customer", "") or ""),
            summary=summary[:300],
            changes=dict(payload),
            reason=reason.strip(),
            base_version=handler.base_version(target),
            requested_by_id=actor.user_id,
            requested_by_number=actor.number,
            requested_at=now,
            expires_at=now + handler.expires_after,
        )
        differences = handler.describe(request)
        if not differences:
            raise NothingToDecide
        request.shown = shown_lines(request, handler)
        request.shown_hash = hash_of(request, handler)
        request.asked_hash = asked_hash_of(request)
        _insert(request)
        log.record(actor=actor, action="approval.proposed", target=request, reason=request.reason, data=_facts(request, differences))
        notices.tell_deciders(request, handler, not_to=handlers.excluded_from(request))
    return request


def decide(*, actor: Actor, request: ChangeRequest, approve: bool, reason: str, shown_hash: str) -> ChangeRequest:
    """Approve (and do it, in the same transaction) or refuse, as another person. Returns the request in its new state.

    ``disclosure`` of the answer holds what the act hands to this person alone, to be shown once.
    Look at the state, too: an approval on a base that has changed since comes back ``stale``, and nothing was applied. Raises ``Refused``
    (no such function, or ``OwnRequest``), ``AlreadyDecided``, ``ShownDiffers``, ``ReasonMissing``, and what the handler's act raises.
    """
    with transaction.atomic():
        request = ChangeRequest.objects.locked().get(pk=request.pk)
        handler = handlers.handler_of(request.kind)
        target = handlers.target_of(request)
        require(actor, handler.decide_permission, target)
        require_step_up(actor)
        _another_person(actor, request, handler)
        if not request.is_open or request.expires_at <= timezone.now():
            raise AlreadyDecided
        if not reason.strip():
            raise ReasonMissing
        if approve and handler.base_version(target) != request.base_version:
            return _close(request, State.STALE, actor=actor, reason=str(_("The object has changed since the request was made.")))
        if hash_of(request, handler) != shown_hash or (approve and request.asked_hash != asked_hash_of(request)):
            raise ShownDiffers
        differences = handler.describe(request)
        request.shown, request.shown_hash = shown_lines(request, handler), shown_hash
        if approve:
            # The handler reads who decided; the row itself is written after the act, see the module's text on locks.
            request.decided_by_id, request.decided_at, request.decision_reason = actor.user_id, timezone.now(), reason.strip()
            outcome = handler.apply(actor, request)
            request.disclosure = outcome if isinstance(outcome, Disclosure) else None
        state = State.APPLIED if approve else State.REFUSED
        return _close(request, state, actor=actor, reason=reason.strip(), differences=differences)


def withdraw(*, actor: Actor, request: ChangeRequest) -> ChangeRequest:
    """Take back an own request that still waits."""
    with transaction.atomic():
        request = ChangeRequest.objects.locked().get(pk=request.pk)
        if actor.user_id is None or request.requested_by_id != actor.user_id:
            raise NotYours
        if not request.is_open:
            raise AlreadyDecided
        return _close(request, State.WITHDRAWN, actor=actor, reason="")


def expire(*, actor: Actor, now: datetime | None = None) -> int:
    """Close what nobody decided in time; returns how many. Running it twice closes nothing twice."""
    now = now or timezone.now()
    with transaction.atomic():
        due = list(ChangeRequest.objects.open().filter(expires_at__lte=now).locked())
        for request in due:
            _close(request, State.EXPIRED, actor=actor, reason="")
    return len(due)


def enqueue_expiry() -> None:
    """Have a worker close what has expired, when there is any."""
    if ChangeRequest.objects.open().filter(expires_at__lte=timezone.now()).exists():
        enqueue("approvals.expire_requests")


def hash_of(request: ChangeRequest, handler: Handler | None = None) -> str:
    """The hash of all that a decider sees: what was asked, and the lines of the difference table.

    Made in English whoever asks, so that a proposer and a decider with different languages mean the same. The lines may move between
    asking and deciding without the object having moved (another freeze has come to stand on the account): then the decider looks again.
    """
    return _digest([*_asked(request), shown_lines(request, handler or handlers.handler_of(request.kind))])


def asked_hash_of(request: ChangeRequest) -> str:
    """The hash of what the proposer asked: kind, object, base, payload, reason, proposer. It never moves while a request is open."""
    return _digest(_asked(request))


def _asked(request: ChangeRequest) -> list[Any]:
    return [
        request.kind,
        request.target_type,
        request.target_ref,
        request.base_version,
        request.payload,
        request.reason,
        request.requested_by_number,
    ]


def _digest(parts: list[Any]) -> str:
    text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
    return hashlib.sha256(text.encode()).hexdigest()


def shown_lines(request: ChangeRequest, handler: Handler) -> list[list[str]]:
    """What the decider sees, line by line, in English: field, label, before, after, and "context" for what does not change."""
    with translation.override("en"):
        return [
            [line.field, str(line.label), str(line.before), str(line.after), "context" if line.context else ""]
            for line in handler.describe(request)
        ]


def may_decide(actor: Actor, request: ChangeRequest) -> bool:
    """Whether this person could decide the request now: open, in her reach, and she is another person."""
    decidable = ChangeRequest.objects.to_decide(actor).filter(pk=request.pk).exists()
    return request.is_open and decidable and actor.number not in handlers.excluded_from(request)


def is_excluded(actor: Actor, request: ChangeRequest) -> bool:
    """Whether this person took part in it already and therefore cannot decide."""
    return actor.number in handlers.excluded_from(request)


def _another_person(actor: Actor, request: ChangeRequest, handler: Handler) -> None:
    same = actor.user_id is None or actor.user_id == request.requested_by_id
    if actor.kind != "staff" or same or actor.number in handlers.excluded_from(request):
        raise OwnRequest(handler.decide_permission, request, detail=f"own request {request.reference}")


def _insert(request: ChangeRequest) -> None:
    try:
        with transaction.atomic():
            request.save(force_insert=True)
    except IntegrityError as clash:
        if "approvals_one_open_request" in str(clash):
            raise AlreadyProposed from clash
        raise


def _close(
    request: ChangeRequest, state: State, *, actor: Actor, reason: str, differences: list[Difference] | None = None
) -> ChangeRequest:
    request.state = state
    request.decided_at = request.decided_at or timezone.now()
    request.decided_by_id = actor.user_id
    request.decision_reason = reason
    request.save(update_fields=["state", "shown", "shown_hash", "decided_at", "decided_by", "decision_reason"])
    log.record(
        actor=actor,
        action=f"approval.{state.value}",
        target=request,
        reason=reason,
        approver=actor.number if state in (State.APPLIED, State.REFUSED) else "",
        data=_facts(request, differences or []),
    )
    notices.tell_proposer(request)
    return request


def _facts(request: ChangeRequest, differences: list[Difference]) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "kind": request.kind,
        "object": request.target_ref,
        "proposed_by": request.requested_by_number,
        "shown_hash": request.shown_hash,
    }
    if differences:
        with translation.override("en"):
            facts["differences"] = {line.field: [str(line.before), str(line.after)] for line in differences if not line.context}
    return facts


def _reference(target: models.Model | None) -> str:
    if target is None:
        return ""
    for name in ("reference", "number", "code"):
        value = getattr(target, name, None)
        if value:
            return str(value)
    return str(target.pk)
