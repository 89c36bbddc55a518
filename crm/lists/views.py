"""The page of any list, and the small verbs around it."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from crm.access.addresses import own_page
from crm.access.errors import DomainError, NotVisible
from crm.access.gate import signed_in_page
from crm.access.looks import asked_for
from crm.access.services import actor_of, may
from crm.lists import formats, keyset, services
from crm.lists.columns import Column
from crm.lists.counts import UNBEARABLE, Count, Plan, bare, count, planned
from crm.lists.definitions import ListDefinition, known, with_query
from crm.lists.errors import BadParameters
from crm.lists.requests import Asked
from crm.lists.rows import rows_of
from crm.lists.sealing import closed, sealed_address, spoken
from crm.lists.terms import Query


@dataclass(frozen=True)
class Head:
    """A column's head: its sort links and state."""

    column: Column
    url: str
    state: str


def render_list(
    request: HttpRequest, definition: ListDefinition, template: str = "lists/page.html", extra: dict[str, Any] | None = None
) -> HttpResponse:
    """The list page: 200, or 400 with sentences when the address does not fit. Asserts the list's permission."""
    definition.require(actor_of(request))
    if address := sealed_address(request, definition):
        return redirect(address)
    try:
        asked = Asked(definition, actor_of(request), request.GET, request.path)
        context = page_of(asked, unit_of(request))
    except BadParameters as error:
        bad = {"definition": definition, "sentences": error.sentences, "clean_url": request.path}
        return render(request, "lists/bad_parameters.html", bad, status=400)
    asked_for(definition.name, {name: Query.of(value).masked[:200] for name, value in spoken(request).items() if name != "at"})
    context["views"] = services.views_of(actor_of(request), definition.name)
    context["may_export"] = bool(definition.export_permission) and may(actor_of(request), definition.export_permission)
    return render(request, template, {**context, **(extra or {})})


def unit_of(request: HttpRequest) -> str:
    """The reader's unit of money."""
    unit = getattr(request, "session", {}).get("unit", formats.YUAN)
    return unit if unit in formats.UNITS else formats.YUAN


def page_of(asked: Asked, unit: str) -> dict[str, Any]:
    """Everything the list template shows: rows, heads, conditions, count, pager."""
    place, size = asked.place(), asked.size
    plan = planned(bare(asked.rows))
    _bear(asked, plan)
    found = keyset.read(asked.rows, asked.keys, size, place.values if place else None, place.backwards if place else False)
    if not found.rows and place is not None:
        place, found = None, keyset.read(asked.rows, asked.keys, size, None, backwards=False)
    # What stands on one page needs no counting.
    total = count(asked.rows, plan) if found.has_next or found.has_previous else Count(len(found.rows))
    offset = _offset(place.offset if place else 0, found, total)
    return {
        "definition": asked.definition,
        "asked": asked,
        "heads": [_head(asked, column) for column in asked.columns],
        "rows": rows_of(asked, found.rows, unit),
        "total": total,
        "first": offset + 1,
        "last": offset + len(found.rows),
        "pager": _pager(asked, found, total, offset, size),
        "filters": [{"filter": one, "fields": asked.fields_of(one.name)} for one in asked.definition.filters],
        "presets": _presets(asked),
        "conditions": asked.in_words,
        "unit": unit,
        "query_string": asked.address().partition("?")[2],
    }


def _bear(asked: Asked, plan: Plan) -> None:
    """Refuse an order or conditions for which no index helps among very many rows; the list as it opens is always read."""
    if plan.cost <= UNBEARABLE / 2 or not (asked.sort or asked.applied):
        return
    page = keyset.ordered(asked.rows.select_related(None), asked.keys).values("pk")[: asked.size + 1]
    if planned(page).cost > UNBEARABLE:
        raise BadParameters(
            [_("Too many rows would have to be read for this. Narrow the list first, by days or by a customer for example.")]
        )


def _offset(offset: int, found: keyset.Slice, total: Count) -> int:
    if not found.has_previous:
        return 0
    if not found.has_next and not total.about:
        return max(total.number - len(found.rows), 0)
    return max(offset, 1)


def _pager(asked: Asked, found: keyset.Slice, total: Count, offset: int, size: int) -> dict[str, str]:
    rows = found.rows
    return {
        "first": asked.address() if found.has_previous else "",
        "previous": asked.page_address(rows[0], True, max(offset - size, 0)) if found.has_previous and rows else "",
        "next": asked.page_address(rows[-1], False, offset + len(rows)) if found.has_next and rows else "",
        "last": asked.page_address(None, True, max(total.number - size, 0)) if found.has_next else "",
    }


def _head(asked: Asked, column: Column) -> Head:
    if not column.sort_paths:
        return Head(column, "", "")
    effective = _effective(asked)
    state = {column.name: "ascending", f"-{column.name}": "descending"}.get(effective, "")
    # Figures and times are mostly asked for the greatest first, words from the beginning.
    first = f"-{column.name}" if column.right or column.kind in ("date", "moment") else column.name
    second = column.name if first.startswith("-") else f"-{column.name}"
    # The order as the list opens, then the other way round, then as it opens: no click goes where the reader is.
    following = second if effective == first else "" if asked.sort == second else first
    return Head(column, asked.address(sort=following), state)


def _effective(asked: Asked) -> str:
    return asked.sort or (str(asked.definition.default_sort[0]) if asked.definition.default_sort else "")


def _presets(asked: Asked) -> list[dict[str, Any]]:
    now = {name: values for name, values in asked.conditions.items() if name not in ("sort", "columns", "size")}
    shown = []
    for preset in asked.definition.presets:
        wanted = {name: [value] for name, value in preset.parameters.items() if value}
        kept = {name: values for name, values in asked.conditions.items() if name in ("sort", "columns", "size")}
        query = QueryDict("", mutable=True)
        for name, values in {**kept, **wanted}.items():
            query.setlist(name, values)
        shown.append({"label": preset.label, "pressed": now == wanted, "url": f"{asked.path}?{query.urlencode()}" if query else asked.path})
    return shown


def _definition(request: HttpRequest, name: str) -> ListDefinition:
    found = known(name)
    if found is None:
        raise NotVisible("lists.view_list", detail=name[:80])
    return found(request.POST.get("of", "")[:40])


def _back(request: HttpRequest) -> str:
    return own_page(request.POST.get("next", ""))


@signed_in_page("leads on to the list, which asks for its own permission")
@require_POST
def list_show(request: HttpRequest, name: str) -> HttpResponse:
    """On to the list under the conditions typed: they are posted, because a typed number must not stand in an address."""
    typed = request.POST.copy()
    path = _back(request)
    for own in ("next", "of", "csrfmiddlewaretoken"):
        typed.pop(own, None)
    conditions = closed(_definition(request, name), actor_of(request), typed)
    return redirect(with_query(path.partition("?")[0], {key: [v for v in values if v] for key, values in conditions.lists()}))


@signed_in_page("a saved view belongs to the reader alone")
@require_POST
def view_save(request: HttpRequest, name: str) -> HttpResponse:
    """Keep the conditions of a list under a name."""
    definition = _definition(request, name)
    try:
        label, query = request.POST.get("label", ""), request.POST.get("query", "")
        services.save_view(actor=actor_of(request), definition=definition, label=label, query=query)
        messages.success(request, _("The view is saved. Only you see it."))
    except DomainError as error:
        messages.error(request, str(error))
    return redirect(_back(request))


@signed_in_page("a saved view belongs to the reader alone")
@require_POST
def view_delete(request: HttpRequest, name: str) -> HttpResponse:
    """Forget a saved view."""
    services.delete_view(actor=actor_of(request), definition=_definition(request, name), reference=request.POST.get("reference", ""))
    messages.success(request, _("The view is removed."))
    return redirect(_back(request))
