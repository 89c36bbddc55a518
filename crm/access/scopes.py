"""Reads are filtered: ``Model.objects.visible_to(user)``."""

from contextvars import ContextVar
from typing import Any, ClassVar, Self, TypeVar

from django.db.models import Model, QuerySet

from crm.access.actor import Actor
from crm.access.granted import granted_to
from crm.access.guards import kept_from
from crm.access.reach import Reach

M_co = TypeVar("M_co", bound=Model, covariant=True)

# The question being answered, so that a scope which delegates to another model keeps its reach and its grants:
# a right to see a customer must not become a right to freeze the account.
_asked: ContextVar[tuple[str, Reach] | None] = ContextVar("asked", default=None)


class ScopedQuerySet(QuerySet[M_co]):
    """A queryset that knows who may see which of its rows. Subclasses write ``scope``.

    ``guarded`` is the column that leads to the guarded record (a customer with a label): ``pk`` of the record itself, ``customer_id`` …
    of what hangs on it.
    """

    guarded: ClassVar[str] = ""

    def scope(self, user: Any, reach: Reach) -> Self:
        """Return the rows within ``reach`` (self, source, own or branch) of ``user``.

        To delegate, filter by ``Other.objects.visible_to(user)``: inside this method it keeps the question asked.
        """
        raise NotImplementedError(f"{type(self).__name__} says nothing about {reach.value}")

    def visible_to(self, user: Any, permission: str | None = None) -> Self:
        """Return the rows for which ``user`` (a person, a partner or an Actor) holds the permission.

        ``permission`` is ``<app>.view_<model>`` unless given. Live grants are included; nobody sees anything
        without the function itself.
        """
        outer = _asked.get()
        if permission is None and outer is not None:
            return self._within(user, *outer)
        asked = permission or f"{self.model._meta.app_label}.view_{self.model._meta.model_name}"
        return self._within(user, asked, Reach(user.reach(asked)))

    def _within(self, user: Any, permission: str, reach: Reach) -> Self:
        row = user.user if isinstance(user, Actor) else user
        if not reach:
            return self.none()
        if reach == Reach.ALL:
            return self.cleared_for(row)
        # What hangs on a guarded record has been narrowed by its scope, which asks the record's own.
        rows = self._reached(row, permission, reach)
        return rows.cleared_for(row) if self.guarded == "pk" else rows

    def cleared_for(self, row: Any) -> Self:
        """Return the rows without those kept from the reader for want of a clearance; grants do not open them."""
        kept = kept_from(row) if self.guarded else None
        return self.all() if kept is None else self.filter(kept.condition(self.guarded))

    def _reached(self, row: Any, permission: str, reach: Reach) -> Self:
        token = _asked.set((permission, reach))
        try:
            rows = self.scope(row, reach) if row is not None else self.none()
        finally:
            _asked.reset(token)
        granted = granted_to(self.model, row, permission)
        return rows if granted is None else rows | self.filter(granted.condition())

    def locked(self) -> Self:
        """Return the rows to be held until the end of the transaction, in primary-key order."""
        return self.order_by("pk").select_for_update(no_key=True, of=("self",))
