"""The search page, the unit of money, and the page that shows every component."""

from django.conf import settings
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from crm.access.addresses import own_page
from crm.access.gate import signed_in_page
from crm.access.services import actor_of
from crm.fields.budget import ProbesSpent, count_probe
from crm.lists import tokens
from crm.log import services as log
from crm.ui import search as searches
from crm.ui.forms import SearchForm, UnitForm
from crm.ui.search import Group, Query
from crm.ui.styleguide import samples

SHORTEST = 2


@signed_in_page("every provider shows only what its reader may see")
@require_http_methods(["GET", "POST"])
def search(request: HttpRequest) -> HttpResponse:
    """Everything that matches, grouped, each hit with the reason.

    The box posts, because a typed ID number must not stand in an address; the answer lies at an address that holds the text sealed.
    """
    form = SearchForm(request.POST if request.method == "POST" else request.GET)
    if not form.is_valid():
        context = {"groups": [], "problem": _("Type at most 80 characters: a name, a number, or a part of one.")}
        return render(request, "ui/search.html", context, status=400)
    if request.method == "POST" or Query.of(form.cleaned_data["q"]).is_private:
        sealed = tokens.seal("search", {"q": form.cleaned_data["q"], "u": actor_of(request).number})
        return redirect(f"{reverse('ui:search')}?s={sealed}")
    query = _query(request, form)
    if query is None:
        context = {"groups": [], "problem": _("This search was made by somebody else, or its address was cut off. Type it again.")}
        return render(request, "ui/search.html", context, status=400)
    try:
        groups = _find(request, query) if len(query) >= SHORTEST else []
    except ProbesSpent as refused:
        return render(request, "ui/search.html", {"groups": [], "problem": str(refused)}, status=429)
    return render(request, "ui/search.html", {"query": query, "groups": groups, "too_short": 0 < len(query) < SHORTEST})


def _query(request: HttpRequest, form: SearchForm) -> Query | None:
    if not form.cleaned_data["s"]:
        return Query.of(form.cleaned_data["q"])
    try:
        found = tokens.unseal("search", form.cleaned_data["s"])
    except tokens.BadToken:
        return None
    return Query.of(found["q"]) if found["u"] == actor_of(request).number else None


@transaction.atomic
def _find(request: HttpRequest, query: Query) -> list[Group]:
    if query.is_number:
        count_probe(actor_of(request))
    groups = searches.find(request.user, query)
    found = {group.kind: len(group.hits) for group in groups}
    log.record(actor=actor_of(request), action="search.made", data={"query": query.masked, "hits": found})
    return groups


@signed_in_page("how amounts are shown to oneself")
@require_POST
def unit(request: HttpRequest) -> HttpResponse:
    """Show amounts in 元 or in 万元 from now on, in this session."""
    form = UnitForm(request.POST)
    if not form.is_valid():
        return HttpResponseBadRequest(_("The unit is either yuan or wan."))
    request.session["unit"] = form.cleaned_data["unit"]
    return redirect(own_page(form.cleaned_data["next"]))


@signed_in_page("holds no data; only where the demo world may be")
def styleguide(request: HttpRequest) -> HttpResponse:
    """Every component in every state, with made-up values; absent in production."""
    if settings.ENV == "production":
        raise Http404
    return render(request, "ui/styleguide.html", samples())
