"""Partner systems that speak to the API."""

import ipaddress
from collections.abc import Iterable
from typing import Any, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.core.validators import MinValueValidator, RegexValidator
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.reach import Reach
from crm.access.scopes import ScopedQuerySet
from crm.access.services import may
from crm.staff.models.branches import Branch
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
    """A partner system and its terms: doors, sources, branches, networks, rate and end. What is not named in them is not there for it."""

    code = models.CharField(_("code"), max_length=30, unique=True, validators=[client_code])
    name = models.CharField(_("name"), max_length=80)
    is_active = models.BooleanField(_("active"), default=True)
    sources = ArrayField(models.CharField(max_length=30), default=list, verbose_name=_("sources"))
    endpoints = ArrayField(models.CharField(max_length=40), default=list, verbose_name=_("doors"))
    branches = ArrayField(models.CharField(max_length=12), default=list, blank=True, verbose_name=_("branches"))
    networks = ArrayField(models.CharField(max_length=43), default=list, blank=True, verbose_name=_("networks"))
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

    def may_come_from(self, address: str) -> bool:
        """Return whether the address is in one of the networks; without networks any is."""
        try:
            found = ipaddress.ip_address(address)
        except ValueError:
            return not self.networks
        return not self.networks or any(found in ipaddress.ip_network(network) for network in self.networks)

    def branch_keys(self) -> list[int] | None:
        """Return the keys of the branches, with all below them, whose customers the partner may name; None for every branch."""
        if not self.branches:
            return None
        below = Q(pk__in=[])
        for path in Branch.objects.filter(code__in=self.branches).values_list("path", flat=True):
            below |= Q(path__startswith=path)
        return list(Branch.objects.filter(below).values_list("pk", flat=True))


class ClientSecretQuerySet(ScopedQuerySet["ClientSecret"]):
    """Secrets are seen by those who see every partner."""

    def scope(self, user: Any, reach: Reach) -> Self:
        """Return nothing below the reach ``all``."""
        return self.none()


class ClientSecret(models.Model):
    """What a partner shows at the token endpoint; only its hash is kept. Two may live at once, so that one can be replaced."""

    client = models.ForeignKey(ServiceClient, models.CASCADE, related_name="secrets")
    secret_hash = models.CharField(max_length=64, unique=True)
    issued_at = models.DateTimeField(_("issued at"), default=timezone.now)
    issued_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("issued by"))
    ended_at = models.DateTimeField(_("ended at"), null=True)

    objects = ClientSecretQuerySet.as_manager()

    class Meta:
        verbose_name = _("secret of a partner system")
        verbose_name_plural = _("secrets of partner systems")
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.client_id} {self.pk}"
