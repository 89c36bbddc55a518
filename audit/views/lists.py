"""The search page over the log, in three views."""

from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_GET

from audit import services
from audit.models import Event
from crm.access.actor import Actor
from crm.access.gate import gated
from crm.access.services import actor_of
from crm.lists.columns import Column
from crm.lists.definitions import ListDefinition
from crm.lists.filters import Choice, DateRange, Preset, Text
from crm.lists.sealing import sealed_address, spoken
from crm.lists.terms import Query
from crm.lists.views import render_list
from crm.log import actions
from crm.log.choices import Origin, Result, View

RESULT_LEVELS = {Result.REFUSED: "mid", Result.FAILED: "high"}
VIEW_LEVELS = {View.SECURITY: "hold", View.AUDIT: "info"}


def result_level(row: Any) -> str:
    """How a result is coloured."""
    return RESULT_LEVELS.get(row.result, "")


def view_level(row: Any) -> str:
    """How a view is coloured."""
    return VIEW_LEVELS.get(row.view, "")


def _actions() -> list[tuple[str, str]]:
    labelled = [(name, str(kind.label)) for name, kind in actions.declared().items()]
    return sorted(labelled, key=lambda pair: (pair[0].partition(".")[0], pair[1]))


class EventList(ListDefinition):
    """Lines of the log, the newest first."""

    name = "audit.event"
    title = _("Audit log")
    permission = services.VIEW
    export_permission = "audit.export_event"
    columns = (
        Column("at", _("Time"), kind="moment", sort="at", head=True),
        Column("actor", _("Who"), value="actor_label", sort="actor_number"),
        Column("action", _("Action"), value="action_label", sort="action"),
        Column("result", _("Result"), kind="badge", level=result_level),
        Column("target", _("Object"), value="target_label"),
        Column("customer", _("Customer"), kind="mono"),
        Column("reason", _("Reason"), kind="why"),
        Column("address", _("Address"), kind="mono"),
        Column("view", _("Log view"), kind="badge", level=view_level, shown=False),
        Column("role", _("Role"), value="role_label", shown=False),
        Column("origin", _("Origin"), shown=False),
        Column("approver", _("Approver"), shown=False),
        Column("session", _("Session"), kind="mono", shown=False),
        Column("request", _("Request"), value="request_id", kind="mono", shown=False),
    )
    filters = (
        DateRange("at", _("Time"), field="at"),
        Choice("view", _("Log view"), View.choices),
        Text("actor", _("Employee number"), field="actor_number", exact=True),
        Choice("action", _("Action"), _actions),
        Choice("result", _("Result"), Result.choices, multiple=True),
        Text("customer", _("Customer"), field="customer", exact=True),
        Text("target", _("Object"), field="target_ref", exact=True),
        Choice("origin", _("Origin"), Origin.choices, multiple=True),
        Text("address", _("Address"), field="address", exact=True),
        Text("request", _("Request"), field="request_id", exact=True),
    )
    presets = (
        Preset(_("All"), {}),
        Preset(_("Operation log"), {"view": "operations"}),
        Preset(_("Security event log"), {"view": "security"}),
        Preset(_("Audit log"), {"view": "audit"}),
        Preset(_("Refused"), {"result": "refused"}),
        Preset(_("Failed"), {"result": "failed"}),
    )
    default_sort = ("-at",)
    empty_text = _("Every act and every look is written here.")

    def queryset(self, actor: Actor) -> QuerySet[Any]:
        """The lines in reach, without the bytes that only the page of a line needs."""
        return Event.objects.visible_to(actor).defer("body", "mac", "data")

    def find(self, rows: QuerySet[Any], query: Query) -> QuerySet[Any]:
        """Lines with exactly this number, name or reference: each is a column with an index, a part of a text is not."""
        word = str(query)
        whole = Q(actor_number=word) | Q(actor_name=word) | Q(target_ref=word) | Q(customer=word) | Q(request_id=word)
        return rows.filter(whole)

    def row_url(self, row: Any) -> str:
        """The page of the line."""
        return str(row.get_absolute_url())

    def row_level(self, row: Any) -> str:
        """Refused and failed acts are marked."""
        return result_level(row)


@gated(services.VIEW)
@require_GET
def event_list(request: HttpRequest) -> HttpResponse:
    """Search the log; the search itself is a line."""
    if address := sealed_address(request, EventList()):
        return redirect(address)
    services.look_through(actor=actor_of(request), asked=spoken(request))
    return render_list(request, EventList(), template="audit/event_list.html")
