"""A reviewer decides about one person: confirms what she was shown, or asks that some of it goes, which another officer decides."""

from collections.abc import Iterable
from typing import Any

from django.apps import apps
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.actor import Actor
from crm.access.errors import Conflict, DomainError
from crm.access.reach import Reach
from crm.access.services import require, require_step_up
from crm.approvals.models import ChangeRequest
from crm.approvals.services import ReasonMissing, propose
from crm.log import services as log
from crm.reviews.choices import Reviewer, State
from crm.reviews.models import PersonReview
from crm.reviews.services.campaigns import REVIEW, close_if_done
from crm.reviews.services.rights import Rights, rights_of
from crm.reviews.services.standing import VIEW
from crm.staff.models import User
from crm.staff.services import access

__all__ = ["KIND", "REVIEW", "VIEW", "ask_for_removal", "confirm", "remove_rights"]
KIND = "reviews.removal"


class OwnReview(DomainError):
    """Nobody reviews herself."""

    code = "own_review"
    message = _("You cannot review your own rights. Another security officer does.")


class NotYet(DomainError):
    """The branch manager's day is not over."""

    code = "not_yet"
    message = _("The branch manager reviews this person. A security officer may when the review is overdue.")


class DecidedAlready(Conflict):
    """Somebody was quicker, or the review is closed."""

    code = "decided_already"
    message = _("This review is decided already, or closed.")


class RightsChanged(Conflict):
    """What the reviewer saw is not what holds."""

    code = "rights_changed"
    message = _("The rights of this person have changed since the page was shown. Look at them again before you decide.")


class NothingChosen(DomainError):
    """Removal of nothing."""

    code = "nothing_chosen"
    field = "remove"
    message = _("Choose what is to be taken away.")


def may_decide(actor: Actor, review: PersonReview) -> bool:
    """Return whether this reader is the reviewer of a review that is open. The caller has found it by its scope."""
    if review.state != State.WAITING or review.campaign.closed_at is not None or review.person_id == actor.user_id:
        return False
    reach = actor.reach(REVIEW)
    return bool(reach) and (reach != Reach.ALL or review.reviewer == Reviewer.OFFICER or review.is_overdue)


@transaction.atomic
def confirm(*, actor: Actor, review: PersonReview, mark: str, reason: str = "") -> PersonReview:
    """Say that the person needs what was shown. Raises ``OwnReview``, ``NotYet``, ``DecidedAlready``, ``RightsChanged``."""
    review, rights = _held(actor, review, mark)
    return _decided(actor, review, State.CONFIRMED, rights, reason)


@transaction.atomic
def ask_for_removal(*, actor: Actor, review: PersonReview, mark: str, remove: Iterable[str], reason: str) -> ChangeRequest:
    """Ask that roles (by code) and grants (by key) be taken away; nothing changes before a security officer agrees."""
    review, rights = _held(actor, review, mark)
    wanted = set(remove)
    roles = sorted(row.code for row in rights.roles if row.code in wanted)
    grants = [row for row in rights.grants if row.key in wanted]
    if not roles and not grants:
        raise NothingChosen
    if not reason.strip():
        raise ReasonMissing
    before = access.held_roles(review.person)
    payload: dict[str, Any] = {
        "before": before,
        "roles": [code for code in before if code not in roles],
        "grants": [[row.table, row.pk, row.permission, row.until.isoformat() if row.until else ""] for row in grants],
        "review": review.reference,
    }
    request = propose(actor=actor, kind=KIND, target=review.person, payload=payload, reason=reason, summary=str(review.person))
    review.request = request.reference
    _decided(actor, review, State.REMOVAL, rights, reason, {"roles": roles, "grants": len(grants), "request": request.reference})
    return request


@transaction.atomic
def remove_rights(*, actor: Actor, request: ChangeRequest) -> None:
    """Take away what was asked, inside the deciding transaction; sessions of the person end when a role goes."""
    access.give_roles(actor=actor, request=request)
    person, now, ended = User.objects.get_queryset().get(pk=request.target_id or 0), timezone.now(), 0
    for table, pk, _permission, _until in request.payload["grants"]:
        rows = apps.get_model(table)._base_manager.filter(pk=pk, user_id=person.pk).exclude(valid_until__lte=now)
        ended += rows.filter(valid_from__lt=now).update(valid_until=now) or rows.delete()[0]
    data = {"review": request.payload["review"], "grants": ended, "before": request.payload["before"], "after": request.payload["roles"]}
    log.record(
        actor=actor,
        action="review.rights_removed",
        target=person,
        data={**data, "asked_by": request.requested_by_number},
        reason=request.reason,
        approver=actor.number,
    )


def _held(actor: Actor, review: PersonReview, mark: str) -> tuple[PersonReview, Rights]:
    require(actor, REVIEW, review)
    require_step_up(actor)
    review = PersonReview.objects.select_related("campaign", "person").locked().get(pk=review.pk)
    if review.person_id == actor.user_id:
        raise OwnReview
    if review.state != State.WAITING or review.campaign.closed_at is not None:
        raise DecidedAlready
    if not may_decide(actor, review):
        raise NotYet
    rights = rights_of(review.person, actor)
    if rights.mark != mark:
        raise RightsChanged
    return review, rights


def _decided(
    actor: Actor, review: PersonReview, state: State, rights: Rights, reason: str, more: dict[str, Any] | None = None
) -> PersonReview:
    review.state, review.decided_by_id, review.decided_at = state, actor.user_id, timezone.now()
    review.reason, review.shown = reason.strip()[:500], rights.facts()
    review.save(update_fields=["state", "decided_by", "decided_at", "reason", "shown", "request"])
    action = "review.confirmed" if state == State.CONFIRMED else "review.removal_asked"
    data = {"review": review.reference, "shown": review.shown, **(more or {})}
    log.record(actor=actor, action=action, target=review.person, data=data, reason=review.reason)
    close_if_done(actor=actor, campaign=review.campaign)
    return review
