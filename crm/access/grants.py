"""Grants: one person, one object and one permission, or all objects of a colleague, for a time and with a reason."""

from collections.abc import Collection
from typing import Any, ClassVar, Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from guardian.managers import UserObjectPermissionManager
from guardian.models import UserObjectPermissionBase

from crm.access.reach import Reach
from crm.access.scopes import ScopedQuerySet


class GrantQuerySet(ScopedQuerySet[Any]):
    """Grants are seen by those who see what is granted."""

    guarded = "content_object_id"

    def scope(self, user: Any, reach: Reach) -> Self:
        """Delegate to the object granted."""
        granted: Any = self.model._meta.get_field("content_object").related_model
        return self.filter(content_object__in=granted._default_manager.visible_to(user))


class DirectGrant(UserObjectPermissionBase):
    """Abstract grant with validity; concrete tables add ``content_object``, a direct foreign key.

    A grant widens *where* a permission holds, never *which* functions a person has: the role must give the
    permission with some reach. Writing on what hangs on the object (its accounts …) needs a grant of ``change_…``.
    """

    is_direct_grant: ClassVar[bool] = True

    valid_from = models.DateTimeField(_("valid from"), default=timezone.now)
    valid_until = models.DateTimeField(_("valid until"), null=True, blank=True)
    granted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, verbose_name=_("granted by"))
    reason = models.CharField(_("reason"), max_length=200)

    objects = UserObjectPermissionManager.from_queryset(GrantQuerySet)()  # type: ignore[misc]

    class Meta(UserObjectPermissionBase.Meta):
        abstract = True


class WideGrant(models.Model):
    """Abstract grant on all rows whose column ``covers`` leads to one person, whichever rows these are when somebody asks.

    View, and with ``may_change`` what a grant of ``change_…`` gives. Concrete tables add the person by the same name as the column.
    """

    covers: ClassVar[str]

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("stands in"))
    may_change = models.BooleanField(_("may change"), default=False)
    valid_from = models.DateTimeField(_("valid from"), default=timezone.now)
    valid_until = models.DateTimeField(_("valid until"))
    granted_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, verbose_name=_("granted by"))
    reason = models.CharField(_("reason"), max_length=200)

    class Meta:
        abstract = True

    @classmethod
    def opening(cls, user_id: int, names: Collection[str], model: type[models.Model]) -> "models.QuerySet[Any]":
        """Return the grants of a person that answer now for any of these permissions on ``model``."""
        now = timezone.now()
        rows: models.QuerySet[Any] = cls._base_manager.filter(user_id=user_id, valid_from__lte=now, valid_until__gt=now)
        return rows if f"view_{model._meta.model_name}" in names else rows.filter(may_change=True)
