"""Pages about customers."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from crm.access.errors import DomainError
from crm.access.gate import gated
from crm.access.services import actor_of, get_visible, may
from crm.lists.positions import position
from crm.lists.views import render_list
from crm.log import services as log
from customers import services
from customers.choices import labels_of
from customers.forms import SEALED, ChangeForm, CustomerForm, LabelsForm
from customers.models import Customer
from customers.services.labels import propose_labels
from customers.services.why import EXPLAIN
from customers.views.lists import CustomerList


@gated("customers.view_customer")
def customer_list(request: HttpRequest) -> HttpResponse:
    """List the customers one may see."""
    actor = actor_of(request)
    return render_list(
        request, CustomerList(), template="customers/customer_list.html", extra={"may_add": may(actor, "customers.add_customer")}
    )


@gated("customers.view_customer")
def customer_detail(request: HttpRequest, reference: str) -> HttpResponse:
    """Show one customer with everything the reader may see of it; looking is written in the log."""
    actor = actor_of(request)
    rows = Customer.objects.select_related("opening_branch", "manager", "figures", "data_key")
    with transaction.atomic():
        customer = get_visible(rows, actor, reference=reference)
        log.record(actor=actor, action="customer.viewed", target=customer)
    context = {
        "customer": customer,
        "here": position(request),
        "may_change": may(actor, "customers.change_customer", customer),
        "may_see_holds": bool(actor.reach("customers.view_hold")),
        "may_erase": bool(actor.reach("customers.ask_erasure")),
        "may_open_sign_in": customer.manager_id == actor.user_id and bool(actor.reach("customers.open_sign_in")),
        "may_stand_in": bool(actor.reach("customers.ask_standin")),
        "may_explain": bool(actor.reach(EXPLAIN)),
        "may_ask_who_looked": bool(actor.reach("audit.ask_question")),
        "may_label": bool(actor.reach("customers.label_customer")),
    }
    return render(request, "customers/customer.html", context)


@gated("customers.add_customer")
def customer_create(request: HttpRequest) -> HttpResponse:
    """Take in a new customer."""
    actor = actor_of(request)
    defaults = {"opening_branch": getattr(actor.user, "branch_id", None), "manager": actor.user_id}
    form = CustomerForm(request.POST or None, actor=actor, initial=defaults)
    if request.method == "POST" and form.is_valid():
        try:
            customer, proposed = services.create_customer(actor=actor, values=form.cleaned_data)
        except DomainError as refusal:
            form.add_error(refusal.field, str(refusal))
        else:
            waits = _("The customer is recorded. What you stated about levels and assignment waits for a second person.")
            messages.success(request, waits if proposed else _("The customer is recorded."))
            return redirect("customers:customer", reference=customer.reference)
    return render(request, "customers/customer_form.html", {"form": form})


@gated("customers.change_customer")
def customer_change(request: HttpRequest, reference: str) -> HttpResponse:
    """Change a customer; controlled fields wait for a second person."""
    actor = actor_of(request)
    customer = get_visible(Customer.objects.select_related("data_key"), actor, "customers.change_customer", reference=reference)
    form = ChangeForm(request.POST or None, actor=actor, customer=customer)
    if request.method == "POST" and form.is_valid():
        try:
            _customer, proposed = services.change_customer(
                actor=actor,
                customer=customer,
                version=form.cleaned_data["version"],
                values=form.changes(),
                reason=form.cleaned_data["reason"],
            )
        except DomainError as refusal:
            form.add_error(refusal.field, str(refusal))
        else:
            said = _("The change waits for a second person.") if proposed else _("The change is recorded.")
            messages.success(request, said)
            return redirect("customers:customer", reference=customer.reference)
    context = {"form": form, "customer": customer, "sealed": SEALED}
    return render(request, "customers/customer_form.html", context)


@gated("customers.label_customer")
def customer_labels(request: HttpRequest, reference: str) -> HttpResponse:
    """Propose the labels of a customer, which a second person decides."""
    actor = actor_of(request)
    customer = get_visible(Customer.objects.all(), actor, "customers.label_customer", reference=reference)
    form = LabelsForm(request.POST or None, initial={"labels": [label.value for label in labels_of(customer.labels)]})
    if request.method == "POST" and form.is_valid():
        try:
            asked = propose_labels(actor=actor, customer=customer, **form.cleaned_data)
        except DomainError as refusal:
            form.add_error(refusal.field if refusal.field in form.fields else None, str(refusal))
        else:
            messages.success(request, _("The labels wait for a second person."))
            return redirect("approvals:request", asked.reference)
    return render(request, "customers/customer_labels.html", {"form": form, "customer": customer})
