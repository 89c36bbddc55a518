"""Pages of exports: asking, what I asked for, one permit and its file."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from django.contrib import messages
from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from crm.access.actor import Actor
from crm.access.addresses import own_page
from crm.access.errors import DomainError
from crm.access.gate import gated
from crm.access.services import actor_of, get_visible, may
from crm.exports import services
from crm.exports.choices import Purpose, State
from crm.exports.forms import CapForm, PurposeForm
from crm.exports.models import ExportDownload, ExportPermit
from crm.exports.services import caps
from crm.lists.columns import Column
from crm.lists.definitions import ListDefinition, known
from crm.lists.export import EXCEL
from crm.lists.filters import Choice, DateRange, Flag, Preset
from crm.lists.positions import position
from crm.lists.sealing import closed
from crm.lists.views import render_list

LEVELS = {State.ASKED: "mid", State.WAITING: "mid", State.READY: "low", State.FAILED: "high", State.REFUSED: "high", State.CLOSED: "hold"}


def _level(row: ExportPermit) -> str:
    return LEVELS.get(State(row.state), "")


class PermitList(ListDefinition):
    """Export permits, the newest first."""

    name = "exports.permit"
    title = gettext_lazy("Exports")
    permission = services.VIEW
    columns = (
        Column("reference", gettext_lazy("Permit"), head=True),
        Column("title", gettext_lazy("What"), value="what", sort="title"),
        Column("conditions", gettext_lazy("Conditions"), kind="why"),
        Column("purpose", gettext_lazy("Purpose"), value="get_purpose_display", sort="purpose"),
        Column("words", gettext_lazy("Purpose in words"), kind="why", shown=False),
        Column("rows", gettext_lazy("Rows"), kind="number", sort="rows"),
        Column("requested_by", gettext_lazy("Asked by"), sort="requested_by__number"),
        Column("requested_at", gettext_lazy("Asked at"), kind="moment", sort="requested_at"),
        Column("state", gettext_lazy("State"), kind="badge", level=_level, sort="state"),
        Column("downloaded", gettext_lazy("Downloads"), kind="number"),
        Column("approved_by", gettext_lazy("Approved by"), shown=False),
        Column("expires_at", gettext_lazy("Deleted at"), kind="moment", shown=False),
    )
    filters = (
        Flag("mine", gettext_lazy("Mine"), lambda rows, actor: rows.filter(requested_by_id=actor.user_id)),
        Choice("state", gettext_lazy("State"), State.choices, multiple=True),
        Choice("purpose", gettext_lazy("Purpose"), Purpose.choices),
        DateRange("requested", gettext_lazy("Asked at"), field="requested_at"),
    )
    presets = (Preset(gettext_lazy("Mine"), {"mine": "on"}), Preset(gettext_lazy("All"), {}))
    search = ("reference", "title", "requested_by__number", "requested_by__name")
    default_sort = ("-requested_at",)
    empty_title = pgettext_lazy("exports", "No exports")
    empty_text = gettext_lazy("Files that you ask for on a list or a report appear here for 24 hours.")

    def queryset(self, actor: Actor) -> QuerySet[Any]:
        """Permits in reach."""
        rows = ExportPermit.objects.visible_to(actor).defer("keys").select_related("requested_by", "approved_by")
        # Counted for the rows of the page, after they were found; a join would count those of every permit first.
        downloads = Subquery(
            ExportDownload.objects.filter(permit=OuterRef("pk")).order_by().values("permit").annotate(number=Count("pk")).values("number")
        )
        return rows.annotate(downloaded=Coalesce(downloads, 0))

    def row_url(self, row: Any) -> str:
        """The page of the permit."""
        return str(row.get_absolute_url())


@gated(services.VIEW)
@require_GET
def permit_list(request: HttpRequest) -> HttpResponse:
    """Own exports, and those of others in reach."""
    return render_list(request, PermitList())


@gated(services.VIEW)
@require_GET
def permit_detail(request: HttpRequest, reference: str) -> HttpResponse:
    """One permit: its state, its file while it lies there, who took it when."""
    permit = _visible(actor_of(request), reference)
    context = {
        "permit": permit,
        "level": _level(permit),
        "here": position(request),
        "downloads": list(permit.downloads.all()),
        "may_download": permit.is_ready and permit.requested_by_id == actor_of(request).user_id,
    }
    return render(request, "exports/permit.html", context)


@gated(services.ASK)
@require_POST
def permit_file(request: HttpRequest, reference: str) -> HttpResponse:
    """The file, once more proven against the rights of now."""
    permit = _visible(actor_of(request), reference)
    try:
        return _file(actor_of(request), permit)
    except DomainError as refusal:
        messages.error(request, str(refusal))
        return redirect(permit)


@gated(caps.VIEW_CAPS)
@require_http_methods(["GET", "HEAD", "POST"])
def cap_list(request: HttpRequest) -> HttpResponse:
    """How many rows each role may take on a person's own word; a security officer proposes another cap, a second one decides."""
    actor = actor_of(request)
    form = CapForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            asked = caps.propose_cap(actor=actor, **form.cleaned_data)
        except DomainError as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            messages.success(request, _("The change is proposed; another security officer decides."))
            return redirect("approvals:request", asked.reference)
    context = {"rows": caps.caps(actor=actor), "form": form, "may_change": may(actor, caps.PROPOSE)}
    return render(request, "exports/caps.html", context)


@gated(services.ASK)
@require_POST
def list_export(request: HttpRequest, name: str) -> HttpResponse:
    """The rows of a list as an Excel file, under the conditions of the page the reader was on."""
    query, definition = request.POST.get("query", ""), known(name)
    if definition is not None:  # a number typed in full is kept sealed, as the page would have sent it
        query = closed(definition(), actor_of(request), QueryDict(query)).urlencode()
    params = {"list": name, "of": request.POST.get("of", "")[:40], "query": query}
    return hand_out(request, source="list", params=params, back=own_page(request.POST.get("next", "")))


def hand_out(request: HttpRequest, *, source: str, params: Mapping[str, Any], back: str) -> HttpResponse:
    """Answer the form `exports/_ask.html`: the file where it is small, else the page of its permit; the page again with a sentence."""
    actor, form = actor_of(request), PurposeForm(request.POST)
    try:
        said = form.cleaned_data if form.is_valid() else {"purpose": "", "words": ""}
        permit = services.ask(actor=actor, source=source, params=params, **said)
        if permit.is_ready:
            return _file(actor, permit)
    except DomainError as refusal:
        messages.error(request, str(refusal))
        return redirect(back)
    waits = permit.state == State.ASKED
    messages.success(request, _("Another person decides on so many rows first.") if waits else _("The file is being made."))
    return redirect(permit)


def _file(actor: Actor, permit: ExportPermit) -> HttpResponse:
    file = services.download(actor=actor, permit=permit)
    response = HttpResponse(file.content, content_type=EXCEL)
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(file.filename)}"
    response["Cache-Control"] = "no-store"
    response["X-Content-Type-Options"] = "nosniff"
    return response


def _visible(actor: Actor, reference: str) -> ExportPermit:
    rows = ExportPermit.objects.defer("keys").select_related("requested_by", "approved_by")
    found: ExportPermit = get_visible(rows, actor, services.VIEW, reference=reference)
    return found
