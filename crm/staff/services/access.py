"""What a person may do: one security officer proposes roles, a token or switching on again, another one decides.

Switching off waits for nobody. Nobody proposes for herself, and the person concerned never decides.
"""

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.actor import Actor
from crm.access.errors import Conflict, DomainError
from crm.access.services import require, require_step_up
from crm.approvals.choices import State
from crm.approvals.handlers import Disclosure
from crm.approvals.models import ChangeRequest
from crm.approvals.services import propose
from crm.log import services as log
from crm.staff.choices import OTHER_ROLES
from crm.staff.models import OneTimeToken, Role, RoleAssignment, SignInHold, User
from crm.staff.secrets import half_hash, new_half
from crm.staff.services.duties import duties_of, refuse_conflicts, told_by_the_database
from crm.staff.services.guessing import forget_attempts
from crm.staff.services.sessions import end_all
from crm.staff.services.tokens import issue_second_half

ROLES, TOKEN, SWITCH_ON = "staff.roles", "staff.token", "staff.switch_on"
KINDS = (ROLES, TOKEN, SWITCH_ON)
PROPOSE, DECIDE = "staff.change_user", "staff.approve_role"
# So long an account counts as the work of those who made it, gave it roles or a token.
LATELY = timedelta(days=30)


class RoleUnknown(DomainError):
    """A role that people cannot hold."""

    code = "role_unknown"
    field = "roles"
    message = _("This role cannot be given to a person.")


class OwnRights(DomainError):
    """Nobody changes what they may do themselves."""

    code = "own_rights"
    message = _("You cannot change your own access. Ask another security officer.")


class PersonChanged(Conflict):
    """Somebody was quicker."""

    code = "person_changed"
    message = _("This person has been changed meanwhile. Look again and ask anew.")


@dataclass(frozen=True)
class Asked:
    """A request that waits, and the first half of its token (shown once to the proposer; empty when it has none)."""

    request: ChangeRequest
    half: str = ""


def staff_roles() -> list[str]:
    """Return the codes of the roles that people of the bank can hold, those made by the bank included."""
    return [code for code in Role.objects.values_list("code", flat=True) if code not in OTHER_ROLES]


def held_roles(person: User) -> list[str]:
    """Return the codes of all roles given, those that have expired too."""
    return sorted(person.assignments.values_list("role__code", flat=True))


def version_of(person: User) -> str:
    """Return a text that changes with the person's roles and access."""
    rows = sorted(person.assignments.values_list("role__code", "valid_until"))
    return hashlib.sha256(repr([rows, person.is_active, person.valid_until]).encode()).hexdigest()


def token_version_of(person: User) -> str:
    """Return a text that changes with the person's roles, access or password."""
    return hashlib.sha256(f"{version_of(person)}{person.password_changed_at}".encode()).hexdigest()


@transaction.atomic
def ask_for_roles(*, actor: Actor, person: User, roles: Iterable[str], reason: str, with_token: bool = False) -> Asked:
    """Propose exactly these roles, for a new person together with the first token."""
    wanted = set(roles)
    if not wanted <= set(staff_roles()):
        raise RoleUnknown
    refuse_conflicts(duties_of(wanted))
    return _ask(actor, person, ROLES, reason, {"before": held_roles(person), "roles": sorted(wanted)}, with_token)


@transaction.atomic
def ask_for_token(*, actor: Actor, person: User, reason: str) -> Asked:
    """Propose a one-time token for somebody who lost the password or never set one."""
    return _ask(actor, person, TOKEN, reason, {}, with_token=True)


@transaction.atomic
def ask_to_switch_on(*, actor: Actor, person: User, reason: str) -> Asked:
    """Propose that a person who was switched off works again."""
    return _ask(actor, person, SWITCH_ON, reason, {"active": person.is_active})


def _ask(actor: Actor, person: User, kind: str, reason: str, payload: dict[str, Any], with_token: bool = False) -> Asked:
    require(actor, PROPOSE, person)
    if actor.user_id == person.pk:
        raise OwnRights
    require_step_up(actor)
    half = new_half() if with_token else ""
    kept = {**payload, "first_half": half_hash(half)} if half else payload
    return Asked(propose(actor=actor, kind=kind, target=person, payload=kept, reason=reason, summary=str(person)), half)


@transaction.atomic
def switch_off(*, actor: Actor, person: User, reason: str) -> User:
    """Switch a person off; every session ends at its next request."""
    require(actor, PROPOSE, person)
    if actor.user_id == person.pk:
        raise OwnRights
    person = User.objects.locked().get(pk=person.pk)
    if person.is_active:
        person.is_active = False
        person.save(update_fields=["is_active"])
        end_all(person)
        log.record(actor=actor, action="staff.person_deactivated", target=person, reason=reason)
    return person


@transaction.atomic
def release(*, actor: Actor, person: User, reason: str) -> User:
    """Let an officer who was guessed at sign in again; another security officer does it."""
    require(actor, PROPOSE, person)
    if actor.user_id == person.pk:
        raise OwnRights
    require_step_up(actor)
    person = User.objects.locked().get(pk=person.pk)
    if SignInHold.objects.filter(user=person).delete()[0]:
        forget_attempts(person.number)
        log.record(actor=actor, action="staff.sign_in_released", target=person, reason=reason)
    return person


@transaction.atomic
def give_roles(*, actor: Actor, request: ChangeRequest) -> Disclosure | None:
    """Do what was asked, inside the deciding transaction; return the second half of the token when one was asked for."""
    person = _held(actor, request)
    held, wanted = held_roles(person), request.payload["roles"]
    refuse_conflicts(duties_of(wanted))
    person.assignments.exclude(role__code__in=wanted).delete()
    try:
        with transaction.atomic():
            for role in Role.objects.filter(code__in=set(wanted) - set(held)):
                RoleAssignment.objects.create(user=person, role=role, assigned_by_id=request.requested_by_id)
    except IntegrityError as clash:
        raise told_by_the_database(clash) from clash
    if held != wanted:
        end_all(person)
        _write(actor, request, "staff.roles_changed", person, {"before": held, "after": wanted})
    return _second_half(actor, request, person)


@transaction.atomic
def give_token(*, actor: Actor, request: ChangeRequest) -> Disclosure | None:
    """Issue the token that was asked for and return its second half."""
    return _second_half(actor, request, _held(actor, request))


@transaction.atomic
def switch_on(*, actor: Actor, request: ChangeRequest) -> None:
    """Let the person work again."""
    person = _held(actor, request)
    person.is_active, person.active_since = True, timezone.now()
    person.save(update_fields=["is_active", "active_since"])
    _write(actor, request, "staff.person_activated", person, {})


def made_lately_by_proposer(request: ChangeRequest) -> Collection[str]:
    """Return the numbers of those who are not another person yet.

    They got account, roles or a token from the proposer lately, or they lately asked for the proposer's: whoever can be the one can then be
    the other. Who merely approved the proposer's account may decide, else nobody could in a bank of three officers.
    """
    if request.requested_by_id is None:
        return ()
    since, proposer = timezone.now() - LATELY, request.requested_by_id
    asked = ChangeRequest.objects.filter(
        Q(requested_by_id=proposer) | Q(decided_by_id=proposer),
        kind__in=(*KINDS, "factors.reset"),  # of the floor above: a reset hands out halves of a token, too
        state=State.APPLIED,
        decided_at__gte=since,
    )
    made = (
        Q(pk__in=asked.values("target_id"))
        | Q(pk__in=RoleAssignment.objects.filter(assigned_by_id=proposer, assigned_at__gte=since).values("user"))
        | Q(pk__in=OneTimeToken.objects.filter(issued_by_id=proposer, issued_at__gte=since).values("user"))
    )
    makers = ChangeRequest.objects.filter(
        kind__in=(*KINDS, "factors.reset"), state=State.APPLIED, decided_at__gte=since, target_id=proposer
    ).values("requested_by")
    return list(User.objects.get_queryset().filter(made | Q(pk__in=makers)).values_list("number", flat=True))


def _held(actor: Actor, request: ChangeRequest) -> User:
    require(actor, DECIDE)
    person = User.objects.locked().get(pk=request.target_id or 0)
    version = token_version_of(person) if request.kind == TOKEN else version_of(person)
    if version != request.base_version:
        raise PersonChanged
    return person


def _second_half(actor: Actor, request: ChangeRequest, person: User) -> Disclosure | None:
    first_hash = request.payload.get("first_half", "")
    if not first_hash:
        return None
    half = issue_second_half(actor=actor, person=person, first_hash=first_hash, asked_by=request.requested_by)
    return Disclosure(
        title=_("Second half of the one-time token, shown only now"),
        text=half,
        advice=_("Hand it to the person yourself. The first half was shown to the officer who asked; both together set one password."),
    )


def _write(actor: Actor, request: ChangeRequest, action: str, person: User, data: dict[str, Any]) -> None:
    facts = {**data, "asked_by": request.requested_by_number}
    log.record(actor=actor, action=action, target=person, data=facts, reason=request.reason, approver=actor.number)
