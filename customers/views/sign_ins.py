"""The page on which a relationship manager gives a customer her own way in, or takes it away."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from crm.access.actor import Actor
from crm.access.errors import DomainError
from crm.access.gate import gated
from crm.access.services import actor_of, get_visible
from customers.forms import SignInEndForm, SignInForm
from customers.models import Customer
from customers.services.sign_ins import OPEN, issue_sign_in, withdraw_sign_in


@gated(OPEN)
@require_http_methods(["GET", "HEAD", "POST"])
def customer_sign_in(request: HttpRequest, reference: str) -> HttpResponse:
    """Check, issue, and show the token once."""
    actor = actor_of(request)
    customer = _visible(actor, reference)
    form = SignInForm(request.POST or None)
    token = ""
    if request.method == "POST" and form.is_valid():
        try:
            token = issue_sign_in(actor=actor, customer=customer, **form.cleaned_data)
        except DomainError as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            customer, form = _visible(actor, reference), SignInForm()
    return _page(request, customer, form=form, token=token)


@gated(OPEN)
@require_POST
def customer_sign_in_end(request: HttpRequest, reference: str) -> HttpResponse:
    """Switch the sign-in off."""
    actor = actor_of(request)
    customer = _visible(actor, reference)
    form = SignInEndForm(request.POST)
    if not form.is_valid():
        return _page(request, customer, end_form=form, status=400)
    try:
        withdraw_sign_in(actor=actor, customer=customer, **form.cleaned_data)
        messages.success(request, _("The sign-in is switched off."))
    except DomainError as refusal:
        messages.error(request, str(refusal))
    return redirect("customers:sign_in", reference=reference)


def _page(request: HttpRequest, customer: Customer, *, status: int = 200, token: str = "", **forms: Any) -> HttpResponse:
    checks = customer.identity_checks.select_related("checked_by")
    context = {"customer": customer, "token": token, "checks": checks, "form": SignInForm(), "end_form": SignInEndForm(), **forms}
    return render(request, "customers/sign_in.html", context, status=status)


def _visible(actor: Actor, reference: str) -> Customer:
    found: Customer = get_visible(Customer.objects.select_related("sign_in"), actor, OPEN, reference=reference)
    return found
