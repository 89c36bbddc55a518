"""A list narrowed to a branch asks for the branch of then, in one condition that an index answers for all who never moved."""

from datetime import timedelta
from itertools import product
from typing import Any

import pytest
from django.utils import timezone

from crm.fields.history import held_then, value_at
from crm.tests.personas import Bank
from customers.models import Customer
from risk.models import Alert
from risk.tests.work import waiting

pytestmark = pytest.mark.django_db
MOVES = (("310001",), ("310001", "110002"), ("110002", "310001", "110001"), ())


def test_the_short_condition_answers_as_the_long_one(
    bank: Bank, zhang_wei: Customer, chen_jing: Customer, li_na: Customer, yuanhang: Customer
) -> None:
    """Customers that moved never, once, and thrice; alerts before, between and after; every set of branches."""
    customers = (zhang_wei, chen_jing, li_na, yuanhang)
    for customer, moves in zip(customers, MOVES, strict=True):
        waiting(customer, place=0, created_at=timezone.now() - timedelta(days=1))
        for place, code in enumerate(moves, start=1):
            Customer.objects.filter(pk=customer.pk).update(opening_branch=bank.branches[code])
            waiting(customer, place=place, created_at=timezone.now())
    every = [bank.branches[code].pk for code in ("110001", "110002", "310001")]
    seen: set[Any] = set()
    for chosen in product((False, True), repeat=3):
        keys = [pk for pk, wanted in zip(every, chosen, strict=True) if wanted]
        rows = Alert.objects.all()
        long = rows.alias(then=value_at(rows, "customer__opening_branch", "created_at")).filter(then__in=keys)
        short = held_then(rows, "customer__opening_branch", "created_at", keys)
        assert set(short) == set(long)
        seen.add(frozenset(short.values_list("pk", flat=True)))
    assert len(seen) == 8, "every set of branches has its own alerts"
    now = Alert.objects.filter(customer__opening_branch__in=[every[2]])
    assert set(held_then(Alert.objects.all(), "customer__opening_branch", "created_at", [every[2]])) != set(now)
