"""One's own sessions and password."""

from django.contrib import messages
from django.contrib.auth.password_validation import password_validators_help_texts
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm.access.errors import DomainError
from crm.access.gate import signed_in_page
from crm.access.services import actor_of, require_step_up
from crm.staff.forms import PasswordForm
from crm.staff.services import sessions as services
from crm.staff.services.passwords import change_own, is_due

OWN = "everybody has own sessions and an own password"


@signed_in_page(OWN)
@require_safe
def sessions(request: HttpRequest) -> HttpResponse:
    """Show where one is signed in, since when, and when something was last done there."""
    return render(request, "staff/sessions.html", {"rows": services.own_sessions(actor=actor_of(request))})


@signed_in_page(OWN)
@require_POST
def session_end(request: HttpRequest, reference: str) -> HttpResponse:
    """End one of the own sessions."""
    services.end_own(actor=actor_of(request), reference=reference)
    messages.success(request, _("The session is ended."))
    return redirect("staff:sessions")


@signed_in_page(OWN)
@require_POST
def sessions_end_others(request: HttpRequest) -> HttpResponse:
    """End every own session but this one."""
    services.end_others(actor=actor_of(request))
    messages.success(request, _("All other sessions are ended."))
    return redirect("staff:sessions")


@signed_in_page(OWN)
@sensitive_post_parameters("current", "password", "repeated")
@require_http_methods(["GET", "HEAD", "POST"])
def password(request: HttpRequest) -> HttpResponse:
    """Change the own password; the second factor is asked for before anything is typed."""
    actor = actor_of(request)
    require_step_up(actor)
    form = PasswordForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            change_own(request, current=form.cleaned_data["current"], password=form.cleaned_data["password"])
        except DomainError as refused:
            form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        else:
            messages.success(request, _("The password is changed. All other sessions are ended."))
            return redirect("staff:home")
    context = {"form": form, "rules": password_validators_help_texts(), "due": is_due(actor.user)}
    return render(request, "staff/password.html", context)
