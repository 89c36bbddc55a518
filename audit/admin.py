"""The log in the auditors' admin."""

from auditlog.models import LogEntry
from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from audit.models import Event
from crm.access.admin import ReadOnlyAdmin, auditor_site
from crm.access.errors import NotVisible


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


# What the package calls its table; marked here, it is in our catalogue, which is asked first.
CAPTIONS = (gettext_noop("log entry"), gettext_noop("log entries"))
TABLES = {
    "calendar.businessday": _("Business day"),
    "money.rate": _("Exchange rate"),
    "staff.branch": _("Branch"),
    "staff.serviceclient": _("Partner system"),
    "transactions.source": _("Source system"),
}


@admin.register(LogEntry, site=auditor_site)
class DifferenceAdmin(ReadOnlyAdmin):
    """Changes of branches, sources, rates, business days and partner systems, field by field. A list: the evidence is the log."""

    view_permission = "audit.view_event"
    list_display = ("at", "who", "table", "about", "what", "differences")
    list_display_links = None
    list_select_related = ("actor", "content_type")
    list_filter = ("content_type",)
    search_fields = ("=object_repr",)
    ordering = ("-id",)
    fields = ("at", "who", "table", "about", "what", "differences")

    @admin.display(description=_("At"), ordering="id")
    def at(self, entry: LogEntry) -> str:
        """When, on the bank's clock."""
        return f"{timezone.localtime(entry.timestamp):%Y-%m-%d %H:%M:%S}"

    @admin.display(description=_("Who"))
    def who(self, entry: LogEntry) -> str:
        """Employee number and name; nobody for commands and background work."""
        return str(entry.actor or "")

    @admin.display(description=_("Table"))
    def table(self, entry: LogEntry) -> str:
        """What kind of row."""
        label = f"{entry.content_type.app_label}.{entry.content_type.model}"
        return str(TABLES.get(label, label))

    @admin.display(description=_("Object"))
    def about(self, entry: LogEntry) -> str:
        """The row, as it called itself then."""
        return str(entry.object_repr)

    @admin.display(description=_("Action"))
    def what(self, entry: LogEntry) -> str:
        """Created, changed or deleted."""
        words = {LogEntry.Action.CREATE: gettext("Created"), LogEntry.Action.DELETE: gettext("Deleted")}
        return words.get(entry.action, gettext("Changed"))

    @admin.display(description=_("Differences"))
    def differences(self, entry: LogEntry) -> str:
        """Each field with its former and its new value."""
        return "; ".join(f"{name}: {old} → {new}" for name, (old, new) in entry.changes_dict.items())

    def change_view(self, request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        """No page of its own: such a row has no public reference."""
        self._enter(request)
        raise NotVisible(self.view_permission)
