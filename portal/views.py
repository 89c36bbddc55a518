"""The customer's own pages. Nothing here writes but the line that says who looked."""

from typing import Any

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from crm.access.errors import NotVisible
from crm.access.gate import gated
from crm.access.pages import error_page
from crm.access.services import actor_of
from crm.log import services as log
from crm.log.models import Event
from customers.models import Customer
from portal.choices import NOT_CARRIED_OUT, TOLD
from portal.forms import PageForm
from products.models import Account
from transactions.models import Transaction
from transactions.services import balances
from transactions.views.lists import counterparty

OWN = "portal.view_own"
SIZE = 50
SIGN_INS = 20


def _page(request: HttpRequest, name: str, customer: Customer, **context: Any) -> HttpResponse:
    with transaction.atomic():
        log.record(actor=actor_of(request), action="portal.viewed", target=customer, data={"page": name})
    return render(request, f"portal/{name}.html", {"customer": customer, **context})


def _customer(request: HttpRequest) -> Customer:
    actor = actor_of(request)
    rows = Customer.objects.visible_to(actor).select_related("opening_branch", "manager", "data_key")
    found: Customer | None = rows.filter(sign_in_id=actor.user_id).first()
    if found is None:
        raise NotVisible(OWN)
    return found


@gated(OWN, customers=True)
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show what is recorded of the customer herself; numbers masked as everywhere."""
    return _page(request, "home", _customer(request))


@gated(OWN, customers=True)
@require_safe
def accounts(request: HttpRequest) -> HttpResponse:
    """Show the own accounts with their balances."""
    customer = _customer(request)
    rows = list(_accounts(request, customer))
    found = balances([row.pk for row in rows])
    return _page(request, "accounts", customer, accounts=[(row, found.get(row.pk)) for row in rows])


@gated(OWN, customers=True)
@require_safe
def products(request: HttpRequest) -> HttpResponse:
    """Show what the customer holds, by type."""
    customer = _customer(request)
    return _page(request, "products", customer, accounts=list(_accounts(request, customer)))


def _accounts(request: HttpRequest, customer: Customer) -> Any:
    return Account.objects.visible_to(actor_of(request)).filter(customer=customer).select_related("data_key").order_by("opened_at", "pk")


@gated(OWN, customers=True)
@require_safe
def transactions(request: HttpRequest) -> HttpResponse:
    """Show the own transactions, the newest first, and of each no more than four words say."""
    customer, form = _customer(request), PageForm(request.GET)
    if not form.is_valid():
        return error_page(request, 400)
    page = form.cleaned_data["page"] or 1
    rows = Transaction.objects.visible_to(actor_of(request)).filter(customer=customer).select_related("account", "data_key")
    found = list(rows.order_by("-event_order", "-pk")[(page - 1) * SIZE : page * SIZE + 1])
    lines = [
        {
            "row": row,
            "signed": row.amount if row.direction == "C" else -row.amount,
            "counterparty": counterparty(row),
            "told": TOLD[row.status],
            "stopped": TOLD[row.status] is NOT_CARRIED_OUT,
        }
        for row in found[:SIZE]
    ]
    more = page + 1 if len(found) > SIZE else 0
    return _page(request, "transactions", customer, lines=lines, page=page, more=more, stopped=any(line["stopped"] for line in lines))


@gated(OWN, customers=True)
@require_safe
def consents(request: HttpRequest) -> HttpResponse:
    """Say which consents are recorded: none yet."""
    return _page(request, "consents", _customer(request))


@gated(OWN, customers=True)
@require_safe
def sign_ins(request: HttpRequest) -> HttpResponse:
    """Show when and from where somebody signed in under this name, and the way out of this session."""
    customer, number = _customer(request), actor_of(request).number
    rows = Event.objects.filter(actor_number=number, action__in=("staff.signed_in", "staff.signed_out")).order_by("-at", "-pk")[:SIGN_INS]
    return _page(request, "sign_ins", customer, rows=list(rows))
