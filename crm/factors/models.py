"""What people have beside the password."""

import uuid
from datetime import timedelta
from typing import Any, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.access.reach import Reach
from crm.access.references import ReferenceField
from crm.access.scopes import ScopedQuerySet
from crm.factors.choices import Counting, FactorKind
from crm.fields.models import DataKey

SET_UP_WITHIN = timedelta(minutes=15)
"""A secret that nobody confirmed by a code in this time is worth nothing."""


class FactorQuerySet(ScopedQuerySet["Factor"]):
    """Questions about second factors."""

    def scope(self, user: Any, reach: Reach) -> Self:
        """Return the person's own."""
        return self.filter(user_id=user.pk)

    def confirmed(self) -> Self:
        """Return those that open something."""
        return self.filter(confirmed_at__isnull=False)

    def being_set_up(self) -> Self:
        """Return those whose first code is awaited."""
        return self.filter(confirmed_at__isnull=True, user__isnull=False, created_at__gt=timezone.now() - SET_UP_WITHIN)


class Factor(models.Model):
    """A code app, a hardware token or a passkey of one person; a token that nobody has yet has no person."""

    reference = ReferenceField(prefix="F")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, null=True, related_name="factors", verbose_name=_("person"))
    kind = models.CharField(_("kind"), max_length=10, choices=FactorKind)
    name = models.CharField(pgettext_lazy("thing", "name"), max_length=60)
    created_at = models.DateTimeField(_("created at"), default=timezone.now, editable=False)
    confirmed_at = models.DateTimeField(_("confirmed at"), null=True, editable=False)
    last_used_at = models.DateTimeField(_("last used at"), null=True, editable=False)
    # One-time codes.
    seal_id = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    data_key = models.ForeignKey(DataKey, models.PROTECT, null=True, related_name="+", editable=False)
    secret = models.BinaryField(null=True, editable=False)
    counting = models.CharField(max_length=5, choices=Counting, blank=True)
    digits = models.PositiveSmallIntegerField(default=6)
    step_seconds = models.PositiveSmallIntegerField(default=30)
    last_counter = models.BigIntegerField(default=-1, help_text=_("The last time step or event whose code was used; none before it opens."))
    serial = models.CharField(_("serial number"), max_length=40, null=True, unique=True)
    # Passkeys (what the authenticator told at registration; the private key never leaves it).
    credential_id = models.BinaryField(null=True, unique=True, editable=False)
    public_key = models.BinaryField(null=True, editable=False)
    sign_count = models.BigIntegerField(default=0)
    transports = ArrayField(models.CharField(max_length=20), default=list)

    objects = FactorQuerySet.as_manager()

    class Meta:
        verbose_name = _("second factor")
        verbose_name_plural = _("second factors")
        ordering = ["pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(kind="passkey", public_key__isnull=False, credential_id__isnull=False, secret__isnull=True)
                | (~Q(kind="passkey") & Q(secret__isnull=False, data_key__isnull=False, public_key__isnull=True)),
                name="factor_has_what_its_kind_needs",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.name}"


class OwnQuerySet(ScopedQuerySet[Any]):
    """Marks and counters are nobody's reading."""

    def scope(self, user: Any, reach: Reach) -> Self:
        """Return nothing."""
        return self.none()


class RecoveryCode(models.Model):
    """Opens once, when everything else is lost; only a keyed hash is kept."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="recovery_codes")
    mark = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    used_at = models.DateTimeField(null=True)

    objects = OwnQuerySet.as_manager()

    class Meta:
        verbose_name = _("recovery code")
        verbose_name_plural = _("recovery codes")
        ordering = ["pk"]

    def __str__(self) -> str:
        return f"{self.user_id}"


class CodeCounter(models.Model):
    """When one person's codes were evaluated lately, right ones refunded: counted before a code is looked at."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, primary_key=True, related_name="+")
    attempts = ArrayField(models.DateTimeField(), default=list)
    locked_until = models.DateTimeField(null=True)

    objects = OwnQuerySet.as_manager()

    class Meta:
        verbose_name = _("code counter")
        verbose_name_plural = _("code counters")

    def __str__(self) -> str:
        return f"{self.user_id}"
