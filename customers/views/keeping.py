"""Legal holds on a customer, and asking that a customer be forgotten."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from crm.access.errors import DomainError
from crm.access.gate import gated
from crm.access.services import actor_of, get_visible
from customers.forms import HoldForm, ReasonForm
from customers.models import Customer, LegalHold
from customers.services import keeping


@gated("customers.view_hold")
def customer_holds(request: HttpRequest, reference: str) -> HttpResponse:
    """Show the holds on a customer, and take in a new one."""
    actor = actor_of(request)
    customer = get_visible(Customer.objects.all(), actor, "customers.view_hold", reference=reference)
    form = HoldForm(request.POST or None, accounts=keeping.accounts_of(customer))
    if request.method == "POST" and form.is_valid():
        try:
            keeping.place_hold(actor=actor, customer=customer, **form.cleaned_data)
        except DomainError as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            messages.success(request, _("The hold stands: nothing of it is erased or purged until two people lift it."))
            return redirect("customers:customer_holds", reference=reference)
    holds = LegalHold.objects.visible_to(actor, "customers.view_hold").filter(customer=customer).order_by("-pk")
    context = {
        "form": form if actor.reach(keeping.PLACE_HOLD) else None,
        "customer": customer,
        "holds": holds,
        "may_lift": bool(actor.reach(keeping.ASK_LIFT)),
    }
    return render(request, "customers/customer_holds.html", context)


@gated("customers.ask_lift_hold")
def hold_lift(request: HttpRequest, reference: str) -> HttpResponse:
    """Ask to lift a hold, which a second person decides."""
    actor = actor_of(request)
    rows = LegalHold.objects.select_related("customer")
    hold = get_visible(rows, actor, keeping.ASK_LIFT, reference=reference)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            asked = keeping.ask_lift_hold(actor=actor, hold=hold, **form.cleaned_data)
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Lifting the hold waits for a second person."))
            return redirect("approvals:request", asked.reference)
    return render(request, "customers/hold_lift.html", {"form": form, "hold": hold, "customer": hold.customer})


@gated("customers.ask_erasure")
def customer_erase(request: HttpRequest, reference: str) -> HttpResponse:
    """Ask that a customer be forgotten, which a second person decides."""
    actor = actor_of(request)
    customer = get_visible(Customer.objects.select_related("data_key"), actor, keeping.ASK_ERASURE, reference=reference)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            asked = keeping.ask_erasure(actor=actor, customer=customer, **form.cleaned_data)
        except DomainError as refusal:
            form.add_error(None, str(refusal))
        else:
            messages.success(request, _("Erasing the customer waits for a second person."))
            return redirect("approvals:request", asked.reference)
    return render(request, "customers/customer_erase.html", {"form": form, "customer": customer})
