"""Alarms of the log: the list, the page of one, and the thresholds."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from audit.choices import PATTERN_LABELS
from audit.definitions.patterns import PATTERNS
from audit.forms import HandleForm, ThresholdForm
from audit.models import Alarm, Event, Network
from audit.services import VIEW as VIEW_EVENT
from audit.services import alarms, thresholds
from crm.access.actor import Actor
from crm.access.errors import DomainError
from crm.access.gate import gated
from crm.access.services import actor_of, may
from crm.lists.columns import Column
from crm.lists.definitions import ListDefinition
from crm.lists.filters import Choice, DateRange, Text
from crm.lists.views import render_list


def handled_label(row: Alarm) -> str:
    """Handled by whom, or still open."""
    return row.handled_by or _("Not handled yet")


def alarm_level(row: Alarm) -> str:
    """Open alarms are marked."""
    return "" if row.handled_at else "high"


class AlarmList(ListDefinition):
    """Alarms, the newest first; never one about the reader."""

    name = "audit.alarm"
    title = gettext_lazy("Alarms of the audit log")
    permission = alarms.VIEW
    columns = (
        Column("raised_at", gettext_lazy("Raised"), kind="moment", sort="raised_at", head=True),
        Column("pattern", gettext_lazy("Pattern"), value="pattern_label"),
        Column("subject", gettext_lazy("Who or what")),
        Column("measured", gettext_lazy("Measured"), kind="number"),
        Column("threshold", gettext_lazy("Threshold"), kind="number"),
        Column("handled", gettext_lazy("Handled by"), kind="badge", value=handled_label, level=alarm_level),
        Column("note", gettext_lazy("Note"), kind="why"),
    )
    filters = (
        DateRange("raised", gettext_lazy("Raised"), field="raised_at"),
        Choice("pattern", gettext_lazy("Pattern"), lambda: [(code, str(label)) for code, label in PATTERN_LABELS.items()]),
        Text("subject", gettext_lazy("Who or what"), field="subject", exact=True),
    )
    default_sort = ("-raised_at",)
    empty_text = gettext_lazy("No pattern was found in the log so far.")

    def queryset(self, actor: Actor) -> QuerySet[Any]:
        """The alarms in reach."""
        return Alarm.objects.for_reader(actor)

    def row_url(self, row: Any) -> str:
        """The page of the alarm."""
        return str(row.get_absolute_url())

    def row_level(self, row: Any) -> str:
        """Open alarms are marked."""
        return alarm_level(row)


@gated(alarms.VIEW)
@require_safe
def alarm_list(request: HttpRequest) -> HttpResponse:
    """List the alarms."""
    return render_list(request, AlarmList(), template="audit/alarm_list.html", extra={"networks": Network.objects.exists()})


@gated(alarms.VIEW)
@require_http_methods(["GET", "HEAD", "POST"])
def alarm_detail(request: HttpRequest, reference: str) -> HttpResponse:
    """Show one alarm with its lines; whoever looked into it says what was found."""
    actor = actor_of(request)
    alarm = alarms.look_at_alarm(actor=actor, reference=reference)
    form = HandleForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            alarms.handle_alarm(actor=actor, alarm=alarm, note=form.cleaned_data["note"])
        except DomainError as refusal:
            form.add_error("note", str(refusal))
        else:
            messages.success(request, _("The alarm is handled; your words stay with it."))
            return redirect("audit:alarm", alarm.reference)
    pattern = PATTERNS.get(alarm.pattern)
    lines = Event.objects.visible_to(actor).filter(uid__in=alarm.details.get("lines", [])).order_by("at", "pk").defer("body", "mac")
    context = {
        "alarm": alarm,
        "rehearsed": alarms.is_rehearsed(alarm),
        "person_name": alarms.name_of(alarm.person),
        "told": pattern.told if pattern else "",
        "unit": pattern.unit if pattern else "",
        "minutes": alarm.window_seconds // 60,
        "lines": list(lines),
        "may_read": may(actor, VIEW_EVENT),
        "form": form,
        "may_handle": may(actor, alarms.HANDLE) and alarm.handled_at is None,
    }
    return render(request, "audit/alarm.html", context)


@gated(alarms.VIEW)
@require_http_methods(["GET", "HEAD", "POST"])
def threshold_list(request: HttpRequest) -> HttpResponse:
    """Show from how many on an alarm rings; a security officer proposes other figures, which a second one decides."""
    actor = actor_of(request)
    form = ThresholdForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            asked = thresholds.propose_threshold(actor=actor, **form.values())
        except DomainError as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            messages.success(request, _("The change is proposed; another security officer decides."))
            return redirect("approvals:request", asked.reference)
    limits = alarms.all_limits()
    rows = [(pattern, limits[code]) for code, pattern in PATTERNS.items()]
    context = {
        "rows": [{"pattern": p, "threshold": found.threshold, "minutes": int(found.window.total_seconds()) // 60} for p, found in rows],
        "form": form,
        "may_change": may(actor, thresholds.PROPOSE),
        "networks": Network.objects.exists(),
    }
    return render(request, "audit/thresholds.html", context)
