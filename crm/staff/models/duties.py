"""Duties that cannot meet in one person, as the database knows them."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _


class DutyConflict(models.Model):
    """A pair of duties: permissions or ``role:<code>``, as patterns of LIKE; declared in the apps' ``roles.py``, read by a trigger."""

    # Written by migrations alone: who changes rights cannot change what keeps them apart.
    app_privileges: ClassVar[tuple[str, ...]] = ("SELECT",)
    first = models.CharField(max_length=100)
    second = models.CharField(max_length=100)

    class Meta:
        verbose_name = _("conflict of duties")
        verbose_name_plural = _("conflicts of duties")
        constraints = [models.UniqueConstraint(fields=["first", "second"], name="duty_conflict_once")]

    def __str__(self) -> str:
        return f"{self.first} × {self.second}"
