"""Rows kept from people without a clearance, whatever their reach and their grants: asked by the one gate in ``scopes``.

The app that owns the guarded records registers who is kept from which; the ground only applies it, to the records themselves and to
everything that hangs on them (ADR-0089).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import models
from django.db.models import Q

from crm.access.keys import any_of
from crm.access.remembered import remembered

MOST_LISTED = 2_000
"""Up to so many keys stand in the statement itself, as those of grants do (ADR-0068)."""

Barred = Callable[[Any], "models.QuerySet[Any] | None"]
_barred: list[Barred] = []


@dataclass(frozen=True)
class Kept:
    """The guarded records kept from one reader: their keys and references; the query itself when they are many."""

    rows: "models.QuerySet[Any]"
    keys: list[int] | None
    references: list[str]

    def condition(self, column: str, *, by_reference: bool = False) -> Q:
        """Return the condition that a column leads to none of them; a column that leads nowhere is none of them either."""
        if by_reference:
            return ~Q(**{f"{column}__in": self.references if self.keys is not None else self.rows.values("reference")})
        if self.keys is not None:
            return ~Q(any_of(column, self.keys))
        return ~Q(**{f"{column}__in": self.rows.values("pk")})


def register_guard(barred: Barred) -> None:
    """Let ``barred(person)`` return the records kept from that person, or None where nothing is."""
    _barred[:] = [barred]


def kept_from(user: Any) -> Kept | None:
    """Return what is kept from a reader now; None for nothing. Asked once a page, anew for each act."""
    if user is None or not _barred:
        return None
    rows = _barred[0](user)
    return None if rows is None else remembered(("kept", user.pk), lambda: _asked(rows))


def _asked(rows: "models.QuerySet[Any]") -> Kept | None:
    found = list(rows.values_list("pk", "reference")[: MOST_LISTED + 1])
    if len(found) > MOST_LISTED:
        return Kept(rows, None, [])
    return Kept(rows, [key for key, _ref in found], [reference for _key, reference in found]) if found else None
