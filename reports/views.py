"""Pages of reports."""

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from crm.access.actor import Actor
from crm.access.errors import DomainError
from crm.access.gate import gated
from crm.access.services import actor_of, get_visible, may
from crm.exports.views import hand_out
from crm.lists.columns import Column
from crm.lists.definitions import ListDefinition
from crm.lists.filters import Choice, DateRange, Flag
from crm.lists.positions import position
from crm.lists.views import render_list
from crm.log import services as log
from reports import services
from reports.choices import Period, RunState
from reports.definitions.page import shown
from reports.forms import RunForm, SubscriptionForm
from reports.models import ReportRun, Subscription

LEVELS = {RunState.OWED: "mid", RunState.DONE: "low", RunState.FAILED: "high"}


class RunList(ListDefinition):
    """Reports that were made, newest first."""

    name = "reports.run"
    title = _("Risk reports")
    permission = "reports.view_reportrun"
    columns = (
        Column("reference", _("Report"), head=True),
        Column("period", _("Period"), value="get_period_display", sort="period"),
        Column("first_day", _("From"), kind="date", sort="first_day"),
        Column("last_day", _("Until"), kind="date", sort="last_day"),
        Column("branch", _("Branch"), value=lambda row: row.branch or gettext("Whole bank")),
        Column("alerts", _("Alerts"), value=lambda row: row.figures.get("totals", {}).get("alerts"), kind="number"),
        Column("state", _("State"), value="get_state_display", kind="badge", sort="state", level=lambda row: LEVELS[row.state]),
        Column("by", _("Made by"), value=lambda row: row.requested_by or (gettext("Schedule") if row.nightly else "—")),
        Column("created_at", _("Asked for"), kind="moment", sort="created_at"),
    )
    filters = (
        Choice("period", _("Period"), Period.choices),
        Choice("state", _("State"), RunState.choices),
        DateRange("days", _("Days"), field="first_day"),
        Flag("nightly", _("Made by the schedule"), lambda rows, _actor: rows.filter(nightly=True)),
    )
    search = ("reference",)
    default_sort = ("-created_at",)

    def queryset(self, actor: Actor) -> QuerySet[Any]:
        """Return the runs in reach."""
        return ReportRun.objects.visible_to(actor).select_related("branch", "requested_by")

    def row_url(self, row: Any) -> str:
        """Return the address of the report."""
        return reverse("reports:run", args=[row.reference])


@gated("reports.view_reportrun")
def run_list(request: HttpRequest) -> HttpResponse:
    """List reports, order one, and subscribe to the mails."""
    actor = actor_of(request)
    mine = set(Subscription.objects.filter(recipient_id=actor.user_id, is_active=True).values_list("period", flat=True))
    extra = {
        "form": RunForm(actor=actor),
        "may_add": may(actor, "reports.add_reportrun"),
        "subscriptions": [(period, period in mine) for period in (Period.DAY, Period.MONTH)],
    }
    return render_list(request, RunList(), template="reports/run_list.html", extra=extra)


@gated("reports.add_reportrun")
@require_POST
def run_create(request: HttpRequest) -> HttpResponse:
    """Order a report."""
    actor = actor_of(request)
    form = RunForm(request.POST, actor=actor)
    if form.is_valid():
        try:
            run = services.ask_for_report(actor=actor, period=form.period, **form.cleaned_data)
        except DomainError as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            return redirect("reports:run", reference=run.reference)
    return render(request, "reports/run_form.html", {"form": form})


@gated("reports.view_reportrun")
def run_detail(request: HttpRequest, reference: str) -> HttpResponse:
    """Show a report: figures, charts, events; every number opens its list."""
    actor = actor_of(request)
    with transaction.atomic():
        run = _visible(actor, reference)
        log.record(actor=actor, action="report.viewed", target=run)
    context: dict[str, Any] = {"run": run, "here": position(request), "may_export": may(actor, "reports.export_reportrun", run)}
    context["may_ask"] = may(actor, "reports.add_reportrun")
    if run.state == RunState.DONE:
        context["report"] = shown(run, actor)
    return render(request, "reports/run.html", context)


@gated("reports.view_reportrun", polling=True)
def run_progress(request: HttpRequest, reference: str) -> HttpResponse:
    """Tell a waiting page whether the report is there; it loads itself again when it is."""
    run = _visible(actor_of(request), reference)
    response = render(request, "reports/_progress.html", {"run": run})
    if run.state != RunState.OWED:
        response["HX-Refresh"] = "true"
    return response


@gated("reports.add_reportrun")
@require_POST
def run_again(request: HttpRequest, reference: str) -> HttpResponse:
    """Make the same report anew from the rows."""
    actor = actor_of(request)
    run = _visible(actor, reference)
    again = services.ask_for_report(actor=actor, period=run.period, first_day=run.first_day, last_day=run.last_day, branch=run.branch)
    return redirect("reports:run", reference=again.reference)


@gated("reports.export_reportrun")
@require_POST
def run_excel(request: HttpRequest, reference: str) -> HttpResponse:
    """The workbook, under an export permit."""
    back = reverse("reports:run", args=[reference])
    return hand_out(request, source="report", params={"run": reference}, back=back)


@gated("reports.view_reportrun")
@require_POST
def subscription(request: HttpRequest) -> HttpResponse:
    """Begin or end one's own mails."""
    actor = actor_of(request)
    form = SubscriptionForm(request.POST)
    if form.is_valid() and actor.user is not None:
        services.set_subscription(actor=actor, person=actor.user, **form.cleaned_data)
        messages.success(request, gettext("Your subscription is changed."))
    return redirect("reports:run_list")


def _visible(actor: Actor, reference: str) -> ReportRun:
    found: ReportRun = get_visible(ReportRun.objects.select_related("branch", "requested_by"), actor, reference=reference)
    return found
