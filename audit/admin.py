"""The log in the auditors' admin."""

from django.contrib import admin

from audit.models import Event
from crm.access.admin import ReadOnlyAdmin, auditor_site


@admin.register(Event, site=auditor_site)
class EventAdmin(ReadOnlyAdmin):
    """Lines of the log."""

    reference_field = "uid"
    list_display = ("at", "actor_label", "action_label", "result", "target_label", "customer", "address")
    list_filter = ("view", "result", "origin")
    search_fields = ("=actor_number", "=target_ref", "=customer", "=request_id")
    ordering = ("-at",)
    fields = (
        "uid", "at", "actor_label", "actor_kind", "role", "origin", "session", "address", "request_id", "view", "action", "action_label",
        "result", "target_type", "target_ref", "customer", "reason", "approver", "data",
    )  # fmt: skip
