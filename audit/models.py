"""The log as the auditor's rooms see it: the lines of crm.log under a permission and a scope."""

from typing import Any, Self

from django.apps import apps
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from audit.choices import PATTERN_LABELS
from crm.access.actor import Actor, called
from crm.access.reach import Reach
from crm.access.references import ReferenceField
from crm.access.scopes import ScopedQuerySet
from crm.fields.policy import policy_of
from crm.log.models import Event as LogEvent
from crm.staff.choices import ROLE_LABELS


def field_name(label: str) -> str:
    """What a sealed field is called in its policy; the bare label when no policy knows it."""
    policy = policy_of(label)
    return str(policy.name) if policy else label


class EventQuerySet(ScopedQuerySet["Event"]):
    """Lines by reader and by story."""

    def scope(self, user: Any, reach: Reach) -> Self:
        """Less than the whole bank means one's own lines: a line has no branch, and what colleagues did is the auditor's to see."""
        return self.filter(actor_id=user.pk)

    def visible_to(self, user: Any, permission: str | None = None) -> Self:
        """The lines within the reader's reach, without those about an alarm that is about her."""
        number = user.number if isinstance(user, Actor) else getattr(user, "number", "")
        about = Alarm.objects.filter(person=number).exclude(person="").values("reference")
        return super().visible_to(user, permission).exclude(target_type="audit.alarm", target_ref__in=about)

    def of_request(self, request_id: str) -> Self:
        """The lines that one request (or task, or command) wrote, in the order of writing."""
        return self.filter(request_id=request_id).exclude(request_id="").order_by("pk")


class Event(LogEvent):
    """A line of the audit log."""

    objects = EventQuerySet.as_manager()  # type: ignore[misc]

    class Meta:
        proxy = True
        default_permissions = ()
        verbose_name = _("log event")
        verbose_name_plural = _("log events")

    def get_absolute_url(self) -> str:
        """The page of the line."""
        return reverse("audit:event", args=[self.uid])

    @property
    def actor_label(self) -> str:
        """Employee number and name, as people are called in a bank."""
        if self.actor_kind == "service":
            at_the_server = self.origin == "command" and self.actor_number == "command"
            return f"{self.get_origin_display()} · {self.actor_name}" if at_the_server else called(self.actor_number)
        return " ".join(part for part in (self.actor_number, self.actor_name) if part) or str(self.get_actor_kind_display())

    @property
    def field_label(self) -> str:
        """Which sealed field was seen or searched by, in the reader's language; empty when the line is about none."""
        if "data" in self.get_deferred_fields():
            return ""
        name = self.data.get("field", "") if self.action.startswith("field.") else ""
        return field_name(name) if isinstance(name, str) and name else ""

    @property
    def role_label(self) -> str:
        """The roles in the reader's language; the bare code for a role that a bank made itself."""
        return ", ".join(str(ROLE_LABELS.get(code, code)) for code in self.role.split(",") if code)

    @property
    def target_label(self) -> str:
        """What was acted on: the kind of thing in the reader's language, and its reference."""
        return " ".join(part for part in (self.target_kind, self.target_ref) if part)

    @property
    def target_kind(self) -> str:
        """The kind of thing in the reader's language; the bare name when the model is gone."""
        if not self.target_type:
            return ""
        try:
            return str(apps.get_model(self.target_type)._meta.verbose_name)
        except LookupError:
            return self.target_type


class AlarmQuerySet(ScopedQuerySet["Alarm"]):
    """Alarms by reader."""

    def scope(self, user: Any, reach: Reach) -> Self:
        """All of them or none: an alarm has no branch."""
        return self.none()

    def for_reader(self, actor: Actor) -> Self:
        """What the reader may see, never an alarm about herself."""
        return self.visible_to(actor).exclude(person=actor.number)


class Alarm(models.Model):
    """A pattern in the log that somebody has to look into. Raised once per subject and window by the sweep over new lines."""

    reference = ReferenceField(prefix="AL", length=10)
    pattern = models.CharField(_("Pattern"), max_length=40)
    subject = models.CharField(_("Who or what"), max_length=200)
    person = models.CharField(_("Employee number"), max_length=40, blank=True)
    key = models.CharField(max_length=200, unique=True)
    measured = models.BigIntegerField(_("Measured"))
    threshold = models.BigIntegerField(_("Threshold"))
    window_seconds = models.IntegerField(_("Within seconds"))
    began_at = models.DateTimeField(_("From"))
    ended_at = models.DateTimeField(_("Until"))
    raised_at = models.DateTimeField(_("Raised"))
    details = models.JSONField(_("Details"), default=dict)
    handled_at = models.DateTimeField(_("Handled"), null=True)
    handled_by = models.CharField(_("Handled by"), max_length=40, blank=True)
    note = models.CharField(_("Note"), max_length=500, blank=True)

    objects = AlarmQuerySet.as_manager()

    class Meta:
        default_permissions = ()
        verbose_name = _("alarm")
        verbose_name_plural = _("alarms")
        indexes = (
            models.Index(fields=["-raised_at", "-id"], name="audit_alarm_raised"),
            models.Index(fields=["pattern", "subject", "-ended_at"], name="audit_alarm_subject"),
        )

    def __str__(self) -> str:
        return f"{self.reference} {self.pattern}"

    def get_absolute_url(self) -> str:
        """The page of the alarm."""
        return reverse("audit:alarm", args=[self.reference])

    @property
    def pattern_label(self) -> str:
        """What the pattern is called in the reader's language."""
        return str(PATTERN_LABELS.get(self.pattern, self.pattern))


class PatternSetting(models.Model):
    """A threshold or window that two officers changed; what is not here stands in `audit/definitions/patterns.py`."""

    code = models.CharField(_("Pattern"), max_length=40, unique=True)
    threshold = models.BigIntegerField(_("Threshold"))
    window_seconds = models.IntegerField(_("Within seconds"))
    version = models.IntegerField(default=1)

    objects = models.Manager["PatternSetting"]()

    class Meta:
        default_permissions = ()
        verbose_name = _("threshold of alarms")
        verbose_name_plural = _("thresholds of alarms")

    def __str__(self) -> str:
        return self.code


class AlarmCursor(models.Model):
    """The one row that knows up to which place in the chain lines were looked at: places have no gaps and come in order of commit."""

    id = models.SmallIntegerField(primary_key=True)
    seq = models.BigIntegerField()

    objects = models.Manager["AlarmCursor"]()

    class Meta:
        default_permissions = ()

    def __str__(self) -> str:
        return str(self.seq)


class Network(models.Model):
    """Where a range of addresses is, as the bank's own table says (`manage.py load_networks`)."""

    first = models.GenericIPAddressField(_("First address"))
    last = models.GenericIPAddressField(_("Last address"))
    place = models.CharField(_("Place"), max_length=100)
    latitude = models.FloatField(_("Latitude"))
    longitude = models.FloatField(_("Longitude"))

    objects = models.Manager["Network"]()

    class Meta:
        default_permissions = ()
        verbose_name = _("network")
        verbose_name_plural = _("networks")
        indexes = (models.Index(fields=["first"], name="audit_network_first"),)

    def __str__(self) -> str:
        return f"{self.first}-{self.last} {self.place}"
