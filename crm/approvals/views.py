"""Pages of approvals: what waits for me, what I asked for, one request and its decision."""

from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_GET, require_POST

from crm.access.actor import Actor
from crm.access.errors import Conflict, DomainError
from crm.access.gate import signed_in_page
from crm.access.services import actor_of, get_visible
from crm.approvals import handlers, services
from crm.approvals.choices import State
from crm.approvals.forms import DecisionForm
from crm.approvals.models import ChangeRequest
from crm.approvals.providers import waiting
from crm.lists.columns import Column
from crm.lists.definitions import ListDefinition
from crm.lists.filters import Choice, DateRange, Flag, Preset
from crm.lists.positions import position
from crm.lists.views import render_list

LEVELS = {State.PROPOSED: "mid", State.APPLIED: "low", State.REFUSED: "high", State.STALE: "hold"}
OPEN_TO_ALL = "shows own requests and those that the reader's permissions let her decide"


def _level(row: ChangeRequest) -> str:
    return LEVELS.get(State(row.state), "")


class RequestList(ListDefinition):
    """Change requests, the newest first."""

    name = "approvals.request"
    title = gettext_lazy("Approvals")
    columns = (
        Column("reference", gettext_lazy("Request number"), head=True),
        Column("kind", gettext_lazy("What is asked for"), value="kind_label", sort="kind"),
        Column("target_ref", gettext_lazy("Object"), kind="mono"),
        Column("customer", gettext_lazy("Customer"), kind="mono", shown=False),
        Column("reason", gettext_lazy("Reason"), kind="why"),
        Column("requested_by", gettext_lazy("Proposed by"), sort="requested_by_number"),
        Column("requested_at", gettext_lazy("Proposed at"), kind="moment", sort="requested_at"),
        Column(
            "expires_at", gettext_lazy("Expires"), kind="due", value=lambda row: row.expires_at if row.is_open else None, sort="expires_at"
        ),
        Column("state", gettext_lazy("State"), kind="badge", level=_level, sort="state"),
        Column("decided_by", gettext_lazy("Decided by"), shown=False),
        Column("decided_at", gettext_lazy("Decided at"), kind="moment", sort="decided_at", shown=False),
    )
    filters = (
        Flag(
            "to_decide",
            gettext_lazy("To decide"),
            lambda rows, actor: rows.filter(pk__in=ChangeRequest.objects.to_decide(actor).values("pk")),
        ),
        Flag("mine", gettext_lazy("Mine"), lambda rows, actor: rows.filter(requested_by_id=actor.user_id)),
        Choice("state", gettext_lazy("State"), State.choices, multiple=True),
        Choice(
            "kind", gettext_lazy("What is asked for"), lambda: [(handler.kind, str(handler.label)) for handler in handlers.registered()]
        ),
        DateRange("requested", gettext_lazy("Proposed at"), field="requested_at"),
    )
    presets = (
        Preset(gettext_lazy("To decide"), {"to_decide": "on"}),
        Preset(gettext_lazy("Mine"), {"mine": "on"}),
        Preset(gettext_lazy("All"), {}),
    )
    search = ("reference", "target_ref", "customer", "requested_by_number", "requested_by__name")
    default_sort = ("-requested_at",)
    empty_title = gettext_lazy("No requests")
    empty_text = gettext_lazy("Changes that need a second person appear here.")

    def queryset(self, actor: Actor) -> QuerySet[Any]:
        """Own ones, and those the reader could decide."""
        return ChangeRequest.objects.visible_to(actor).select_related("requested_by", "decided_by")

    def row_url(self, row: Any) -> str:
        """The page of the request."""
        return str(row.get_absolute_url())


@signed_in_page(OPEN_TO_ALL)
@require_GET
def request_list(request: HttpRequest) -> HttpResponse:
    """The requests; who has some to decide begins with these."""
    if not request.GET and waiting(actor_of(request)):
        return redirect(RequestList.url("approvals:request_list", to_decide="on"))
    return render_list(request, RequestList())


@signed_in_page(OPEN_TO_ALL)
@require_GET
def request_detail(request: HttpRequest, reference: str) -> HttpResponse:
    """One request: what changes, why, and the decision."""
    found = get_visible(ChangeRequest.objects.select_related("requested_by", "decided_by"), actor_of(request), reference=reference)
    return _page(request, found, DecisionForm(initial={"shown_hash": _mark(found)}))


@signed_in_page("the service asks for the permission to decide this kind, and for another person")
@require_POST
def request_decide(request: HttpRequest, reference: str) -> HttpResponse:
    """Approve or refuse."""
    actor = actor_of(request)
    found = get_visible(ChangeRequest.objects.select_related("requested_by", "decided_by"), actor, reference=reference)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return _page(request, found, form, status=400)
    approve = request.POST.get("decision") == "approve"
    try:
        decided = services.decide(actor=actor, request=found, approve=approve, **form.cleaned_data)
    except Conflict as why:
        messages.error(request, str(why))
        return redirect(found)
    except DomainError as why:
        form.add_error(why.field if why.field in form.fields else None, str(why))
        return _page(request, found, form, status=400)
    if decided.state == State.STALE:
        messages.warning(request, _("The object has changed since the request was made. Nothing was applied; ask for it again."))
    else:
        messages.success(request, _("Approved and applied.") if approve else _("Refused."))
    # What is shown once cannot wait at an address.
    return _page(request, decided, form) if decided.disclosure else redirect(decided)


@signed_in_page("the service lets the proposer alone withdraw")
@require_POST
def request_withdraw(request: HttpRequest, reference: str) -> HttpResponse:
    """Take back an own request."""
    actor = actor_of(request)
    found = get_visible(ChangeRequest.objects.all(), actor, reference=reference)
    try:
        services.withdraw(actor=actor, request=found)
        messages.success(request, _("Withdrawn."))
    except DomainError as why:
        messages.error(request, str(why))
    return redirect(found)


def _mark(found: ChangeRequest) -> str:
    return services.hash_of(found) if found.is_open else ""


def _page(request: HttpRequest, found: ChangeRequest, form: DecisionForm, status: int = 200) -> HttpResponse:
    actor = actor_of(request)
    handler = handlers.handler_of(found.kind)
    mine = found.requested_by_id == actor.user_id
    lines: list[Any] = list(handler.describe(found) if found.is_open else found.shown_lines)
    about = [line for line in lines if (line["context"] if isinstance(line, dict) else line.context)]
    context = {
        "change": found,
        "level": _level(found),
        "about": about,
        "lines": [line for line in lines if line not in about],
        "target_url": handler.target_url(found) if handler.target_url else "",
        "form": form,
        "mine": mine,
        "may_decide": services.may_decide(actor, found),
        "may_withdraw": mine and found.is_open,
        "excluded": found.is_open and not mine and services.is_excluded(actor, found),
        "here": position(request),
    }
    return render(request, "approvals/request.html", context, status=status)
