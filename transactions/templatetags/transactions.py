"""Panels about transactions for the pages of other apps."""

from typing import Any

from django.template import Context, Library
from django.template.loader import render_to_string
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from crm.access.services import actor_of, may
from crm.lists.definitions import ListDefinition
from customers.models import Customer
from products.models import Account
from transactions.choices import Direction
from transactions.models import Transaction, TransactionQuerySet
from transactions.services import balances
from transactions.views.lists import counterparty, status_level

register = Library()
LATEST = 8
VIEW = "transactions.view_transaction"


def _rows(context: Context, rows: TransactionQuerySet, **filters: str) -> dict[str, Any]:
    latest = rows.select_related("account").order_by("-event_order")[:LATEST]
    lines = [
        {
            "row": row,
            "signed": row.amount if row.direction == Direction.CREDIT else -row.amount,
            "counterparty": counterparty(row),
            "level": status_level(row),
        }
        for row in latest
    ]
    return {
        "request": context["request"],
        "title": _("Latest transactions"),
        "rows": lines,
        "link": ListDefinition.url("transactions:transaction_list", **filters),
        "link_label": _("All transactions"),
    }


@register.simple_tag(takes_context=True)
def customer_transactions(context: Context, customer: Customer) -> SafeString | str:
    """The customer's latest transactions; nothing for those who may not see any."""
    actor = actor_of(context["request"])
    if not may(actor, VIEW):
        return ""
    rows = Transaction.objects.visible_to(actor).filter(customer=customer)
    return render_to_string("transactions/_rows.html", {**_rows(context, rows, customer=customer.reference), "show_account": True})


@register.simple_tag(takes_context=True)
def account_transactions(context: Context, account: Account) -> SafeString | str:
    """The account's balance and latest transactions; nothing for those who may not see any."""
    actor = actor_of(context["request"])
    if not may(actor, VIEW):
        return ""
    rows = Transaction.objects.visible_to(actor).filter(account=account)
    held = {"request": context["request"], "account": account, "balance": balances([account.pk]).get(account.pk)}
    listed = {**_rows(context, rows, account=account.reference), "show_account": False}
    return render_to_string("transactions/_balance.html", held) + render_to_string("transactions/_rows.html", listed)
