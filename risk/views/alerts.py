"""Pages of the alert queue."""

from datetime import datetime, time
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from crm.access.actor import Actor
from crm.access.errors import DomainError
from crm.access.gate import gated
from crm.access.services import actor_of, get_visible, may
from crm.lists.positions import position
from crm.lists.views import render_list
from crm.log import services as log
from crm.ui import menu
from risk import providers
from risk.choices import CaseState
from risk.engine.evidence import evidence_of
from risk.forms import AssignForm, DismissForm, NoteForm, OpenCaseForm, ReasonForm, SnoozeForm
from risk.models import Alert, Case
from risk.services import alerts, cases, queue
from risk.views.lists import AlertList


@gated("risk.view_alert")
def alert_list(request: HttpRequest) -> HttpResponse:
    """Show the queue."""
    actor = actor_of(request)
    waiting, late = providers.waiting_alerts(actor), providers.overdue_alerts(actor)
    extra = {
        "waiting": waiting,
        "waiting_told": menu.told(waiting) or "0",
        "late": late,
        "late_told": menu.told(late),
        "may_work": may(actor, queue.WORK),
        "may_assign": may(actor, "risk.assign_alert"),
        "assign_form": AssignForm(),
    }
    return render_list(request, AlertList(), template="risk/alert_list.html", extra=extra)


@gated("risk.view_alert")
def alert_detail(request: HttpRequest, reference: str) -> HttpResponse:
    """Show one alert with its evidence and what can be done."""
    actor = actor_of(request)
    with transaction.atomic():
        alert = _visible(actor, reference, "risk.view_alert")
        log.record(actor=actor, action="alert.viewed", target=alert)
    return render(request, "risk/alert.html", _context(request, actor, alert))


def _context(request: HttpRequest, actor: Actor, alert: Alert, **forms: Any) -> dict[str, Any]:
    works = may(actor, queue.WORK, alert) and alert.state in queue.WAITING
    theirs = alert.claimed_by_id not in (None, actor.user_id)
    context: dict[str, Any] = {
        "alert": alert,
        "here": position(request),
        "evidence": evidence_of(alert),
        "withdrawn": alerts.taken_back(alert),
        "notes": alert.notes.select_related("written_by").order_by("-written_at"),
        "open_cases": Case.objects.visible_to(actor).filter(customer=alert.customer, state=CaseState.OPEN),
        "sees_rules": may(actor, "risk.view_rule"),
        "may_claim": works and alert.claimed_by_id is None,
        "may_act": works and (not theirs or may(actor, "risk.assign_alert")),
        "may_note": may(actor, queue.WORK, alert),
        "may_assign": works and may(actor, "risk.assign_alert"),
        "may_snooze": may(actor, "risk.snooze_alert", alert),
        "may_freeze": may(actor, "products.place_freeze"),
        "is_mine": alert.claimed_by_id == actor.user_id,
    }
    stock = {
        "note_form": NoteForm,
        "dismiss_form": DismissForm,
        "assign_form": AssignForm,
        "snooze_form": SnoozeForm,
        "case_form": OpenCaseForm,
        "return_form": ReasonForm,
    }
    return context | {name: forms.get(name) or kind() for name, kind in stock.items()}


def _visible(actor: Actor, reference: str, permission: str) -> Alert:
    rows = Alert.objects.select_related(
        "customer__opening_branch", "customer__manager", "customer__data_key", "account", "rule", "claimed_by", "case"
    )
    found: Alert = get_visible(rows, actor, permission, reference=reference)
    return found


@gated("risk.work_alert")
@require_POST
def alert_claim_next(request: HttpRequest) -> HttpResponse:
    """Take the most urgent alert."""
    try:
        alert = queue.claim_next(actor=actor_of(request))
    except DomainError as refusal:
        messages.info(request, str(refusal))
        return redirect("risk:alert_list")
    return redirect("risk:alert", reference=alert.reference)


@gated("risk.work_alert")
@require_POST
def alert_claim(request: HttpRequest, reference: str) -> HttpResponse:
    """Take this alert."""
    actor = actor_of(request)
    try:
        queue.claim(actor=actor, alert=_visible(actor, reference, queue.WORK))
    except DomainError as refusal:
        messages.error(request, str(refusal))
    return redirect("risk:alert", reference=reference)


@gated("risk.work_alert")
@require_POST
def alert_return(request: HttpRequest, reference: str) -> HttpResponse:
    """Give the alert back to the queue."""
    form = ReasonForm(request.POST)
    return _act(
        request,
        reference,
        "return_form",
        form,
        lambda actor, alert: queue.give_back(actor=actor, alert=alert, reason=form.cleaned_data["reason"]),
        _("The alert is back in the queue."),
    )


@gated("risk.work_alert")
@require_POST
def alert_note(request: HttpRequest, reference: str) -> HttpResponse:
    """Write a note."""
    form = NoteForm(request.POST)
    return _act(
        request,
        reference,
        "note_form",
        form,
        lambda actor, alert: queue.add_note(actor=actor, alert=alert, text=form.cleaned_data["text"]),
        _("The note is kept."),
    )


@gated("risk.work_alert")
@require_POST
def alert_dismiss(request: HttpRequest, reference: str) -> HttpResponse:
    """Finish the alert without a case."""
    form = DismissForm(request.POST)
    return _act(
        request,
        reference,
        "dismiss_form",
        form,
        lambda actor, alert: queue.dismiss(actor=actor, alert=alert, **form.cleaned_data),
        _("The alert is dismissed."),
    )


@gated("risk.assign_alert")
@require_POST
def alert_assign(request: HttpRequest, reference: str) -> HttpResponse:
    """Hand the alert to an officer."""
    form = AssignForm(request.POST)
    return _act(
        request,
        reference,
        "assign_form",
        form,
        lambda actor, alert: queue.assign(actor=actor, alerts=[alert], officer=form.cleaned_data["officer"]),
        _("The alert is assigned."),
    )


@gated("risk.snooze_alert")
@require_POST
def alert_snooze(request: HttpRequest, reference: str) -> HttpResponse:
    """Keep the rule quiet on this customer for a while."""
    form = SnoozeForm(request.POST)

    def act(actor: Actor, alert: Alert) -> object:
        until = datetime.combine(form.cleaned_data["until"], time.min, tzinfo=ZoneInfo(settings.BANK_ZONE))
        return queue.snooze(actor=actor, alert=alert, until=until, reason=form.cleaned_data["reason"])

    return _act(request, reference, "snooze_form", form, act, _("No new alert of this rule until then."))


@gated("risk.work_case")
@require_POST
def alert_open_case(request: HttpRequest, reference: str) -> HttpResponse:
    """Open a case from this alert."""
    actor = actor_of(request)
    alert = _visible(actor, reference, queue.WORK)
    form = OpenCaseForm(request.POST)
    if form.is_valid():
        try:
            case = cases.open_case(actor=actor, alerts=[alert], summary=form.cleaned_data["summary"])
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("The case is open."))
            return redirect("risk:case", reference=case.reference)
    return render(request, "risk/alert.html", _context(request, actor, alert, case_form=form))


@gated("risk.work_case")
@require_POST
def alert_join_case(request: HttpRequest, reference: str) -> HttpResponse:
    """Add the alert to an open case of the same customer."""
    actor = actor_of(request)
    alert = _visible(actor, reference, queue.WORK)
    case = get_visible(Case.objects.all(), actor, cases.WORK, reference=request.POST.get("case", ""))
    try:
        cases.join_case(actor=actor, case=case, alert=alert)
    except DomainError as refusal:
        messages.error(request, str(refusal))
        return redirect("risk:alert", reference=reference)
    messages.success(request, _("The alert is part of the case."))
    return redirect("risk:case", reference=case.reference)


@gated("risk.assign_alert")
@require_POST
def alert_assign_many(request: HttpRequest) -> HttpResponse:
    """Hand the chosen alerts to one officer."""
    actor = actor_of(request)
    form = AssignForm(request.POST)
    chosen = Alert.objects.visible_to(actor, "risk.assign_alert").filter(reference__in=request.POST.getlist("row")[:500])
    if form.is_valid():
        try:
            count = queue.assign(actor=actor, alerts=chosen, officer=form.cleaned_data["officer"])
        except DomainError as refusal:
            messages.error(request, str(refusal))
        else:
            messages.success(request, ngettext("%(n)d alert was assigned.", "%(n)d alerts were assigned.", count) % {"n": count})
    else:
        messages.error(request, _("Choose a risk officer."))
    return redirect("risk:alert_list")


def _act(request: HttpRequest, reference: str, name: str, form: Any, act: Any, said: str) -> HttpResponse:
    """One POST on an alert: clean, do, say; with errors the page again, nothing lost."""
    actor = actor_of(request)
    alert = _visible(actor, reference, "risk.view_alert")
    if form.is_valid():
        try:
            act(actor, alert)
        except DomainError as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            messages.success(request, said)
            return redirect("risk:alert", reference=reference)
    return render(request, "risk/alert.html", _context(request, actor, alert, **{name: form}))
