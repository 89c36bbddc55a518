"""The tree of branches."""

from typing import Any, Self

from django.core.validators import RegexValidator
from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.access.reach import Reach
from crm.access.remembered import remembered
from crm.access.scopes import ScopedQuerySet
from crm.staff.choices import BranchLevel

branch_code = RegexValidator(r"\A[0-9A-Z]{2,12}\Z", _("Use digits and capital letters only."))


class BranchQuerySet(ScopedQuerySet["Branch"]):
    """Questions about branches."""

    def scope(self, user: Any, reach: Reach) -> Self:
        """Return the own branch, or with branch reach the tree below it as well."""
        if getattr(user, "branch_id", None) is None:
            return self.none()
        if reach == Reach.BRANCH:
            return self.filter(path__startswith=user.branch.path)
        return self.filter(pk=user.branch_id)

    def keys_of(self, user: Any) -> list[int]:
        """Return the keys of a person's own branch and of everything below it; none for somebody without a branch.

        Keys, not a condition on the path: the planner knows how many customers each branch has (ADR-0068).
        """
        branch_id = getattr(user, "branch_id", None)
        if branch_id is None:
            return []
        return remembered(("branches", branch_id), lambda: list(self.under(user.branch).order_by("pk").values_list("pk", flat=True)))

    def under(self, branch: "Branch") -> Self:
        """Return the branch and everything below it."""
        return self.filter(path__startswith=branch.path)


class Branch(models.Model):
    """An office of the bank. ``path`` is the codes from head office down: ``000/110/110001/``."""

    code = models.CharField(_("branch code"), max_length=12, unique=True, validators=[branch_code])
    name = models.CharField(_("name"), max_length=100)
    level = models.CharField(_("level"), max_length=12, choices=BranchLevel)
    parent = models.ForeignKey("self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("belongs to"))
    path = models.CharField(max_length=120, unique=True, editable=False)
    is_active = models.BooleanField(_("active"), default=True)

    objects = BranchQuerySet.as_manager()

    class Meta:
        verbose_name = _("branch")
        verbose_name_plural = _("branches")
        ordering = ["path"]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"

    @property
    def ancestor_paths(self) -> list[str]:
        """Return the paths from head office down to this branch."""
        codes = self.path.strip("/").split("/")
        return ["".join(f"{code}/" for code in codes[: depth + 1]) for depth in range(len(codes))]
