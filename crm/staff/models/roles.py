"""Roles as data: which permissions, how far, at which level; effective at the next request."""

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.reach import Level, Reach
from crm.access.scopes import ScopedQuerySet
from crm.fields.history import tracked
from crm.staff.choices import ROLE_LABELS


class RoleQuerySet(ScopedQuerySet[Any]):
    """Roles and what hangs on them are seen whole or not at all."""

    def scope(self, user: Any, reach: Reach) -> Self:
        """Return nothing below the reach ``all``."""
        return self.none()


@tracked
class Role(models.Model):
    """A set of permissions with a name. Stock roles come from the ``roles.py`` of the apps."""

    code = models.SlugField(_("code"), max_length=40, unique=True)
    name = models.CharField(_("name"), max_length=80, blank=True)
    ceiling = models.CharField(
        _("highest level"), max_length=8, choices=Level, default=Level.ADVANCED, help_text=_("A permission above it cannot be given.")
    )

    objects = RoleQuerySet.as_manager()

    class Meta:
        verbose_name = _("role")
        verbose_name_plural = _("roles")
        ordering = ["code"]

    def __str__(self) -> str:
        return str(self.label)

    @property
    def label(self) -> str:
        """Return the name in the reader's language."""
        return self.name or str(ROLE_LABELS.get(self.code, self.code))


@tracked
class RolePermission(models.Model):
    """One permission of a role. A row with reach ``none`` keeps a stock permission switched off."""

    role = models.ForeignKey(Role, models.CASCADE, related_name="permissions")
    permission = models.CharField(_("permission"), max_length=100)
    reach = models.CharField(_("reach"), max_length=8, choices=Reach)
    level = models.CharField(_("level"), max_length=8, choices=Level, default=Level.BASIC)

    objects = RoleQuerySet.as_manager()

    class Meta:
        verbose_name = _("permission of a role")
        verbose_name_plural = _("permissions of roles")
        ordering = ["role", "permission"]
        constraints = [
            models.UniqueConstraint(fields=["role", "permission"], name="role_permission_once"),
            models.CheckConstraint(condition=models.Q(reach__in=Reach.values), name="role_permission_reach_known"),
            models.CheckConstraint(condition=models.Q(level__in=Level.values), name="role_permission_level_known"),
        ]
        indexes = [models.Index(fields=["permission"], name="role_permission_by_name")]

    def __str__(self) -> str:
        return f"{self.role_id} {self.permission} {self.reach}"


@tracked
class RoleAssignment(models.Model):
    """A person holds a role, given by somebody, perhaps for a time."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="assignments")
    role = models.ForeignKey(Role, models.PROTECT, related_name="assignments")
    assigned_at = models.DateTimeField(_("assigned at"), default=timezone.now)
    assigned_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("assigned by")
    )
    valid_until = models.DateTimeField(_("valid until"), null=True, blank=True)

    objects = RoleQuerySet.as_manager()

    class Meta:
        verbose_name = _("assignment of a role")
        verbose_name_plural = _("assignments of roles")
        constraints = [models.UniqueConstraint(fields=["user", "role"], name="role_assigned_once")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.role_id}"
