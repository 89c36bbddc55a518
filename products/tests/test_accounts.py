"""Accounts: consistent with their customer, numbered once, with every balance the core ever reported.

Requirements: R021, R046.
"""

from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from crm.access.actor import SYSTEM
from crm.access.errors import Conflict, NotVisible, Refused
from crm.approvals import services as approvals
from crm.approvals.models import ChangeRequest
from crm.calendar.services import today
from crm.lists.testing import check_list
from crm.log.models import Event
from crm.staff.models import User
from crm.tests.personas import as_actor, browser
from customers.models import Customer, CustomerFigures
from products.forms import AccountChangeForm, AccountForm, FreezeForm
from products.models import Account, Freeze
from products.services import SecondPersonNeeded, ask_to_change, change_account, place_freeze, report_balance
from products.services.accounts import HolderDiffers, KindNotForCustomer, NothingChanges, SameAccountNumber
from products.tests.personas import account_of
from products.views.lists import AccountList, FreezeList

pytestmark = pytest.mark.django_db
NUMBERS = ("6222020000001238823", "6222020000004560015", "6222020000007890023")


@pytest.fixture
def core_word() -> Callable[[Account, str], Account]:
    """The core's own word on an account's status."""

    def said(account: Account, status: str) -> Account:
        return change_account(
            actor=SYSTEM, account=account, version=account.version, status=status, kind=account.kind, reason="核心系统已更新"
        )

    return said


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
    values = {"number": NUMBERS[0], "opened_at": (today() + timedelta(days=1)).isoformat()}
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


def test_a_stale_page_does_not_overwrite(salary_account: Account, sun_yue: User, core_word: Any) -> None:
    actor = as_actor(sun_yue)
    core_word(salary_account, "dormant")
    asked = {"status": "normal", "kind": "class_1", "reason": "核心已更新"}
    with pytest.raises(Conflict):
        ask_to_change(actor=actor, account=salary_account, version=1, **asked)
    page = reverse("products:account_change", args=[salary_account.reference])
    answer = browser(sun_yue).post(page, {"version": 1, **asked})
    assert answer.status_code == 200
    assert answer.context["form"].non_field_errors()
    salary_account.refresh_from_db()
    assert (salary_account.status, salary_account.version) == ("dormant", 2)
    assert Event.objects.filter(action="account.changed").count() == 1


def test_who_may_not_ask_for_a_change(salary_account: Account, zhou_min: User, colleague: User) -> None:
    for person, refusal in ((zhou_min, Refused), (colleague, NotVisible)):
        with pytest.raises(refusal):
            ask_to_change(actor=as_actor(person), account=salary_account, version=1, status="closed", kind="class_1", reason="销户")
    salary_account.refresh_from_db()
    assert salary_account.status == "normal"
    assert not ChangeRequest.objects.exists()


def test_nobody_closes_or_reopens_an_account_alone(
    salary_account: Account, sun_yue: User, branch_manager: User, other_branch_manager: User, core_word: Any
) -> None:
    """The status decides whether money moves: the core says it, or two people do."""
    core_word(salary_account, "closed")
    for person, said in ((sun_yue, Refused), (branch_manager, SecondPersonNeeded)):
        with pytest.raises(said):
            change_account(actor=as_actor(person), account=salary_account, version=2, status="normal", kind="class_1", reason="重开")
    page = reverse("products:account_change", args=[salary_account.reference])
    sent = browser(sun_yue).post(page, {"version": 2, "status": "normal", "kind": "class_1", "reason": "误销户，重新启用"})
    assert sent.status_code == 302
    request = ChangeRequest.objects.get()
    assert Account.objects.get().status == "closed"
    assert request.reference in browser(sun_yue).get(reverse("products:account", args=[salary_account.reference])).content.decode()
    decision: dict[str, Any] = {"request": request, "approve": True, "reason": "已核对", "shown_hash": approvals.hash_of(request)}
    for person, refusal in ((sun_yue, Refused), (other_branch_manager, NotVisible)):
        with pytest.raises(refusal):
            approvals.decide(actor=as_actor(person), **decision)
    approvals.decide(actor=as_actor(branch_manager), **decision)
    account = Account.objects.get()
    assert (account.status, account.closed_at, account.version) == ("normal", None, 3)
    line = Event.objects.filter(action="account.changed").latest("pk")
    assert (line.actor_number, line.approver, line.data["asked_by"]) == ("81001", "81001", "80001")


def test_a_change_that_changes_nothing_is_not_asked_for(salary_account: Account, sun_yue: User) -> None:
    with pytest.raises(NothingChanges):
        ask_to_change(actor=as_actor(sun_yue), account=salary_account, version=1, status="normal", kind="class_1", reason="没有变化")


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
