"""The log as the auditor's rooms see it: the lines of crm.log under a permission and a scope."""

from typing import Any, Self

from django.apps import apps
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from crm.access.actor import called
from crm.access.reach import Reach
from crm.access.scopes import ScopedQuerySet
from crm.log.models import Event as LogEvent
from crm.staff.choices import ROLE_LABELS


class EventQuerySet(ScopedQuerySet["Event"]):
    """Lines by reader and by story."""

    def scope(self, user: Any, reach: Reach) -> Self:
        """Less than the whole bank means one's own lines: a line has no branch, and what colleagues did is the auditor's to see."""
        return self.filter(actor_id=user.pk)

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
            return called(self.actor_number)
        return " ".join(part for part in (self.actor_number, self.actor_name) if part) or str(self.get_actor_kind_display())

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
