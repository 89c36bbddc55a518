"""Typing a number tells nobody what stands outside her reach; operations hear of it, and the log keeps it.

Requirements: R021, R258.
"""

from typing import Any

import pytest
from django.urls import reverse

from crm.access.actor import IMPORTER
from crm.log.models import Event
from crm.notify.models import Notice
from crm.staff.models import User
from crm.tests.personas import Bank, as_actor, browser
from customers import services as customers
from customers.models import Customer
from customers.tests.personas import person
from products.models import Account
from products.services import NewAccount, SameAccountNumber, open_account
from products.tests.personas import account_of

pytestmark = pytest.mark.django_db
SHANGHAI = "6222020000007890023"
NEUTRAL = "This number cannot be recorded here. Operations have been told and look into it."


def account_form(customer: Customer, number: str) -> dict[str, Any]:
    branch = customer.opening_branch_id
    return {
        "number": number, "holder_name": customer.name, "kind": "class_1", "currency": "CNY", "branch": branch, "opened_at": "2024-01-05",
    }  # fmt: skip


def errors_of(user: User, page: str, values: dict[str, Any]) -> dict[str, list[str]]:
    answer = browser(user).post(page, values)
    assert answer.status_code == 200
    found: dict[str, list[str]] = {name: [str(one) for one in errors] for name, errors in answer.context["form"].errors.items()}
    return found


def test_an_account_number_of_another_branch_gets_a_neutral_answer(
    zhang_wei: Customer, shanghai_account: Account, sun_yue: User, operations: User
) -> None:
    page = reverse("products:account_open", args=[zhang_wei.reference])
    assert errors_of(sun_yue, page, account_form(zhang_wei, SHANGHAI)) == {"number": [NEUTRAL]}
    assert Account.objects.get() == shanghai_account
    line = Event.objects.get(action="account.number_clash")
    assert (line.actor_number, line.result, line.target_ref) == ("80001", "refused", shanghai_account.reference)
    assert line.data == {"typed_for": zhang_wei.reference}
    notice = Notice.objects.get(kind="customers.number_clash")
    assert (notice.user, notice.params) == (operations, {"number": "80001", "held": shanghai_account.reference})


def test_within_reach_and_for_the_importer_the_answer_is_plain(zhang_wei: Customer, sun_yue: User) -> None:
    account_of(zhang_wei, "6222020000001238823")
    page = reverse("products:account_open", args=[zhang_wei.reference])
    said = errors_of(sun_yue, page, account_form(zhang_wei, "6222020000001238823"))
    assert said == {"number": ["An account with this number is already recorded. Check the number."]}
    with pytest.raises(SameAccountNumber):
        account_of(zhang_wei, "6222020000001238823")
    assert not Event.objects.filter(action="account.number_clash").exists()
    assert not Notice.objects.filter(kind="customers.number_clash").exists()


def test_who_types_such_numbers_again_and_again_learns_nothing_more(zhang_wei: Customer, li_na: Customer, sun_yue: User) -> None:
    numbers = [f"62220200000099{n:05d}" for n in range(customers.CLASHES_A_DAY)]
    for number in numbers:
        account_of(li_na, number)
    new: dict[str, Any] = {
        "holder_name": "张伟",
        "kind": "class_1",
        "branch_id": zhang_wei.opening_branch_id,
        "opened_at": zhang_wei.created_at.date(),
    }
    for number in [*numbers, "6222020000001238823"]:
        with pytest.raises(customers.NumberRefused):
            open_account(actor=as_actor(sun_yue), customer=zhang_wei, new=NewAccount(number=number, **new))
    assert Event.objects.filter(action="account.number_clash").count() == customers.CLASHES_A_DAY
    assert not Account.objects.filter(customer=zhang_wei).exists()
    assert open_account(actor=IMPORTER, customer=zhang_wei, new=NewAccount(number="6222020000001238823", **new)).pk


def test_a_core_number_of_another_branch_gets_a_neutral_answer(
    bank: Bank, zhang_wei: Customer, li_na: Customer, sun_yue: User, operations: User
) -> None:
    def typed(core_number: str) -> dict[str, Any]:
        return {
            "kind": "person", "core_number": core_number, "name": "王芳", "gender": "female", "birth_date": "1990-07-01",
            "id_type": "resident_card", "id_number": "110101199007014324", "opening_branch": bank.branches["110001"].pk,
            "manager": sun_yue.pk, "segment": "retail", "aml_risk_level": 1, "lifecycle_stage": "acquired", "credit_record": "none",
        }  # fmt: skip

    page = reverse("customers:customer_create")
    assert errors_of(sun_yue, page, typed(li_na.core_number)) == {"core_number": [NEUTRAL]}
    line = Event.objects.get(action="customer.number_clash")
    assert (line.actor_number, line.target_ref, line.result) == ("80001", li_na.reference, "refused")
    assert Notice.objects.get(kind="customers.number_clash").user == operations
    plain = errors_of(sun_yue, page, typed(zhang_wei.core_number))
    assert plain == {"core_number": ["A customer with this core customer number is already recorded."]}
    assert Customer.objects.count() == 2
    with pytest.raises(customers.SameCoreNumber):
        person(bank, li_na.core_number)
