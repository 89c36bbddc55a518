"""A list filter that only this floor can offer: a branch with everything below it."""

from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet

from crm.access.actor import Actor
from crm.access.reach import Reach
from crm.lists.filters import Related, Values
from crm.staff.models import Branch


@dataclass(frozen=True)
class BranchTree(Related):
    """Rows of a branch and of all branches below it; ``field`` is the path of a foreign key to Branch."""

    def apply(self, rows: QuerySet[Any], values: Values, actor: Actor) -> QuerySet[Any]:
        """Rows anywhere in the tree."""
        branch = values.get(self.name)
        if branch is None:
            return rows
        return rows.filter(**{f"{self.field}__in": Branch.objects.filter(path__startswith=branch.path)})


def branches_of(permission: str) -> "BranchRows":
    """Return the branches a reader may choose: her own tree, or all when the permission reaches all."""
    return BranchRows(permission)


@dataclass(frozen=True)
class BranchRows:
    """The choices of a `BranchTree`."""

    permission: str

    def __call__(self, actor: Actor) -> QuerySet[Any]:
        """Return the branches in reach."""
        rows = Branch.objects.order_by("path")
        own = getattr(actor.user, "branch", None)
        if actor.reach(self.permission) == Reach.ALL or own is None:
            return rows
        return rows.filter(path__startswith=own.path)
