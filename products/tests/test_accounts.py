"""Accounts: consistent with their customer, numbered once, with every balance the core ever reported.

Requirements: R021, R046.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from crm.access.actor import SYSTEM
from crm.access.errors import Conflict, NotVisible, Refused
from crm.lists.testing import check_list
from crm.log.models import Event
from crm.staff.models import User
from crm.tests.personas import as_actor, browser
from customers.models import Customer, CustomerFigures
from products.forms import AccountChangeForm, AccountForm, FreezeForm
from products.models import Account, Freeze
from products.services import change_account, place_freeze, report_balance
from products.services.accounts import HolderDiffers, KindNotForCustomer, SameAccountNumber
from products.tests.personas import account_of
from products.views.lists import AccountList, FreezeList

pytestmark = pytest.mark.django_db
NUMBERS = ("6222020000001238823", "6222020000004560015", "6222020000007890023")


def test_the_holder_is_the_customer(zhang_wei: Customer) -> None:
    """R021: written alike, whatever the brackets and spaces."""
    with pytest.raises(HolderDiffers):
        account_of(zhang_wei, NUMBERS[0], holder_name="张卫")
    assert not Account.objects.exists()
    assert account_of(zhang_wei, NUMBERS[0], holder_name="张 伟").holder_name == "张 伟"


def test_persons_and_organisations_hold_their_own_types(zhang_wei: Customer, yuanhang: Customer) -> None:
    for customer, kind in ((zhang_wei, "basic"), (yuanhang, "class_1")):
        with pytest.raises(KindNotForCustomer):
            account_of(customer, NUMBERS[0], kind=kind)
    account = account_of(yuanhang, "1100012233445566", kind="special")
    with pytest.raises(KindNotForCustomer):
        change_account(actor=SYSTEM, account=account, version=1, status="normal", kind="class_2", reason="误改")


def test_a_number_is_recorded_once(zhang_wei: Customer, li_na: Customer, salary_account: Account) -> None:
    with pytest.raises(SameAccountNumber):
        account_of(li_na, "6222020000001238821")
    assert Account.objects.count() == 1
    assert CustomerFigures.objects.get(customer=zhang_wei).accounts == 1


def test_the_form_says_what_is_wrong_with_a_number(zhang_wei: Customer, sun_yue: User) -> None:
    page = reverse("products:account_open", args=[zhang_wei.reference])
    values = {"holder_name": "张伟", "kind": "class_1", "currency": "CNY", "branch": zhang_wei.opening_branch_id, "opened_at": "2024-01-05"}
    client = browser(sun_yue)
    wrong = client.post(page, values | {"number": "6222020000001238824"})
    assert wrong.status_code == 200
    assert wrong.context["form"].errors.keys() == {"number"}
    assert client.post(page, values | {"number": "6222 0200 0000 1238 823"}).status_code == 302
    again = client.post(page, values | {"number": NUMBERS[0]})
    assert again.context["form"].errors.keys() == {"number"}
    assert Account.objects.count() == 1


def test_the_form_offers_the_customers_types_and_refuses_a_future_day(zhang_wei: Customer, yuanhang: Customer) -> None:
    fields: dict[str, Any] = {customer.core_number: AccountForm(customer=customer).fields["kind"] for customer in (zhang_wei, yuanhang)}
    kinds = {number: [code for code, _label in field.choices] for number, field in fields.items()}
    assert kinds == {
        "6217000133": ["class_1", "class_2", "class_3"],
        "6217000166": ["basic", "general", "special", "temporary"],
    }
    values = {"number": NUMBERS[0], "opened_at": (timezone.localdate() + timedelta(days=1)).isoformat()}
    assert "opened_at" in AccountForm(values, customer=zhang_wei).errors


def test_balances_are_kept_and_the_latest_by_the_cores_clock_shows(salary_account: Account) -> None:
    now = timezone.now()
    report_balance(actor=SYSTEM, account=salary_account, balance=Decimal(80_000), reported_at=now, source="core")
    report_balance(actor=SYSTEM, account=salary_account, balance=Decimal(90_000), reported_at=now - timedelta(hours=1), source="core")
    report_balance(actor=SYSTEM, account=salary_account, balance=Decimal(80_000), reported_at=now, source="core")
    salary_account.refresh_from_db()
    assert (salary_account.reported_balance, salary_account.reported_at) == (Decimal(80_000), now)
    kept = salary_account.balance_reports.filter(source="core").order_by("reported_at")
    assert [report.balance for report in kept] == [Decimal(90_000), Decimal(80_000)]


def test_a_stale_page_does_not_overwrite(salary_account: Account, sun_yue: User) -> None:
    actor = as_actor(sun_yue)
    change_account(actor=actor, account=salary_account, version=1, status="dormant", kind="class_1", reason="核心已更新")
    with pytest.raises(Conflict):
        change_account(actor=actor, account=salary_account, version=1, status="normal", kind="class_1", reason="核心已更新")
    page = reverse("products:account_change", args=[salary_account.reference])
    answer = browser(sun_yue).post(page, {"version": 1, "status": "normal", "kind": "class_1", "reason": "核心已更新"})
    assert answer.status_code == 200
    assert answer.context["form"].non_field_errors()
    salary_account.refresh_from_db()
    assert (salary_account.status, salary_account.version) == ("dormant", 2)
    assert Event.objects.filter(action="account.changed").count() == 1


def test_who_may_not_change_an_account(salary_account: Account, zhou_min: User, colleague: User) -> None:
    for person, refusal in ((zhou_min, Refused), (colleague, NotVisible)):
        with pytest.raises(refusal):
            change_account(actor=as_actor(person), account=salary_account, version=1, status="closed", kind="class_1", reason="销户")
    salary_account.refresh_from_db()
    assert salary_account.status == "normal"


def test_forms_begin_with_what_is_recorded(salary_account: Account) -> None:
    form = AccountChangeForm(account=salary_account)
    assert (form["status"].value(), form["kind"].value(), form["version"].value()) == ("normal", "class_1", 1)
    past = (timezone.now() - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M")
    errors = FreezeForm({"kind": "payment_stop", "authority": "own", "reason": "核实中", "valid_until": past}).errors
    assert "valid_until" in errors


def test_the_lists_keep_their_promises(zhang_wei: Customer, sun_yue: User, zhou_min: User) -> None:
    def account(place: int) -> Account:
        return account_of(zhang_wei, NUMBERS[place - 1])

    check_list(AccountList(), path=reverse("products:account_list"), user=sun_yue, make_row=account)
    accounts = list(Account.objects.order_by("pk"))

    def freeze(place: int) -> Freeze:
        held = accounts[place - 1]
        return place_freeze(actor=as_actor(zhou_min), customer=zhang_wei, account=held, kind="payment_stop", reason="核实中")

    check_list(FreezeList(), path=reverse("products:freeze_list"), user=zhou_min, make_row=freeze)
