"""What signing in needs to remember."""

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.reach import Reach
from crm.access.scopes import ScopedQuerySet
from crm.staff.choices import TokenPurpose


class SignInQuerySet(ScopedQuerySet[Any]):
    """Tokens and counters are nobody's reading."""

    def scope(self, user: Any, reach: Reach) -> Self:
        """Return nothing."""
        return self.none()


class OneTimeToken(models.Model):
    """Lets one person set a password once; only its hash is kept."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="tokens")
    purpose = models.CharField(max_length=20, choices=TokenPurpose)
    token_hash = models.CharField(max_length=64, unique=True)
    issued_at = models.DateTimeField(default=timezone.now)
    issued_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    objects = SignInQuerySet.as_manager()

    class Meta:
        verbose_name = _("one-time token")
        verbose_name_plural = _("one-time tokens")

    def __str__(self) -> str:
        return f"{self.user_id} {self.purpose}"


class SignInCounter(models.Model):
    """Failures of one name within the window. Kept for unknown names too, so that the answer tells nothing."""

    key = models.CharField(max_length=64, primary_key=True)
    failures = models.PositiveIntegerField(default=0)
    window_started_at = models.DateTimeField(default=timezone.now)
    locked_until = models.DateTimeField(null=True)

    objects = SignInQuerySet.as_manager()

    class Meta:
        verbose_name = _("sign-in counter")
        verbose_name_plural = _("sign-in counters")

    def __str__(self) -> str:
        return f"{self.failures}"
