"""A list filter that only this floor can offer: a branch, with everything below it or by itself."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.db.models import QuerySet
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.access.actor import Actor
from crm.access.reach import Reach
from crm.fields.history import held_then
from crm.lists.filters import Label, Values
from crm.staff.models import Branch

ALONE = "."
"""Ends the value that stands for a branch without those below it; no branch code holds it."""


@dataclass(frozen=True)
class BranchTree:
    """Rows of a branch and of all branches below it, or of that branch alone; ``field`` is the path of a foreign key to Branch.

    With ``at``, the name of the rows' own moment, it is the branch of that moment, whatever became of it later (crm.fields.history).
    """

    name: str
    label: Label
    rows: Callable[[Actor], QuerySet[Any]]
    field: str
    at: str = ""

    def fields(self, actor: Actor) -> dict[str, forms.Field]:
        """A select; branches that have others below them stand in it twice."""
        wrong = {"invalid_choice": _("“%(value)s” is not known, or not yours to see.")}
        branches = list(self.rows(actor).values_list("pk", "parent_id", "code", "name"))
        parents = {parent for _pk, parent, _code, _name in branches}
        alone = gettext("%(branch)s, without those below")
        choices = [("", gettext("Any"))]
        for pk, _parent, code, name in branches:
            choices.append((code, f"{code} {name}"))
            if pk in parents:
                choices.append((f"{code}{ALONE}", alone % {"branch": f"{code} {name}"}))
        return {self.name: forms.ChoiceField(label=self.label, choices=choices, required=False, error_messages=wrong)}

    def apply(self, rows: QuerySet[Any], values: Values, actor: Actor) -> QuerySet[Any]:
        """Rows anywhere in the tree, or of the branch alone."""
        chosen = values.get(self.name) or ""
        if not chosen:
            return rows
        if chosen.endswith(ALONE):
            return self._of(rows, Branch.objects.filter(code=chosen.removesuffix(ALONE)))
        top = Branch.objects.filter(code=chosen).values_list("path", flat=True).first()
        return self._of(rows, Branch.objects.filter(path__startswith=top)) if top else rows.none()

    def _of(self, rows: QuerySet[Any], branches: QuerySet[Branch]) -> QuerySet[Any]:
        keys = list(branches.values_list("pk", flat=True))
        if not self.at:
            return rows.filter(**{f"{self.field}__in": keys})
        return held_then(rows, self.field, self.at, keys)

    def words(self, form: forms.Form, values: Values) -> str:
        """The branch, as the select calls it."""
        labels: dict[str, str] = dict(form.fields[self.name].choices)  # type: ignore[attr-defined]
        return str(labels.get(values.get(self.name) or "", "")) if values.get(self.name) else ""


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
