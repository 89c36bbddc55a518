"""The register and the verdicts keep what every list promises: flat queries, whole paging, bad parameters refused (R290)."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.urls import reverse

from crm.lists.testing import check_list, walk
from crm.staff.models import User
from crm.tests.personas import as_actor
from products.models import Account
from risk.models import LargeValueRow
from risk.services import register, screening
from risk.views.lists import AssessmentList
from risk.views.register import RegisterList
from transactions.models import Source, Transaction
from transactions.tests.personas import NOON, recorded

pytestmark = pytest.mark.django_db


def judged(account: Account, number: int, amount: int = 60_000) -> Transaction:
    at = NOON - timedelta(days=number)
    return cash(account, number, amount, at)


def cash(account: Account, number: int, amount: int, at: datetime) -> Transaction:
    given = {"direction": "C", "instrument": "cash", "kind": "deposit", "source": "core"}
    row = recorded(account, number, amount=Decimal(amount), occurred_at=at, **given)
    screening.judge(ids=[row.pk])
    return row


def test_the_register(core: Source, salary_account: Account, shanghai_account: Account, zhou_min: User, branch_manager: User) -> None:
    check_list(RegisterList(), path=reverse("risk:register"), user=zhou_min, make_row=lambda number: judged(salary_account, number))
    reported = register.mark_reported(actor=as_actor(zhou_min), row=LargeValueRow.objects.order_by("bank_date")[0])
    cash(salary_account, 50, 1, NOON - timedelta(days=3) + timedelta(minutes=1))
    assert LargeValueRow.objects.get(corrects=reported).bank_date == reported.bank_date
    judged(shanghai_account, 9)
    forward, backward = walk(RegisterList(), as_actor(zhou_min))
    assert forward == backward
    assert set(forward) == set(LargeValueRow.objects.values_list("pk", flat=True))
    seen, _back = walk(RegisterList(), as_actor(branch_manager))
    assert set(seen) == set(LargeValueRow.objects.filter(customer=salary_account.customer).values_list("pk", flat=True))


def test_the_verdicts(core: Source, salary_account: Account, zhou_min: User) -> None:
    make = lambda number: judged(salary_account, number, 100)  # noqa: E731
    check_list(AssessmentList(), path=reverse("risk:assessment_list"), user=zhou_min, make_row=make)
    forward, backward = walk(AssessmentList(), as_actor(zhou_min))
    assert forward == backward
    assert len(forward) == 3
