"""Before a sensitive act: the second factor once more, then on with what was begun."""

from http import HTTPStatus
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.encoding import iri_to_uri
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods

from crm.access.addresses import own_page
from crm.access.errors import DomainError
from crm.access.gate import signed_in_page
from crm.access.services import actor_of
from crm.factors.choices import Purpose
from crm.factors.forms import StepUpForm
from crm.factors.services.codes import has_factor, show_code
from crm.factors.services.half import stepped_up
from crm.factors.services.passkeys import PasskeyRefused, show_passkey
from crm.factors.views.passkeys import FIELD, SHOW, answer_of, challenge_of, offer_to_show

OWN = ("csrfmiddlewaretoken", StepUpForm.FIELD, FIELD)
MOST = 200_000
"""So many letters of a form are carried through the page; the largest form of the product has a tenth of it."""


@signed_in_page("everybody shows the own second factor")
@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def step_up(request: HttpRequest) -> HttpResponse:
    """Ask for the second factor; a form that was on its way comes in here, waits in the page, and goes on unchanged."""
    actor = actor_of(request)
    kept, whole = _kept(request)
    back = _back(request) if whole else _page_of(request)
    form = StepUpForm(request.POST if StepUpForm.FIELD in request.POST or answer_of(request) else None)
    if form.is_bound and _has_shown(request, form):
        stepped_up(request)
        return _on(back, request)
    again = {"again": "1"} if request.method == "POST" and ("again" in request.GET or not form.is_bound) and whole else {}
    action = f"{reverse('factors:step_up')}?{urlencode({'next': back, **again})}"
    context = {"form": form, "kept": kept if whole else [], "whole": whole, "action": action, "has_factor": has_factor(actor.user)}
    passkey = {"passkey": offer_to_show(request, actor.user), "verb": "show"}
    return render(request, "factors/step_up.html", {**context, **passkey, "back": _page_of(request)})


def _has_shown(request: HttpRequest, form: StepUpForm) -> bool:
    actor = actor_of(request)
    if answer_of(request):
        challenge, answer = challenge_of(request, SHOW), answer_of(request)
        if show_passkey(actor=actor, person=actor.user, challenge=challenge, answer=answer, purpose=Purpose.STEP_UP) is not None:
            return True
        form.add_error(form.FIELD, str(PasskeyRefused.message))
        return False
    if not form.is_valid():
        return False
    try:
        if show_code(actor=actor, person=actor.user, code=form.cleaned_data[form.FIELD], purpose=Purpose.STEP_UP) is not None:
            return True
    except DomainError as refused:
        form.add_error(form.FIELD, str(refused))
    else:
        form.add_error(form.FIELD, _("This code does not fit, or has been used. Wait for the next one."))
    return False


def _on(back: str, request: HttpRequest) -> HttpResponse:
    if "again" not in request.GET:
        return redirect(back)
    # The browser sends the same form once more, to where it was going.
    return HttpResponse(status=HTTPStatus.TEMPORARY_REDIRECT, headers={"Location": iri_to_uri(back)})


def _back(request: HttpRequest) -> str:
    place = own_page(request.GET.get("next", ""))
    return "/" if place.startswith(reverse("factors:step_up")) else place


def _page_of(request: HttpRequest) -> str:
    """The page whose form was sent, to go back to."""
    here = request.build_absolute_uri("/")
    place = request.headers.get("Referer", "")
    return own_page("/" + place.removeprefix(here)) if place.startswith(here) else "/"


def _kept(request: HttpRequest) -> tuple[list[tuple[str, Any]], bool]:
    """What was typed, as hidden fields, and whether that is all of it: no files, no passwords, no endless texts."""
    pairs = [(name, value) for name, values in request.POST.lists() if name not in OWN for value in values]
    secret = any("password" in name for name, _value in pairs)
    whole = not request.FILES and not secret and sum(len(name) + len(str(value)) for name, value in pairs) <= MOST
    return pairs, whole
