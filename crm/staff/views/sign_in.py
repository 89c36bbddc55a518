"""Signing in and out, the one-time token, language and colours."""

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.password_validation import password_validators_help_texts
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from crm.access.addresses import own_page
from crm.access.errors import DomainError
from crm.access.gate import ENDED, open_page, signed_in_page
from crm.access.services import actor_of
from crm.staff.choices import Theme
from crm.staff.forms import RedeemForm, SignInForm
from crm.staff.models import User
from crm.staff.services import devices
from crm.staff.services.people import choose
from crm.staff.services.second_factor import next_step
from crm.staff.services.sign_in import begin_sign_in, check_password, complete_sign_in, pending_person
from crm.staff.services.sign_in import sign_out as end_session
from crm.staff.services.tokens import redeem_token

NEXT = "next"
AFTER_SIGN_IN = "after_sign_in"


@open_page("the way in")
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    """Ask for number and password; one sentence for every failure."""
    if actor_of(request).is_signed_in:
        return redirect(_next_of(request))
    form = SignInForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        person = check_password(actor=actor_of(request), device=devices.read(request), **form.cleaned_data)
        if person is not None:
            begin_sign_in(request, person)
            request.session[AFTER_SIGN_IN] = _next_of(request)
            return go_on(request, person)
        form.add_error(None, _("Number or password are wrong, or the sign-in is locked for a while."))
    context = {"form": form, "next": request.POST.get(NEXT) or request.GET.get(NEXT, ""), "ended": request.GET.get(ENDED)}
    return render(request, "staff/sign_in.html", context)


@open_page("the way in, between password and second factor")
@require_http_methods(["GET", "HEAD"])
def half(request: HttpRequest) -> HttpResponse:
    """Lead somebody whose password was right to the step that is still owed."""
    person = pending_person(request)
    return go_on(request, person) if person is not None else redirect("staff:sign_in")


def go_on(request: HttpRequest, person: User) -> HttpResponse:
    """Return the way to the step that is still owed, or sign the person in; the pages of steps end with this."""
    step = next_step(request, person)
    if step:
        return redirect(step)
    target = request.session.pop(AFTER_SIGN_IN, None) or _next_of(request)
    complete_sign_in(request, person)
    return redirect(target)


def _next_of(request: HttpRequest) -> str:
    return own_page(request.POST.get(NEXT) or request.GET.get(NEXT) or "")


@open_page("the way out, also of a session that has ended")
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    """End the session."""
    if actor_of(request).is_signed_in:
        end_session(request)
        messages.success(request, _("You have signed out."))
    response = redirect("staff:sign_in")
    response.headers["Clear-Site-Data"] = '"storage"'  # what scripts may have kept; pages are never stored, and the language may stay
    return response


@open_page("whoever holds a one-time token has no password yet")
@sensitive_post_parameters("password", "repeated", "token")
@require_http_methods(["GET", "HEAD", "POST"])
def redeem(request: HttpRequest) -> HttpResponse:
    """Set a password with a one-time token."""
    form = RedeemForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            redeem_token(
                actor=actor_of(request),
                number=values["number"],
                token=values["token"],
                password=values["password"],
            )
        except DomainError as refused:
            form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        else:
            messages.success(request, _("The password is set. Sign in with it."))
            return redirect("staff:sign_in")
    context = {"form": form, "rules": password_validators_help_texts()}
    return render(request, "staff/redeem.html", context)


@open_page("the sign-in page has a language, too")
@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """Keep the chosen language: with the person, or in a cookie before sign-in."""
    response = redirect(_next_of(request))
    code = request.POST.get("language", "")
    if code not in dict(settings.LANGUAGES):
        return response
    actor = actor_of(request)
    if actor.is_signed_in:
        choose(actor=actor, person=actor.user, language=code)
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        code,
        max_age=365 * 24 * 3600,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
        samesite="Lax",
    )
    return response


@signed_in_page("everybody has the own colours", customers=True)
@require_POST
def theme(request: HttpRequest) -> HttpResponse:
    """Keep the chosen colours."""
    chosen = request.POST.get("theme", "")
    actor = actor_of(request)
    if chosen in Theme.values:
        choose(actor=actor, person=actor.user, theme=chosen)
    return redirect(_next_of(request))
