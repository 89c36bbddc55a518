"""Partner systems that speak to the API."""

from collections.abc import Iterable
from typing import Any, Self

from django.contrib.postgres.fields import ArrayField
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.reach import Reach
from crm.access.scopes import ScopedQuerySet
from crm.access.services import may
from crm.staff.models.people import widest
from crm.staff.models.roles import RolePermission

client_code = RegexValidator(r"\A[a-z][a-z0-9-]{1,29}\Z", _("Use small letters, digits and hyphens."))
PARTNER_ROLE = "partner"


class ServiceClientQuerySet(ScopedQuerySet["ServiceClient"]):
    """Questions about partner systems."""

    def scope(self, user: Any, reach: Reach) -> Self:
        """Return the partner itself; people see all or none."""
        return self.filter(pk=user.pk) if isinstance(user, ServiceClient) else self.none()


class ServiceClient(models.Model):
    """A partner system with a token of which only the hash is kept, and the sources it may speak for."""

    code = models.CharField(_("code"), max_length=30, unique=True, validators=[client_code])
    name = models.CharField(_("name"), max_length=80)
    token_hash = models.CharField(max_length=64, editable=False)
    is_active = models.BooleanField(_("active"), default=True)
    sources = ArrayField(models.CharField(max_length=30), default=list, verbose_name=_("sources"))
    rate = models.PositiveIntegerField(
        _("requests per minute"),
        default=6_000,
        validators=[MinValueValidator(1)],
        help_text=_("Counted by each web process."),
    )
    valid_until = models.DateTimeField(_("valid until"), null=True, blank=True)
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)

    objects = ServiceClientQuerySet.as_manager()

    # What Django REST framework asks of anything that stands in ``request.user``.
    is_authenticated = True
    is_anonymous = False

    class Meta:
        verbose_name = _("partner system")
        verbose_name_plural = _("partner systems")
        ordering = ["code"]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"

    @property
    def is_usable(self) -> bool:
        """Return whether this partner may speak now."""
        return self.is_active and (self.valid_until is None or self.valid_until > timezone.now())

    def permissions(self) -> dict[str, Reach]:
        """Return every permission of partners with its reach; read once per loaded row, so once per request."""
        if not hasattr(self, "_permissions"):
            rows = RolePermission.objects.filter(role__code=PARTNER_ROLE)
            self.remember_permissions(rows.values_list("permission", "reach"))
        return self._permissions

    def remember_permissions(self, pairs: Iterable[tuple[str, Any]]) -> None:
        """Take (permission, reach) of partners as read together with this row."""
        self._permissions = widest(pairs)

    def reach(self, permission: str) -> Reach:
        """Return how far the permission carries for partners, none when switched off."""
        return self.permissions().get(permission, Reach.NONE) if self.is_usable else Reach.NONE

    def refresh_from_db(self, *args: Any, **kwargs: Any) -> None:
        """Read the row again, its rights included."""
        self.__dict__.pop("_permissions", None)
        super().refresh_from_db(*args, **kwargs)

    def has_perm(self, permission: str, obj: models.Model | None = None) -> bool:
        """Return the same answer as ``require``."""
        return may(self, permission, obj)

    def may_speak_for(self, source: str) -> bool:
        """Return whether rows of this source system may come from this partner."""
        return source in self.sources
