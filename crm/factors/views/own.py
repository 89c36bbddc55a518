"""One's own second factors."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm.access.errors import DomainError, NotVisible
from crm.access.gate import signed_in_page
from crm.access.services import actor_of, require_step_up
from crm.factors.forms import ConfirmForm, NameForm
from crm.factors.models import Factor
from crm.factors.pictures import picture
from crm.factors.secrets import spoken
from crm.factors.services.enrolment import begin_app, confirm_app, secret_of
from crm.factors.services.half import SETTING_UP
from crm.factors.services.own import own_factor, remove_factor, rename_factor
from crm.factors.services.passkeys import add_passkey
from crm.factors.services.recovery import FEW, codes_left, make_recovery_codes
from crm.factors.views.passkeys import ADD, answer_of, challenge_of, offer_to_add

OWN = "everybody has the own second factors"


@signed_in_page(OWN)
@require_safe
def own(request: HttpRequest) -> HttpResponse:
    """Show the own factors and how many recovery codes are left."""
    return _page(request)


def _page(request: HttpRequest, codes: list[str] | None = None) -> HttpResponse:
    person = actor_of(request).user
    rows = [
        (one, NameForm(initial={"name": one.name}, auto_id=f"{one.reference}_%s")) for one in Factor.objects.confirmed().filter(user=person)
    ]
    left = codes_left(person)
    return render(request, "factors/own.html", {"rows": rows, "left": left, "few": left <= FEW, "codes": codes, "removable": len(rows) > 1})


@signed_in_page(OWN)
@require_http_methods(["GET", "HEAD", "POST"])
def add_a_passkey(request: HttpRequest) -> HttpResponse:
    """Add a passkey: the page asks the browser, the browser the device."""
    actor = actor_of(request)
    if request.method == "POST":
        challenge, name = challenge_of(request, ADD), request.POST.get("name", "")
        try:
            add_passkey(actor=actor, person=actor.user, challenge=challenge, answer=answer_of(request), name=name, first=False)
        except DomainError as refused:
            messages.error(request, str(refused))
        else:
            messages.success(request, _("The passkey is added."))
            return redirect("factors:own")
    # Asked for now: an answer would be lost on the way through the step-up.
    require_step_up(actor)
    return render(request, "factors/add_passkey.html", {"passkey": offer_to_add(request, actor.user), "verb": "add"})


@signed_in_page(OWN)
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
def add_app(request: HttpRequest) -> HttpResponse:
    """Add another code app."""
    actor = actor_of(request)
    if request.method == "POST" and "begin" in request.POST:
        request.session[SETTING_UP] = begin_app(actor=actor, person=actor.user, first=False).reference
        return redirect("factors:add_app")
    form = ConfirmForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            reference = request.session.get(SETTING_UP, "")
            confirm_app(actor=actor, person=actor.user, reference=reference, code=form.cleaned_data["code"], first=False)
        except DomainError as refused:
            form.add_error("code", str(refused))
        else:
            request.session.pop(SETTING_UP, None)
            messages.success(request, _("The code app is added."))
            return redirect("factors:own")
    factor = _being_set_up(request)
    return render(request, "factors/add_app.html", {"form": form, "secret": spoken(secret_of(factor)) if factor else ""})


def _being_set_up(request: HttpRequest) -> Factor | None:
    """The app that this browser is setting up; seeing its secret is as sensitive as adding it."""
    actor = actor_of(request)
    found = Factor.objects.being_set_up().filter(user=actor.user, reference=request.session.get(SETTING_UP, "")).first()
    if found is not None:
        require_step_up(actor)
    return found


@signed_in_page(OWN)
@require_safe
def add_picture(request: HttpRequest) -> HttpResponse:
    """Return the picture that the new app scans."""
    factor = _being_set_up(request)
    if factor is None:
        raise NotVisible("page", detail=request.path)
    return HttpResponse(picture(secret_of(factor), actor_of(request).number), content_type="image/svg+xml")


@signed_in_page(OWN)
@require_POST
def rename(request: HttpRequest, reference: str) -> HttpResponse:
    """Call an own factor by another name."""
    actor, form = actor_of(request), NameForm(request.POST)
    own_factor(actor=actor, reference=reference)  # somebody else's is not there, whatever was typed
    if form.is_valid():
        rename_factor(actor=actor, reference=reference, name=form.cleaned_data["name"])
        messages.success(request, _("The name is changed."))
    else:
        messages.error(request, _("Give a name of at most 60 characters."))
    return redirect("factors:own")


@signed_in_page(OWN)
@require_POST
def remove(request: HttpRequest, reference: str) -> HttpResponse:
    """Remove an own factor."""
    try:
        remove_factor(actor=actor_of(request), reference=reference)
    except DomainError as refused:
        messages.error(request, str(refused))
    else:
        messages.success(request, _("The second factor is removed. It opens nothing any more."))
    return redirect("factors:own")


@signed_in_page(OWN)
@require_POST
def recovery(request: HttpRequest) -> HttpResponse:
    """Make ten new recovery codes and show them on this answer only."""
    return _page(request, make_recovery_codes(actor=actor_of(request)))
