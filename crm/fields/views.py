"""Seeing a sealed value in full: one click where the policy asks no reason, else a reason first."""

from datetime import timedelta
from typing import Any, cast
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_http_methods

from crm.access.addresses import own_page
from crm.access.gate import signed_in_page
from crm.access.scopes import ScopedQuerySet
from crm.access.services import actor_of, get_visible, require, require_step_up
from crm.fields import services
from crm.fields.budget import BudgetSpent
from crm.fields.errors import SealBroken
from crm.fields.forms import RevealForm

SHOWN_FOR = timedelta(seconds=60)


@signed_in_page("each sealed field has its own permission, which the view and the service ask for")
@require_http_methods(["GET", "POST"])
def reveal(request: HttpRequest, label: str, reference: str) -> HttpResponse:
    """GET: the reason form, or the mask again with ``?cancel``. POST: the value, once, logged."""
    try:
        model, field, policy = services.field_by_label(label)
    except services.NotRevealable:
        raise Http404 from None
    actor = actor_of(request)
    require(actor, policy.permission)
    rows: ScopedQuerySet[Any] = cast(ScopedQuerySet[Any], model._default_manager.all())
    obj = get_visible(rows, actor, policy.permission, reference=reference)
    context: dict[str, Any] = {
        "obj": obj,
        "label": label,
        "reference": reference,
        "name": policy.name,
        "purpose": policy.purpose,
        "sealed": getattr(obj, field.name),
        "asks_reason": policy.asks_reason(actor),
        "back": _back(request),
    }
    if request.method == "GET":
        state = "masked" if "cancel" in request.GET else "asking"
        return _answer(request, {**context, "state": state, "form": RevealForm()})
    if policy.step_up:
        require_step_up(actor)  # before a reason is typed
    form = RevealForm(request.POST)
    if context["asks_reason"] and "reason" not in request.POST:  # the click; the reason comes next
        return _answer(request, {**context, "state": "asking", "form": RevealForm()})
    if context["asks_reason"] and not form.is_valid():
        return _answer(request, {**context, "state": "asking", "form": form}, status=422)
    reason = form.cleaned_data["reason"] if context["asks_reason"] else request.POST.get("reason", "")[:200]
    try:
        context["clear"] = services.reveal(actor=actor, obj=obj, field=field.name, reason=reason)
    except BudgetSpent as refused:
        return _answer(request, {**context, "state": "broken", "problem": str(refused)}, status=429)
    except SealBroken as broken:
        return _answer(request, {**context, "state": "broken", "problem": str(broken)}, status=409)
    return _revealed(request, context)


def _revealed(request: HttpRequest, context: dict[str, Any]) -> HttpResponse:
    answer = _answer(request, {**context, "state": "revealed", "until": timezone.now() + SHOWN_FOR})
    # Without JavaScript the browser itself goes back to the masked value; with it the fragment asks for the mask.
    answer["Refresh"] = f"{int(SHOWN_FOR.total_seconds())};url={request.path}?{urlencode({'cancel': '1', 'back': context['back']})}"
    return answer


def _answer(request: HttpRequest, context: dict[str, Any], status: int = 200) -> HttpResponse:
    if request.headers.get("HX-Request"):
        response = render(request, "fields/_sealed.html", context)  # htmx swaps answers of 200 only
    else:
        response = render(request, "fields/reveal.html", context, status=status)
    response["Cache-Control"] = "no-store"
    return response


def _back(request: HttpRequest) -> str:
    place = request.POST.get("back") or request.GET.get("back") or ""
    return own_page(place, "")
