"""Panels about accounts and freezes for the pages of lower apps."""

from typing import Any

from django.template import Context, Library
from django.template.loader import render_to_string
from django.utils.safestring import SafeString

from crm.access.services import actor_of, may
from customers.models import Customer
from products.models import Account, Freeze

register = Library()


@register.inclusion_tag("products/_customer_accounts.html", takes_context=True)
def customer_accounts(context: Context, customer: Customer) -> dict[str, Any]:
    """The customer's accounts with balances and what stands on them."""
    actor = actor_of(context["request"])
    rows = Account.objects.visible_to(actor).filter(customer=customer).select_related("data_key").order_by("opened_at", "pk")
    held = standing(customer) if may(actor, "products.view_freeze") else []
    accounts = [{"account": row, "freezes": [freeze for freeze in held if freeze.account_id in (row.pk, None)]} for row in rows]
    return {
        "accounts": accounts,
        "customer": customer,
        "may_add": may(actor, "products.add_account", customer),
        "request": context["request"],
    }


@register.inclusion_tag("products/_customer_freezes.html", takes_context=True)
def customer_freezes(context: Context, customer: Customer) -> dict[str, Any]:
    """Every freeze of the customer, standing ones first; nothing for those who may not know."""
    actor = actor_of(context["request"])
    rows = Freeze.objects.visible_to(actor).filter(customer=customer).select_related("account", "placed_by")
    return {"freezes": sorted(rows, key=lambda row: (row.ended_at is not None, -row.placed_at.timestamp())), "request": context["request"]}


@register.simple_tag(takes_context=True)
def standing_freezes_badge(context: Context, customer: Customer) -> SafeString | str:
    """A badge that says how many freezes stand, for those who may know."""
    if not may(actor_of(context["request"]), "products.view_freeze"):
        return ""
    held = standing(customer)
    return render_to_string("products/_freeze_badge.html", {"count": len(held)}) if held else ""


@register.simple_tag(takes_context=True)
def freeze_customer_button(context: Context, customer: Customer) -> SafeString | str:
    """A button to freeze, for those who may."""
    if not may(actor_of(context["request"]), "products.place_freeze"):
        return ""
    return render_to_string("products/_freeze_button.html", {"customer": customer})


def standing(customer: Customer) -> list[Freeze]:
    """Return the freezes that stand on the customer or any account."""
    return list(Freeze.objects.standing().filter(customer=customer))
