"""Writes are asserted: ``require(actor, permission, obj)``."""

from typing import Any, TypeVar

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Model
from django.http import HttpRequest

from crm.access.actor import Actor, anonymous
from crm.access.errors import NotVisible, Refused, StepUpNeeded
from crm.access.guards import kept_from
from crm.access.looks import looked_at
from crm.access.reach import Reach
from crm.access.scopes import ScopedQuerySet

M = TypeVar("M", bound=Model)


def require(actor: Actor, permission: str, obj: Model | None = None) -> None:
    """Return if the actor may; raise ``Refused`` (no such function) or ``NotVisible`` (out of scope)."""
    reach = actor.reach(permission)
    if not reach:
        raise Refused(permission, obj)
    if obj is not None and not _covers(actor, permission, reach, obj):
        raise NotVisible(permission, obj)


def require_step_up(actor: Actor) -> None:
    """Return if a person showed a second factor within the last 15 minutes; raise ``StepUpNeeded`` otherwise.

    Only people at a browser are asked: partners, tasks and commands have no second factor to show.
    """
    if actor.is_person and actor.origin in ("web", "admin") and not actor.is_stepped_up:
        raise StepUpNeeded


def may(principal: Any, permission: str, obj: Model | None = None) -> bool:
    """Return the same answer as ``require``, for a person, partner or Actor, as a truth value."""
    reach = Reach(principal.reach(permission))
    return bool(reach) and (obj is None or _covers(principal, permission, reach, obj))


def _covers(principal: Any, permission: str, reach: Reach, obj: Model) -> bool:
    rows = type(obj)._default_manager.all()
    if reach == Reach.ALL and not (isinstance(rows, ScopedQuerySet) and rows.guarded):
        return True
    if not isinstance(rows, ScopedQuerySet):
        raise TypeError(f"{type(obj).__name__} has no scope: its manager must be a ScopedQuerySet")
    if reach == Reach.ALL and kept_from(principal.user if isinstance(principal, Actor) else principal) is None:
        return True
    return obj.pk is not None and rows.visible_to(principal, permission).filter(pk=obj.pk).exists()


def get_visible(rows: "ScopedQuerySet[M]", actor: Actor, permission: str | None = None, **lookup: Any) -> M:
    """Return the one row that matches, or raise ``NotVisible`` whether it is missing or out of scope."""
    try:
        found = rows.visible_to(actor, permission).get(**lookup)
    except ObjectDoesNotExist:
        label = f"{rows.model._meta.app_label}.view_{rows.model._meta.model_name}"
        raise NotVisible(permission or label, detail=" ".join(str(value) for value in lookup.values())) from None
    looked_at(found)
    return found


def actor_of(request: HttpRequest) -> Actor:
    """Return who sent this request; nobody in particular when no middleware ran."""
    actor = getattr(request, "actor", None)
    return actor if isinstance(actor, Actor) else anonymous()
