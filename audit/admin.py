"""The log in the auditors' admin."""

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from audit.models import Event
from crm.access.admin import ReadOnlyAdmin, auditor_site


@admin.register(Event, site=auditor_site)
class EventAdmin(ReadOnlyAdmin):
    """Lines of the log."""

    reference_field = "uid"
    list_display = ("at", "who", "what", "result", "about", "customer", "address")
    list_filter = ("view", "result", "origin")
    search_fields = ("=actor_number", "=target_ref", "=customer", "=request_id")
    ordering = ("-at",)
    fields = (
        "uid", "at", "who", "actor_kind", "role", "origin", "session", "address", "request_id", "view", "what", "action",
        "result", "target_type", "target_ref", "customer", "reason", "approver", "data",
    )  # fmt: skip

    @admin.display(description=_("Who"), ordering="actor_number")
    def who(self, event: Event) -> str:
        """Employee number and name."""
        return event.actor_label

    @admin.display(description=_("Action"), ordering="action")
    def what(self, event: Event) -> str:
        """The action in the reader's language."""
        return event.action_label

    @admin.display(description=_("Object"), ordering="target_ref")
    def about(self, event: Event) -> str:
        """What was acted on."""
        return event.target_label
