"""Pages about partner systems: their terms and secrets, proposed by one security officer and approved by another."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm.access.errors import DomainError
from crm.access.gate import gated
from crm.access.services import actor_of, get_visible, may
from crm.approvals.choices import State
from crm.approvals.models import ChangeRequest
from crm.staff.forms import ClientForm, EndForm, OffForm, SecretForm, TermsForm
from crm.staff.models import ServiceClient
from crm.staff.services import clients as services


@gated("staff.view_serviceclient")
@require_http_methods(["GET", "HEAD", "POST"])
def client_list(request: HttpRequest) -> HttpResponse:
    """Show the partner systems; an officer adds one, which may do nothing yet."""
    actor = actor_of(request)
    form = ClientForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            added = services.add_partner(actor=actor, **form.cleaned_data)
        except DomainError as refused:
            form.add_error(refused.field if refused.field in form.fields else None, str(refused))
        else:
            return redirect("staff:client", added.code)
    rows = ServiceClient.objects.visible_to(actor)
    return render(request, "staff/client_list.html", {"clients": rows, "form": form, "may_change": may(actor, services.PROPOSE)})


def _client(request: HttpRequest, code: str) -> ServiceClient:
    return get_visible(ServiceClient.objects.all(), actor_of(request), "staff.view_serviceclient", code=code)


@gated("staff.view_serviceclient")
@require_safe
def client(request: HttpRequest, code: str) -> HttpResponse:
    """Show one partner system: its terms, and which secrets stand."""
    return _page(request, _client(request, code))


def _page(request: HttpRequest, found: ServiceClient, **more: Any) -> HttpResponse:
    actor = actor_of(request)
    pending = ChangeRequest.objects.visible_to(actor).filter(state=State.PROPOSED, target_type="staff.serviceclient", target_id=found.pk)
    context = {
        "client": found,
        "secrets": found.secrets.select_related("issued_by").order_by("-pk"),
        "pending": pending,
        "may_change": may(actor, services.PROPOSE),
        "terms_form": TermsForm.of(found),
        "secret_form": SecretForm(auto_id="id_secret_%s"),
        "off_form": OffForm(auto_id="id_off_%s"),
        "end_form": EndForm(auto_id="id_end_%s"),
        **more,
    }
    return render(request, "staff/client.html", context)


@gated(services.PROPOSE)
@require_POST
def client_terms(request: HttpRequest, code: str) -> HttpResponse:
    """Propose other terms; they are also how a partner is switched on."""
    found = _client(request, code)
    form = TermsForm(request.POST, auto_id="id_terms_%s")
    if form.is_valid():
        try:
            asked = services.ask_for_terms(actor=actor_of(request), client=found, terms=form.terms(), reason=form.cleaned_data["reason"])
        except DomainError as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("The change is proposed; another security officer decides."))
            return redirect("approvals:request", asked.reference)
    return _page(request, found, terms_form=form)


@gated(services.PROPOSE)
@require_POST
def client_secret(request: HttpRequest, code: str) -> HttpResponse:
    """Propose a secret; its first half is shown on this answer only."""
    found = _client(request, code)
    form = SecretForm(request.POST, auto_id="id_secret_%s")
    if form.is_valid():
        try:
            _asked, half = services.ask_for_secret(actor=actor_of(request), client=found, **form.cleaned_data)
        except DomainError as refused:
            form.add_error(None, str(refused))
        else:
            messages.success(request, _("The change is proposed; another security officer decides."))
            return _page(request, found, half=half)
    return _page(request, found, secret_form=form)


@gated(services.PROPOSE)
@require_POST
def client_end(request: HttpRequest, code: str) -> HttpResponse:
    """End one secret at once."""
    found = _client(request, code)
    form = EndForm(request.POST, auto_id="id_end_%s")
    if not form.is_valid():
        return _page(request, found, end_form=form)
    services.end_secret(actor=actor_of(request), client=found, **form.cleaned_data)
    messages.success(request, _("The secret is ended."))
    return redirect("staff:client", code)


@gated(services.PROPOSE)
@require_POST
def client_off(request: HttpRequest, code: str) -> HttpResponse:
    """Switch the partner off at once."""
    found = _client(request, code)
    form = OffForm(request.POST, auto_id="id_off_%s")
    if not form.is_valid():
        return _page(request, found, off_form=form)
    services.switch_off_partner(actor=actor_of(request), client=found, **form.cleaned_data)
    messages.success(request, _("The partner system is switched off."))
    return redirect("staff:client", code)
