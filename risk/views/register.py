"""Pages of the large-value register."""

from typing import Any

from django.contrib import messages
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
from crm.calendar.services import today
from crm.lists.columns import Column
from crm.lists.definitions import ListDefinition
from crm.lists.filters import Choice, DateRange, Flag, Preset, Related
from crm.lists.positions import position
from crm.lists.views import render_list
from crm.staff.filters import BranchTree, branches_of
from customers.models import of_customers
from risk.choices import ReportRowState
from risk.forms import ExemptForm, ReasonForm
from risk.models import LargeValueRow, Rule
from risk.services import register
from transactions.choices import Direction

DECIDE = "risk.decide_largevaluerow"
LEVELS = {ReportRowState.DRAFT: "mid", ReportRowState.UNSUPPORTED: "", ReportRowState.EXEMPT: "", ReportRowState.REPORTED: "low"}


def _overdue(rows: QuerySet[Any], _actor: Actor) -> QuerySet[Any]:
    return rows.filter(state=ReportRowState.DRAFT, due_on__lt=today())


class RegisterList(ListDefinition):
    """Rows of the large-value register, those due first."""

    name = "risk.largevaluerow"
    title = _("Large-value register")
    permission = "risk.view_largevaluerow"
    export_permission = "risk.export_largevaluerow"
    columns = (
        Column("customer", _("Customer"), value="customer.name", sort="customer__name_pinyin", head=True),
        Column("rule", _("Rule"), value=lambda row: gettext(row.rule.name), sort="rule__code"),
        Column("bank_date", _("Bank date"), kind="date", sort="bank_date"),
        Column("direction", _("Debit or credit"), value="get_direction_display"),
        Column("currency_group", _("Currency")),
        Column("total", _("Day sum"), kind="money", currency="currency_group", sort="total"),
        Column("due_on", _("Due on"), kind="date", sort="due_on"),
        Column("state", _("State"), value="get_state_display", kind="badge", sort="state", level=lambda row: LEVELS[row.state]),
        Column("exemption", _("Ground for exemption"), value="get_exemption_display", kind="why"),
        Column("corrects", _("Correction of"), value=lambda row: row.corrects.reference if row.corrects else "", kind="mono"),
        Column("core_number", _("Core customer number"), value="customer.core_number", shown=False),
        Column("reference", _("Row"), sort="reference", shown=False),
    )
    filters = (
        Flag("overdue", _("Overdue"), _overdue),
        Flag("corrections", _("Corrections"), lambda rows, _actor: rows.exclude(corrects=None)),
        Choice("state", _("State"), ReportRowState.choices, multiple=True),
        Related("rule", _("Rule"), lambda _actor: Rule.objects.filter(scenario__lte=4).order_by("scenario"), field="rule", to_field="code"),
        Choice("direction", _("Debit or credit"), Direction.choices),
        DateRange("day", _("Bank date"), field="bank_date"),
        DateRange("due", _("Due on"), field="due_on"),
        DateRange("created", _("Drafted"), field="created_at"),
        BranchTree(
            "branch", _("Opening branch"), branches_of("risk.view_largevaluerow"), field="customer__opening_branch", at="created_at"
        ),
    )
    presets = (
        Preset(_("To report"), {"state": "draft"}),
        Preset(_("Overdue"), {"overdue": "on"}),
        Preset(_("Corrections"), {"corrections": "on"}),
        Preset(_("Exempt"), {"state": "exempt"}),
        Preset(_("Reported"), {"state": "reported"}),
    )
    search = ("reference",)
    search_in = {"customer": of_customers}
    default_sort = ("due_on",)

    def queryset(self, actor: Actor) -> QuerySet[Any]:
        """Return the rows in reach."""
        return LargeValueRow.objects.visible_to(actor).select_related("customer", "rule", "corrects")

    def row_url(self, row: Any) -> str:
        """Return the address of the row."""
        return reverse("risk:register_row", args=[row.reference])


@gated("risk.view_largevaluerow")
def register_list(request: HttpRequest) -> HttpResponse:
    """Show the register."""
    return render_list(request, RegisterList())


@gated("risk.view_largevaluerow")
def register_row(request: HttpRequest, reference: str) -> HttpResponse:
    """Show one row with the transactions of the day and what can be decided."""
    return _page(request, _row(request, reference))


def _row(request: HttpRequest, reference: str, permission: str = "risk.view_largevaluerow") -> LargeValueRow:
    rows = LargeValueRow.objects.select_related("customer", "rule", "decided_by", "corrects__decided_by")
    return get_visible(rows, actor_of(request), permission, reference=reference)


def _page(request: HttpRequest, row: LargeValueRow, **forms: Any) -> HttpResponse:
    decides = may(actor_of(request), DECIDE, row)
    context = {
        "row": row,
        "total": str(row.total),
        "here": position(request),
        "corrections": row.corrections.order_by("revision"),
        "transactions": row.transactions.select_related("account").order_by("event_order", "pk")[:200],
        "level": LEVELS[ReportRowState(row.state)],
        "overdue": row.state == ReportRowState.DRAFT and row.due_on < today(),
        "may_decide": decides and row.state == ReportRowState.DRAFT,
        "may_reopen": decides and row.state == ReportRowState.EXEMPT,
        "exempt_form": ExemptForm(),
        "reopen_form": ReasonForm(),
    }
    return render(request, "risk/register_row.html", {**context, **forms})


@gated(DECIDE)
@require_POST
def register_exempt(request: HttpRequest, reference: str) -> HttpResponse:
    """Exempt a row."""
    row = _row(request, reference, DECIDE)
    form = ExemptForm(request.POST)
    if form.is_valid():
        try:
            register.exempt(actor=actor_of(request), row=row, ground=form.cleaned_data["ground"], reason=form.cleaned_data["reason"])
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, gettext("The row is exempt; the reason is kept."))
            return redirect("risk:register_row", reference=reference)
    return _page(request, row, exempt_form=form)


@gated(DECIDE)
@require_POST
def register_reported(request: HttpRequest, reference: str) -> HttpResponse:
    """Mark a row as reported."""
    row = _row(request, reference, DECIDE)
    try:
        register.mark_reported(actor=actor_of(request), row=row, total=request.POST.get("total", ""))
    except DomainError as refusal:
        messages.error(request, str(refusal))
    else:
        messages.success(request, gettext("The row is marked as reported."))
    return redirect("risk:register_row", reference=reference)


@gated(DECIDE)
@require_POST
def register_reopen(request: HttpRequest, reference: str) -> HttpResponse:
    """Take an exemption back."""
    row = _row(request, reference, DECIDE)
    form = ReasonForm(request.POST)
    if form.is_valid():
        try:
            register.reopen(actor=actor_of(request), row=row, reason=form.cleaned_data["reason"])
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, gettext("The row is open again."))
            return redirect("risk:register_row", reference=reference)
    return _page(request, row, reopen_form=form)
