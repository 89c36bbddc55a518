"""What single grants give: the keys of the rows granted to a person now."""

from typing import Any

from django.contrib.auth import get_user_model
from django.db import models
from django.db.models import Q
from django.utils import timezone

from crm.access.remembered import remembered

READING = ("view", "search", "list")
MOST_LISTED = 2_000
"""Up to so many keys are put into the statement themselves: the planner then knows how many rows they stand for (ADR-0068)."""


def grant_model(model: type[models.Model]) -> type[models.Model] | None:
    """Return the table of direct grants for a model, or None."""
    for relation in model._meta.related_objects:
        if relation.field.name == "content_object" and getattr(relation.related_model, "is_direct_grant", False):
            return relation.related_model
    return None


def granted_codenames(model: type[models.Model], permission: str) -> set[str]:
    """Return the permissions on ``model`` whose grant answers a question about ``permission``."""
    app_label, _dot, codename = permission.partition(".")
    name = model._meta.model_name
    exact = {codename} if app_label == model._meta.app_label else set()
    if codename.partition("_")[0] in READING:
        return exact | {f"view_{name}"}
    return exact | {f"change_{name}"}


def granted_keys(model: type[models.Model], user: Any, permission: str) -> Any:
    """Return the primary keys granted to ``user`` now, as a list or, when they are many, as a subquery; None when there are none."""
    table = grant_model(model)
    if table is None or not isinstance(user, get_user_model()):
        return None
    names = frozenset(granted_codenames(model, permission))
    return remembered(("granted", table, user.pk, names), lambda: _asked(model, table, user.pk, names))


def _asked(model: type[models.Model], table: type[models.Model], user_id: int, names: frozenset[str]) -> Any:
    now = timezone.now()
    live = Q(valid_from__lte=now) & (Q(valid_until__isnull=True) | Q(valid_until__gt=now))
    rows: models.QuerySet[Any] = table._base_manager.all()
    keys = rows.filter(
        live,
        user_id=user_id,
        permission__content_type__app_label=model._meta.app_label,
        permission__codename__in=names,
    ).values_list("content_object_id", flat=True)
    listed = list(keys[: MOST_LISTED + 1])
    return (listed or None) if len(listed) <= MOST_LISTED else keys
