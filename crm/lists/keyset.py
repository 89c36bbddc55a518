"""Keyset paging: a page is "what comes after this row", so it stays right while rows come and go.

The order is the chosen sort followed by the primary key; empty values come last, whichever way one sorts. A page backwards is read in
the opposite order and turned round.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db.models import F, Model, Q, QuerySet


@dataclass(frozen=True)
class Key:
    """One sort key: a field path, its direction, and whether it may be empty."""

    path: str
    descending: bool
    nullable: bool

    def order(self, backwards: bool) -> Any:
        """The ORDER BY term."""
        field = F(self.path)
        empty = {"nulls_first": True} if backwards else {"nulls_last": True}
        where = empty if self.nullable else {}  # only where it matters: a plain index serves the plain order
        return field.desc(**where) if self.descending != backwards else field.asc(**where)

    def equal(self, value: Any) -> Q:
        """Rows that tie with the value."""
        return Q(**{f"{self.path}__isnull": True}) if value is None else Q(**{self.path: value})

    def beyond(self, value: Any, backwards: bool) -> Q | None:
        """Rows that come strictly after the value in reading direction; None when there cannot be any."""
        if value is None:
            return Q(**{f"{self.path}__isnull": False}) if backwards else None
        strict = Q(**{f"{self.path}__{'lt' if self.descending != backwards else 'gt'}": value})
        return strict | Q(**{f"{self.path}__isnull": True}) if self.nullable and not backwards else strict

    def bound(self, value: Any, backwards: bool) -> Q | None:
        """A plain range that an index can begin at; None where empty values forbid it."""
        if self.nullable or value is None:
            return None
        return Q(**{f"{self.path}__{'lte' if self.descending != backwards else 'gte'}": value})


def keys_of(model: type[Model], paths: Sequence[str]) -> tuple[Key, ...]:
    """Sort keys for paths such as "-due_at"; the primary key closes them, in the direction of the last one."""
    keys = [Key(path.lstrip("-"), path.startswith("-"), _nullable(model, path.lstrip("-"))) for path in paths]
    if not any(key.path in ("pk", model._meta.pk.name) for key in keys):
        keys.append(Key("pk", keys[-1].descending if keys else True, False))
    return tuple(keys)


def _nullable(model: type[Model], path: str) -> bool:
    at: Any = model
    if path == "pk":
        return False
    for part in path.split("__"):
        try:
            field = at._meta.get_field(part)
        except (FieldDoesNotExist, AttributeError):
            return True  # an annotation or a transform: be careful
        if getattr(field, "null", True) or (field.is_relation and not field.concrete):
            return True
        at = field.related_model
    return False


def values_of(row: Any, keys: Sequence[Key]) -> list[Any]:
    """The row's own sort values, the place it has in the list."""
    return [_along(row, key.path) for key in keys]


def _along(row: Any, path: str) -> Any:
    at = row
    if hasattr(row, path):
        return getattr(row, path)
    for part in path.split("__"):
        at = getattr(at, part, None)
        if at is None:
            return None
    return at


def after(rows: QuerySet[Any], keys: Sequence[Key], place: Sequence[Any], backwards: bool) -> QuerySet[Any]:
    """The rows strictly after (or before) a place."""
    condition, tied = Q(pk__in=[]), Q()
    for key, value in zip(keys, place, strict=True):
        beyond = key.beyond(value, backwards)
        if beyond is not None:
            condition |= tied & beyond
        tied &= key.equal(value)
    bound = keys[0].bound(place[0], backwards)
    return rows.filter(bound & condition if bound is not None else condition)


def ordered(rows: QuerySet[Any], keys: Sequence[Key], backwards: bool = False) -> QuerySet[Any]:
    """The rows in list order, or in the opposite one."""
    return rows.order_by(*(key.order(backwards) for key in keys))


def whole(page: QuerySet[Any]) -> QuerySet[Any]:
    """The rows of a slice in the same order and one statement, with what stands beside them joined to these rows only.

    Otherwise a sort carries every column of every joined table for all rows that fit, where a page shows fifty.
    """
    query = page.query
    # An annotation could be shown or sorted by; an alias of a filter (`query.annotations` alone) is neither here.
    if not query.select_related or query.annotation_select or query.distinct or query.combinator:
        return page
    rows = page.model._default_manager.all()
    rows.query.select_related, rows.query.deferred_loading = query.select_related, query.deferred_loading
    rows._prefetch_related_lookups = page._prefetch_related_lookups  # type: ignore[attr-defined]
    joined: QuerySet[Any] = rows.filter(pk__in=page.select_related(None).values("pk")).order_by(*query.order_by)
    return joined


@dataclass(frozen=True)
class Slice:
    """A page of rows, and whether there is more on either side."""

    rows: list[Any]
    has_previous: bool
    has_next: bool


def read(rows: QuerySet[Any], keys: Sequence[Key], size: int, place: Sequence[Any] | None, backwards: bool) -> Slice:
    """One page after (or before) a place; without a place the first page, or the last one backwards. One query."""
    wanted = rows if place is None else after(rows, keys, place, backwards)
    first = ordered(wanted, keys, backwards)[: size + 1]
    found = list(first if any(key.path in rows.query.annotations for key in keys) else whole(first))
    more, page = len(found) > size, found[:size]
    if backwards:
        return Slice(page[::-1], more, place is not None)
    return Slice(page, place is not None, more)
