"""What grants give beside role and reach: rows one by one, and all rows that lead to one person."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.contrib.auth import get_user_model
from django.db import models
from django.db.models import Q, Value
from django.utils import timezone

from crm.access.keys import any_of
from crm.access.remembered import remembered

if TYPE_CHECKING:
    from crm.access.grants import WideGrant

READING = ("view", "search", "list")
MOST_LISTED = 2_000
"""Up to so many keys are put into the statement itself: the planner then knows how many rows they stand for (ADR-0068)."""
_wide: dict[type[models.Model], "type[WideGrant]"] = {}


@dataclass
class Granted:
    """What one reader was granted: keys of rows (the query itself when they are many), and keys that a column of the rows may have."""

    keys: list[int] = field(default_factory=list)
    many: "models.QuerySet[Any] | None" = None
    column: str = ""
    wide: list[int] = field(default_factory=list)

    def condition(self) -> Q:
        """Return the condition that a row is among them."""
        found = Q(any_of("pk", self.keys)) if self.many is None and self.keys else Q()
        if self.many is not None:
            found |= Q(pk__in=self.many)
        return found | Q(any_of(self.column, self.wide)) if self.wide else found


def register_wide(model: type[models.Model], table: "type[WideGrant]") -> None:
    """Let grants of ``table`` open all rows of ``model`` whose column ``table.covers`` leads to the person stood in for."""
    _wide[model] = table


def wide_tables() -> Iterable["type[WideGrant]"]:
    """Return the tables of grants that open many rows at once."""
    return _wide.values()


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


def granted_to(model: type[models.Model], user: Any, permission: str) -> Granted | None:
    """Return what ``user`` was granted of a model for a permission, as of now; None when there is nothing."""
    table = grant_model(model)
    if table is None or not isinstance(user, get_user_model()):
        return None
    names = frozenset(granted_codenames(model, permission))
    return remembered(("granted", table, user.pk, names), lambda: _asked(model, table, user.pk, names))


def _asked(model: type[models.Model], table: type[models.Model], user_id: int, names: frozenset[str]) -> Granted | None:
    now = timezone.now()
    live = Q(valid_from__lte=now) & (Q(valid_until__isnull=True) | Q(valid_until__gt=now))
    rows: models.QuerySet[Any] = table._base_manager.filter(live, user_id=user_id)
    direct = rows.filter(permission__content_type__app_label=model._meta.app_label, permission__codename__in=names)
    keys = direct.values_list("content_object_id", flat=True)
    # One statement for both kinds: nobody pays for a kind of grant that hardly anybody has.
    asked = direct.values_list(Value(False), "content_object_id")[: MOST_LISTED + 1]
    wide = _wide.get(model)
    if wide is not None:
        asked = asked.union(wide.opening(user_id, names, model).values_list(Value(True), wide.covers), all=True)
    found = Granted(column=wide.covers if wide is not None else "")
    for is_wide, key in asked:
        (found.wide if is_wide else found.keys).append(key)
    if len(found.keys) > MOST_LISTED:
        found.keys, found.many = [], keys
    return found if found.keys or found.wide or found.many is not None else None
