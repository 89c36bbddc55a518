"""Verbs about people and branches; what people may do stands in ``access``."""

from collections.abc import Iterable
from typing import Any

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm.access.actor import Actor
from crm.access.errors import Conflict
from crm.access.services import require
from crm.fields.pinyin import pinyin
from crm.log import services as log
from crm.staff.choices import Theme
from crm.staff.models import Branch, User
from crm.staff.models.people import normal_number
from crm.staff.services.access import Asked, ask_for_roles


class NumberTaken(Conflict):
    """Employee numbers are given once, for ever."""

    code = "number_taken"
    field = "number"
    message = _("This employee number has been given before. Numbers are never used again.")


@transaction.atomic
def create_person(
    *, actor: Actor, number: str, name: str, roles: Iterable[str] = (), reason: str = "", **fields: Any
) -> tuple[User, Asked | None]:
    """Return the new person, who may do nothing and has no password, and the request for roles and first token.

    Another security officer decides the request. Without roles nothing is asked for.
    """
    require(actor, "staff.add_user")
    person = enrol(number=number, name=name, **fields)
    log.record(actor=actor, action="staff.person_created", target=person, data={"name": person.name})
    wanted = list(roles)
    return person, ask_for_roles(actor=actor, person=person, roles=wanted, reason=reason, with_token=True) if wanted else None


def enrol(*, number: str, name: str, password: str | None = None, **fields: Any) -> User:
    """Return a new row without rights. The caller writes the line; demo and tests use it to build a bank."""
    if User.objects.filter(number__iexact=normal_number(number)).exists():
        raise NumberTaken
    fields.setdefault("name_pinyin", pinyin(name))
    return User.objects.create_user(number, name, password, **fields)


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
