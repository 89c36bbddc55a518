"""Single grants: one person, one object, one permission, for a time and with a reason."""

from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from guardian.models import UserObjectPermissionBase

READING = ("view", "search", "list")


class DirectGrant(UserObjectPermissionBase):
    """Abstract grant with validity; concrete tables add ``content_object``, a direct foreign key.

    A grant widens *where* a permission holds, never *which* functions a person has: the role must give the
    permission with some reach. Writing on what hangs on the object (its accounts …) needs a grant of ``change_…``.
    """

    valid_from = models.DateTimeField(_("valid from"), default=timezone.now)
    valid_until = models.DateTimeField(_("valid until"), null=True, blank=True)
    granted_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, verbose_name=_("granted by")
    )
    reason = models.CharField(_("reason"), max_length=200)

    class Meta(UserObjectPermissionBase.Meta):
        abstract = True


def grant_model(model: type[models.Model]) -> type[DirectGrant] | None:
    """Return the table of direct grants for a model, or None."""
    for relation in model._meta.related_objects:
        table = relation.related_model
        if relation.field.name == "content_object" and isinstance(table, type) and issubclass(table, DirectGrant):
            return table
    return None


def granted_codenames(model: type[models.Model], permission: str) -> set[str]:
    """Return the permissions on ``model`` whose grant answers a question about ``permission``."""
    app_label, _dot, codename = permission.partition(".")
    name = model._meta.model_name
    exact = {codename} if app_label == model._meta.app_label else set()
    if codename.partition("_")[0] in READING:
        return exact | {f"view_{name}"}
    return exact | {f"change_{name}"}


def granted_keys(model: type[models.Model], user: Any, permission: str) -> Any:
    """Return a subquery with the primary keys granted to ``user`` now, or None when there can be none."""
    table = grant_model(model)
    if table is None or not isinstance(user, get_user_model()):
        return None
    now = timezone.now()
    live = Q(valid_from__lte=now) & (Q(valid_until__isnull=True) | Q(valid_until__gt=now))
    return table._base_manager.filter(
        live,
        user_id=user.pk,
        permission__content_type__app_label=model._meta.app_label,
        permission__codename__in=granted_codenames(model, permission),
    ).values("content_object_id")
