"""Verbs about people, roles and branches."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm.access.actor import Actor
from crm.access.errors import Conflict, DomainError
from crm.access.services import require
from crm.fields.pinyin import pinyin
from crm.log import services as log
from crm.staff.choices import EXCLUSIVE_ROLES, STAFF_ROLES, Theme, TokenPurpose
from crm.staff.models import Branch, Role, RoleAssignment, User
from crm.staff.models.people import normal_number
from crm.staff.services.tokens import issue_token


class NumberTaken(Conflict):
    """Employee numbers are given once, for ever."""

    code = "number_taken"
    field = "number"
    message = _("This employee number has been given before. Numbers are never used again.")


class RolesConflict(DomainError):
    """Separate powers stay separate."""

    code = "roles_conflict"
    field = "roles"
    message = _("System, security and audit officers hold no other role.")


class RoleUnknown(DomainError):
    """A role that people cannot hold."""

    code = "role_unknown"
    field = "roles"
    message = _("This role cannot be given to a person.")


class OwnRights(DomainError):
    """Nobody changes what they may do themselves."""

    code = "own_rights"
    message = _("You cannot change your own access. Ask another security officer.")


@transaction.atomic
def create_person(*, actor: Actor, number: str, name: str, roles: Iterable[str], **fields: Any) -> tuple[User, str]:
    """Return the new person, without a password, and the one-time token to be handed over."""
    require(actor, "staff.add_user")
    person = enrol(number=number, name=name, **fields)
    log.record(actor=actor, action="staff.person_created", target=person, data={"name": person.name})
    _assign(actor, person, set(roles))
    return person, issue_token(actor=actor, person=person)


def enrol(*, number: str, name: str, password: str | None = None, **fields: Any) -> User:
    """Return a new row without rights. The caller writes the line; demo and tests use it to build a bank."""
    if User.objects.filter(number__iexact=normal_number(number)).exists():
        raise NumberTaken
    fields.setdefault("name_pinyin", pinyin(name))
    return User.objects.create_user(number, name, password, **fields)


@transaction.atomic
def set_roles(*, actor: Actor, person: User, roles: Iterable[str]) -> User:
    """Give the person exactly these roles, from the next request on."""
    require(actor, "staff.change_user", person)
    if actor.user_id == person.pk:
        raise OwnRights
    person = User.objects.locked().get(pk=person.pk)
    _assign(actor, person, set(roles))
    return person


def _assign(actor: Actor, person: User, wanted: set[str]) -> None:
    if not wanted <= set(STAFF_ROLES):
        raise RoleUnknown
    if len(wanted) > 1 and wanted & set(EXCLUSIVE_ROLES):
        raise RolesConflict
    held = set(person.assignments.values_list("role__code", flat=True))
    if held == wanted:
        return
    person.assignments.exclude(role__code__in=wanted).delete()
    for role in Role.objects.filter(code__in=wanted - held):
        RoleAssignment.objects.create(user=person, role=role, assigned_by_id=actor.user_id)
    data = {"before": sorted(held), "after": sorted(wanted)}
    log.record(actor=actor, action="staff.roles_changed", target=person, data=data)


@transaction.atomic
def set_active(*, actor: Actor, person: User, active: bool, reason: str) -> User:
    """Switch a person on or off; off ends every session at its next request."""
    require(actor, "staff.change_user", person)
    if actor.user_id == person.pk:
        raise OwnRights
    person = User.objects.locked().get(pk=person.pk)
    if person.is_active == active:
        return person
    person.is_active = active
    person.save(update_fields=["is_active"])
    action = "staff.person_activated" if active else "staff.person_deactivated"
    log.record(actor=actor, action=action, target=person, reason=reason)
    return person


@transaction.atomic
def renew_token(*, actor: Actor, person: User) -> str:
    """Return a new one-time token for somebody who lost the password or never set one."""
    require(actor, "staff.change_user", person)
    if actor.user_id == person.pk:
        raise OwnRights
    purpose = TokenPurpose.NEW_PASSWORD if person.is_enrolled else TokenPurpose.FIRST_PASSWORD
    return issue_token(actor=actor, person=person, purpose=purpose)


@transaction.atomic
def choose(*, actor: Actor, person: User, language: str | None = None, theme: str | None = None) -> User:
    """Keep the language or the colours somebody chose for themselves."""
    if language is not None:
        person.language = language
    if theme is not None:
        person.theme = Theme(theme)
    person.save(update_fields=["language", "theme"])
    data = {"language": person.language, "theme": str(person.theme)}
    log.record(actor=actor, action="staff.preference_changed", target=person, data=data)
    return person


def plant_branch(*, code: str, name: str, level: str, parent: Branch | None = None) -> Branch:
    """Return a new branch in its place in the tree. The caller writes the line; demo and tests use it."""
    path = f"{parent.path if parent else ''}{code}/"
    return Branch.objects.create(code=code, name=name, level=level, parent=parent, path=path)


@transaction.atomic
def create_branch(*, actor: Actor, code: str, name: str, level: str, parent: Branch | None = None) -> Branch:
    """Return a new branch below its parent."""
    require(actor, "staff.add_branch")
    branch = plant_branch(code=code, name=name, level=level, parent=parent)
    log.record(actor=actor, action="staff.branch_created", target=branch, data={"name": name, "level": str(level)})
    return branch
