"""Pages of cases: the manual's four steps on one page."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from crm.access.actor import Actor
from crm.access.errors import DomainError
from crm.access.gate import gated
from crm.access.services import actor_of, get_visible, may
from crm.approvals.models import ChangeRequest
from crm.exports.views import hand_out
from crm.lists.positions import position
from crm.lists.views import render_list
from crm.log import services as log
from products.models import Freeze
from products.services.freezes import LIFT
from risk.choices import CaseState, CaseStep, InquiryState
from risk.engine.evidence import evidence_of
from risk.forms import CaseFreezeForm, CaseLiftForm, CloseForm, InquiryForm, NoteForm, StepForm
from risk.models import Case, Inquiry
from risk.services import cases, inquiries
from risk.views.lists import CaseList


@gated("risk.view_case")
def case_list(request: HttpRequest) -> HttpResponse:
    """Show the cases in reach."""
    return render_list(request, CaseList())


@gated("risk.view_case")
def case_detail(request: HttpRequest, reference: str) -> HttpResponse:
    """Show a case: what was identified, reviewed, handled and recorded."""
    actor = actor_of(request)
    with transaction.atomic():
        case = _visible(actor, reference, "risk.view_case")
        log.record(actor=actor, action="case.viewed", target=case)
    return render(request, "risk/case.html", _context(request, actor, case))


def _visible(actor: Actor, reference: str, permission: str) -> Case:
    rows = Case.objects.select_related("customer__opening_branch", "customer__manager", "customer__data_key", "officer", "closed_by")
    found: Case = get_visible(rows, actor, permission, reference=reference)
    return found


def _context(request: HttpRequest, actor: Actor, case: Case, **forms: Any) -> dict[str, Any]:
    works = case.state == CaseState.OPEN and may(actor, cases.WORK, case)
    freezes = list(
        Freeze.objects.visible_to(actor).filter(customer=case.customer).select_related("account", "placed_by").order_by("-placed_at")
    )
    waiting = ChangeRequest.objects.filter(kind=LIFT, target_ref__in=[freeze.reference for freeze in freezes], state="proposed")
    alerts = list(case.alerts.select_related("rule", "account", "customer", "claimed_by").order_by("first_hit_at"))
    context = {
        "case": case,
        "here": position(request),
        "steps": [(step, list(CaseStep).index(step) - list(CaseStep).index(CaseStep(case.step))) for step in CaseStep],
        "alerts": [(alert, evidence_of(alert)) for alert in alerts],
        "entries": case.entries.select_related("written_by").order_by("-written_at", "-pk"),
        "inquiries": case.inquiries.select_related("asked_of", "asked_by").order_by("asked_at"),
        "freezes": freezes,
        "waiting": {request.target_ref: request for request in waiting},
        "may_work": works,
        "may_freeze": works and may(actor, "products.place_freeze", case.customer),
        "may_lift": works and any(freeze.ended_at is None for freeze in freezes) and may(actor, "products.ask_lift_freeze"),
        "may_export": may(actor, "risk.export_case", case),
    }
    stock: dict[str, Callable[[], Any]] = {
        "note_form": NoteForm,
        "inquiry_form": InquiryForm,
        "freeze_form": lambda: CaseFreezeForm(customer=case.customer),
        "lift_form": lambda: CaseLiftForm(customer=case.customer),
        "close_form": CloseForm,
    }
    return context | {name: forms.get(name) or make() for name, make in stock.items()}


Verb = Callable[[Actor, Case], Any]


def _act(
    request: HttpRequest, reference: str, name: str, make: Callable[[Case], Any], verb: Callable[[Any], Verb], said: str
) -> HttpResponse:
    """One POST on a case: clean, do, say; with errors the page again, nothing lost."""
    actor = actor_of(request)
    case = _visible(actor, reference, cases.WORK)
    form = make(case)
    if form.is_valid():
        try:
            verb(form.cleaned_data)(actor, case)
        except DomainError as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            messages.success(request, said)
            return redirect("risk:case", reference=reference)
    return render(request, "risk/case.html", _context(request, actor, case, **{name: form}))


@gated("risk.work_case")
@require_POST
def case_note(request: HttpRequest, reference: str) -> HttpResponse:
    """Write a note."""
    return _act(
        request,
        reference,
        "note_form",
        lambda _case: NoteForm(request.POST),
        lambda data: lambda actor, case: cases.add_note(actor=actor, case=case, **data),
        _("The note is kept."),
    )


@gated("risk.work_case")
@require_POST
def case_step(request: HttpRequest, reference: str) -> HttpResponse:
    """Move to another step."""
    return _act(
        request,
        reference,
        "step_form",
        lambda _case: StepForm(request.POST),
        lambda data: lambda actor, case: cases.move_to(actor=actor, case=case, **data),
        _("The case has moved on."),
    )


@gated("risk.work_case")
@require_POST
def case_ask(request: HttpRequest, reference: str) -> HttpResponse:
    """Ask the relationship manager."""
    return _act(
        request,
        reference,
        "inquiry_form",
        lambda _case: InquiryForm(request.POST),
        lambda data: lambda actor, case: inquiries.ask(actor=actor, case=case, **data),
        _("The relationship manager has been asked."),
    )


@gated("risk.work_case")
@require_POST
def case_freeze(request: HttpRequest, reference: str) -> HttpResponse:
    """Freeze the customer or one account."""
    return _act(
        request,
        reference,
        "freeze_form",
        lambda case: CaseFreezeForm(request.POST, customer=case.customer),
        lambda data: lambda actor, case: cases.freeze_in_case(actor=actor, case=case, **data),
        _("The freeze stands. The core has been told."),
    )


@gated("risk.work_case")
@require_POST
def case_lift(request: HttpRequest, reference: str) -> HttpResponse:
    """Ask a second person to lift a freeze."""
    return _act(
        request,
        reference,
        "lift_form",
        lambda case: CaseLiftForm(request.POST, customer=case.customer),
        lambda data: lambda actor, case: cases.ask_to_lift_in_case(actor=actor, case=case, **data),
        _("A second person has been asked to lift the freeze."),
    )


@gated("risk.work_case")
@require_POST
def case_close(request: HttpRequest, reference: str) -> HttpResponse:
    """Record the conclusion."""
    return _act(
        request,
        reference,
        "close_form",
        lambda _case: CloseForm(request.POST),
        lambda data: lambda actor, case: cases.close_case(actor=actor, case=case, **data),
        _("The case is closed."),
    )


@gated("risk.work_case")
@require_POST
def inquiry_withdraw(request: HttpRequest, reference: str) -> HttpResponse:
    """Take an inquiry back."""
    actor = actor_of(request)
    inquiry = get_visible(Inquiry.objects.select_related("case"), actor, reference=reference)
    if inquiry.state == InquiryState.ASKED:
        try:
            inquiries.withdraw(actor=actor, inquiry=inquiry)
        except DomainError as refusal:
            messages.error(request, str(refusal))
    return redirect("risk:case", reference=inquiry.case.reference)


@gated("risk.export_case")
@require_POST
def case_report(request: HttpRequest, reference: str) -> HttpResponse:
    """The handling report as Excel (R112), under an export permit."""
    return hand_out(request, source="case", params={"case": reference}, back=reverse("risk:case", args=[reference]))
