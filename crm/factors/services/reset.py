"""Loss: one security officer asks, another one approves; the person begins anew with a one-time token in two halves."""

import hashlib

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm.access.actor import Actor
from crm.access.services import require, require_step_up
from crm.approvals.handlers import Disclosure
from crm.approvals.models import ChangeRequest
from crm.approvals.services import propose
from crm.factors.models import CodeCounter, Factor, RecoveryCode
from crm.factors.services.enrolment import drop
from crm.factors.services.notices import tell
from crm.log import services as log
from crm.staff.models import User
from crm.staff.secrets import half_hash, new_half
from crm.staff.services.access import DECIDE, PROPOSE, Asked, OwnRights, PersonChanged, token_version_of
from crm.staff.services.tokens import issue_second_half

RESET = "factors.reset"


def reset_version_of(person: User) -> str:
    """Return a text that changes with the person's access, password or factors."""
    held = list(Factor.objects.confirmed().filter(user=person).values_list("reference", flat=True))
    return hashlib.sha256(f"{token_version_of(person)}{held}".encode()).hexdigest()


@transaction.atomic
def ask_for_reset(*, actor: Actor, person: User, reason: str) -> Asked:
    """Propose to remove every second factor of somebody who lost them; nobody asks for herself."""
    require(actor, PROPOSE, person)
    if actor.user_id == person.pk:
        raise OwnRights
    require_step_up(actor)
    half = new_half()
    payload = {"first_half": half_hash(half)}
    return Asked(propose(actor=actor, kind=RESET, target=person, payload=payload, reason=reason, summary=str(person)), half)


def _remove(person: User) -> int:
    removed = drop(Factor.objects.filter(user=person))
    RecoveryCode.objects.filter(user=person).delete()
    CodeCounter.objects.filter(user=person).delete()
    return removed


@transaction.atomic
def forget_factors(actor: Actor, person: User) -> None:
    """Remove what a person has, where the server's administrator lets an officer in because no two can act."""
    removed = _remove(person)
    if removed:
        log.record(actor=actor, action="factors.reset", target=person, data={"factors": removed, "by": "command"})
        tell(person, "reset")


@transaction.atomic
def reset_factors(*, actor: Actor, request: ChangeRequest) -> Disclosure:
    """Remove factors, recovery codes and the password, inside the deciding transaction; every session ends at its next request.

    Without the password gone, whoever stole it could set up a factor first.
    """
    require(actor, DECIDE)
    person = User.objects.locked().get(pk=request.target_id or 0)
    if reset_version_of(person) != request.base_version:
        raise PersonChanged
    removed = _remove(person)
    person.set_unusable_password()
    person.password_changed_at = None
    person.save(update_fields=["password", "password_changed_at"])
    half = issue_second_half(actor=actor, person=person, first_hash=request.payload["first_half"], asked_by=request.requested_by)
    data = {"factors": removed, "asked_by": request.requested_by_number}
    log.record(actor=actor, action="factors.reset", target=person, data=data, reason=request.reason, approver=actor.number)
    tell(person, "reset")
    return Disclosure(
        title=_("Second half of the one-time token, shown only now"),
        text=half,
        advice=_("Hand it to the person yourself. With both halves she sets a new password, and then a new second factor."),
    )
