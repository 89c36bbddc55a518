"""Alerts of every test about people's work, without the judging that raises them in life."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from crm.access.actor import SYSTEM
from crm.log import services as log
from customers.models import Customer
from products.models import Account
from risk.models import Alert, Rule
from risk.services import screening
from transactions.models import Transaction
from transactions.tests.personas import NOON, recorded


def waiting(customer: Customer, place: int = 0, **changes: Any) -> Alert:
    """Record an alert of the rule at *place* in the catalogue; *changes* replace the usual values."""
    now = timezone.now()
    values: dict[str, Any] = {
        "rule": Rule.objects.order_by("code")[place],
        "customer": customer,
        "band": "mid",
        "priority": 50,
        "amount_at_risk": Decimal(60_000),
        "first_hit_at": now,
        "last_hit_at": now,
        "due_at": now + timedelta(hours=4),
    } | changes
    with transaction.atomic():
        alert = Alert.objects.create(**values)
        log.record(actor=SYSTEM, action="alert.raised", target=alert)
    return alert


def cash_in(account: Account, first: int = 1, count: int = 4, amount: str = "49000") -> list[Transaction]:
    """Record deposits of cash, each just below the limit of a large-value report, an hour apart."""
    return [
        recorded(
            account,
            number,
            source="core",
            amount=Decimal(amount),
            direction="C",
            instrument="cash",
            kind="deposit",
            occurred_at=NOON + timedelta(hours=number),
        )
        for number in range(first, first + count)
    ]


def structured(account: Account) -> Alert:
    """Return the alert on cash split into parts, raised by judging."""
    rows = cash_in(account)
    screening.judge(ids=[row.pk for row in rows])
    alert = Alert.objects.filter(customer=account.customer).order_by("-priority", "pk").first()
    assert alert is not None, "four deposits just below the limit raised nothing"
    return alert
