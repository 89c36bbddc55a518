"""What signing in needs to remember."""

from typing import Any, Self

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.reach import Reach
from crm.access.references import ReferenceField
from crm.access.scopes import ScopedQuerySet
from crm.staff.choices import TokenPurpose


class SignInQuerySet(ScopedQuerySet[Any]):
    """Tokens, counters and devices are nobody's reading."""

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
    """The attempts of one name, address or device within the window, unknown names included, so that the answer tells nothing.

    ``key`` is a keyed mark: people type passwords into the wrong box.
    """

    key = models.CharField(max_length=64, primary_key=True)
    taken = ArrayField(models.DateTimeField(), default=list)
    locked_until = models.DateTimeField(null=True)
    touched_at = models.DateTimeField(default=timezone.now, db_index=True)

    objects = SignInQuerySet.as_manager()

    class Meta:
        verbose_name = _("sign-in counter")
        verbose_name_plural = _("sign-in counters")

    def __str__(self) -> str:
        return f"{len(self.taken)}"


class SignInSighting(models.Model):
    """A name that failed from one address, or with one shape of password, lately: many names under one key are spraying."""

    key = models.CharField(max_length=64)
    name = models.CharField(max_length=64)
    seen_at = models.DateTimeField(default=timezone.now)

    objects = SignInQuerySet.as_manager()

    class Meta:
        verbose_name = _("sighting of a failed sign-in")
        verbose_name_plural = _("sightings of failed sign-ins")
        constraints = [models.UniqueConstraint(fields=["key", "name"], name="sighting_once")]
        indexes = [models.Index(fields=["seen_at"], name="sighting_by_age")]

    def __str__(self) -> str:
        return self.key[:12]


class KnownDevice(models.Model):
    """A browser in which the person has signed in completely; its attempts are counted apart from those of strangers."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="devices")
    mark = models.CharField(max_length=64)
    first_seen_at = models.DateTimeField(default=timezone.now)
    last_used_at = models.DateTimeField(default=timezone.now)

    objects = SignInQuerySet.as_manager()

    class Meta:
        verbose_name = _("known device")
        verbose_name_plural = _("known devices")
        constraints = [models.UniqueConstraint(fields=["user", "mark"], name="device_once_a_person")]

    def __str__(self) -> str:
        return f"{self.user_id} {self.last_used_at:%Y-%m-%d}"


class SignInHold(models.Model):
    """An officer who was guessed at: no password is looked at until another officer has released her."""

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="sign_in_hold")
    since = models.DateTimeField(_("since"), default=timezone.now)

    objects = SignInQuerySet.as_manager()

    class Meta:
        verbose_name = _("held sign-in")
        verbose_name_plural = _("held sign-ins")

    def __str__(self) -> str:
        return f"{self.user_id}"


class StaffSessionQuerySet(ScopedQuerySet["StaffSession"]):
    """Everybody sees the own ones."""

    def scope(self, user: Any, reach: Reach) -> Self:
        """Return the person's own sessions."""
        return self.filter(user_id=user.pk)


class StaffSession(models.Model):
    """A session that a complete sign-in began: whose, since when, and, sealed, from which address."""

    reference = ReferenceField(prefix="S")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="sessions")
    session_key = models.CharField(max_length=40, unique=True, editable=False)
    began_at = models.DateTimeField(_("since"), default=timezone.now)
    sealed_address = models.TextField(blank=True, editable=False)

    objects = StaffSessionQuerySet.as_manager()

    class Meta:
        verbose_name = _("session")
        verbose_name_plural = _("sessions")
        ordering = ["-began_at"]

    def __str__(self) -> str:
        return self.reference


class FormerPassword(models.Model):
    """The hash of a password somebody had before, so that it does not come back."""

    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.CASCADE, related_name="former_passwords")
    password = models.CharField(max_length=128)
    replaced_at = models.DateTimeField(default=timezone.now)

    objects = SignInQuerySet.as_manager()

    class Meta:
        verbose_name = _("former password")
        verbose_name_plural = _("former passwords")
        ordering = ["-replaced_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.user_id}"
