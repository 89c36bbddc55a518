"""Pages about accounts."""

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _

from crm.access.errors import DomainError
from crm.access.gate import gated
from crm.access.services import actor_of, get_visible, may
from crm.approvals.models import ChangeRequest
from crm.calendar.services import today
from crm.log import services as log
from customers.models import Customer
from products import services
from products.forms import AccountChangeForm, AccountForm
from products.models import Account, Freeze
from products.services.accounts import CHANGE


@gated("products.view_account")
def account_detail(request: HttpRequest, reference: str) -> HttpResponse:
    """Show one account; looking is written in the log."""
    actor = actor_of(request)
    rows = Account.objects.select_related("customer", "branch", "data_key")
    with transaction.atomic():
        account = get_visible(rows, actor, reference=reference)
        log.record(actor=actor, action="account.viewed", target=account)
    freezes = Freeze.objects.visible_to(actor).filter(customer=account.customer, account__in=[account, None])
    on_customer = Freeze.objects.visible_to(actor).filter(customer=account.customer, account=None)
    waiting = ChangeRequest.objects.filter(kind=CHANGE, target_ref=account.reference, state="proposed").first()
    context = {
        "account": account,
        "waiting": waiting,
        "reports": account.balance_reports.order_by("-reported_at")[:20],
        "freezes": (freezes | on_customer).select_related("account").order_by("-placed_at"),
        "may_change": waiting is None and may(actor, "products.change_account", account),
        "may_freeze": may(actor, "products.place_freeze", account),
    }
    return render(request, "products/account.html", context)


@gated("products.add_account")
def account_open(request: HttpRequest, reference: str) -> HttpResponse:
    """Record an account of a customer."""
    actor = actor_of(request)
    customer = get_visible(Customer.objects.all(), actor, "products.add_account", reference=reference)
    initial = {"holder_name": customer.name, "branch": customer.opening_branch_id, "opened_at": today()}
    form = AccountForm(request.POST or None, customer=customer, initial=initial)
    if request.method == "POST" and form.is_valid():
        cleaned = dict(form.cleaned_data)
        new = services.NewAccount(branch_id=cleaned.pop("branch").pk, **cleaned)
        try:
            account = services.open_account(actor=actor, customer=customer, new=new)
        except DomainError as refusal:
            form.add_error(refusal.field, str(refusal))
        else:
            messages.success(request, _("The account is recorded."))
            return redirect("products:account", reference=account.reference)
    context = {"form": form, "customer": customer}
    return render(request, "products/account_form.html", context)


@gated("products.change_account")
def account_change(request: HttpRequest, reference: str) -> HttpResponse:
    """Ask a second person to take over the core's status or type."""
    actor = actor_of(request)
    rows = Account.objects.select_related("customer")
    account = get_visible(rows, actor, "products.change_account", reference=reference)
    form = AccountChangeForm(request.POST or None, account=account)
    if request.method == "POST" and form.is_valid():
        try:
            services.ask_to_change(actor=actor, account=account, **form.cleaned_data)
        except DomainError as refusal:
            form.add_error(refusal.field, str(refusal))
        else:
            messages.success(request, _("The change waits for a second person."))
            return redirect("products:account", reference=reference)
    context = {"form": form, "account": account, "customer": account.customer}
    return render(request, "products/account_form.html", context)
