"""The customer forms: choices in reach, errors in words beside their field, and what was typed kept.

Requirements: R012, R020.
"""

from typing import Any

import pytest
from django.urls import reverse

from crm.approvals import services as approvals
from crm.approvals.models import ChangeRequest
from crm.lists.testing import check_list
from crm.staff.models import User
from crm.tests.personas import Bank, as_actor, browser
from customers.forms import ChangeForm, CustomerForm
from customers.models import Customer
from customers.services import create_customer
from customers.tests.personas import person
from customers.views.lists import CustomerList

pytestmark = pytest.mark.django_db


def typed(bank: Bank, **changes: Any) -> dict[str, Any]:
    values = {
        "kind": "person",
        "core_number": "6217000999",
        "name": "王芳",
        "gender": "female",
        "birth_date": "1990-07-01",
        "id_type": "resident_card",
        "id_number": "110101199007014324",
        "mobile": "13900001111",
        "region": "北京市东城区",
        "occupation": "professional",
        "opening_branch": bank.branches["110001"].pk,
        "manager": bank.people["80001"].pk,
        "segment": "retail",
        "aml_risk_level": 1,
        "risk_tolerance": "C3",
        "lifecycle_stage": "acquired",
        "credit_record": "none",
    }
    return values | changes


def test_a_relationship_manager_records_a_customer(bank: Bank, sun_yue: User) -> None:
    answer = browser(sun_yue).post(reverse("customers:customer_create"), typed(bank))
    assert answer.status_code == 302, answer.context["form"].errors
    customer = Customer.objects.get()
    assert (customer.core_number, customer.name_pinyin) == ("6217000999", "wang fang")


def test_what_she_states_about_levels_counts_when_a_second_person_says_so(bank: Bank, sun_yue: User, branch_manager: User) -> None:
    """R014, R022: until then the customer is taken for high risk, not assessed, retail, and hers."""
    favours = {"aml_risk_level": 1, "risk_tolerance": "C5", "segment": "corporate", "credit_record": "good"}
    values = typed(bank, **favours, manager=bank.people["80003"].pk)
    answer = browser(sun_yue).post(reverse("customers:customer_create"), values, follow=True)
    assert "waits for a second person" in answer.content.decode()
    customer = Customer.objects.get()
    begins = (customer.aml_risk_level, customer.risk_tolerance, customer.segment, customer.credit_record, customer.manager)
    assert begins == (5, "", "retail", "none", sun_yue)
    assert customer.mobile.open() == "13900001111"
    request = ChangeRequest.objects.get()
    assert set(request.payload["fields"]) == {*favours, "manager"}
    shown = approvals.hash_of(request)
    approvals.decide(actor=as_actor(branch_manager), request=request, approve=True, reason="已核实", shown_hash=shown)
    customer.refresh_from_db()
    assert (customer.aml_risk_level, customer.risk_tolerance, customer.segment) == (1, "C5", "corporate")
    assert customer.manager == bank.people["80003"]


def test_stating_the_strictest_needs_nobody_else(bank: Bank, sun_yue: User) -> None:
    values = typed(bank, aml_risk_level=5, risk_tolerance="", manager="")
    customer, waits = create_customer(actor=as_actor(sun_yue), values=cleaned(values, sun_yue))
    assert (customer.manager, waits is not None) == (sun_yue, True)  # an empty manager is a statement too
    own = cleaned(values | {"core_number": "6217000998", "manager": sun_yue.pk}, sun_yue)
    assert create_customer(actor=as_actor(sun_yue), values=own)[1] is None


def cleaned(values: dict[str, Any], user: User) -> dict[str, Any]:
    form = CustomerForm(values, actor=as_actor(user))
    assert form.is_valid(), form.errors
    return form.cleaned_data


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("id_number", {"id_number": "110101199007014325"}),
        ("birth_date", {"birth_date": "1990-07-02"}),
        ("gender", {"gender": "male"}),
        ("mobile", {"mobile": "1390000111"}),
        ("id_type", {"kind": "organisation"}),
        ("core_number", {"core_number": ""}),
    ],
)
def test_what_is_wrong_is_said_beside_its_field(bank: Bank, sun_yue: User, field: str, changes: dict[str, Any]) -> None:
    answer = browser(sun_yue).post(reverse("customers:customer_create"), typed(bank, **changes))
    assert answer.status_code == 200
    assert field in answer.context["form"].errors
    page = answer.content.decode()
    assert 'value="王芳"' in page
    assert str(answer.context["form"].errors[field][0]) in page.replace("&#x27;", "'").replace("&quot;", '"')
    assert not Customer.objects.exists()


def test_a_taken_core_number_is_refused_in_words(bank: Bank, zhang_wei: Customer, sun_yue: User) -> None:
    answer = browser(sun_yue).post(reverse("customers:customer_create"), typed(bank, core_number=zhang_wei.core_number))
    assert answer.status_code == 200
    assert answer.context["form"].errors.keys() == {"core_number"}
    assert Customer.objects.count() == 1


def test_branches_and_managers_are_those_in_reach(bank: Bank, sun_yue: User) -> None:
    fields: dict[str, Any] = CustomerForm(actor=as_actor(sun_yue)).fields
    assert {branch.code for branch in fields["opening_branch"].queryset} == {"110001"}
    assert {manager.number for manager in fields["manager"].queryset} == {"80001", "80003"}
    refused = CustomerForm(typed(bank, opening_branch=bank.branches["310001"].pk, manager=bank.people["80002"].pk), actor=as_actor(sun_yue))
    assert {"opening_branch", "manager"} <= refused.errors.keys()


def test_the_change_form_keeps_sealed_values_that_nobody_typed(zhang_wei: Customer, bank: Bank, sun_yue: User) -> None:
    form = ChangeForm(actor=as_actor(sun_yue), customer=zhang_wei)
    assert "110105198603041215" not in str(form)
    assert "110105********1215" in str(form)
    data = {name: form[name].value() for name in form.fields}
    sent = {name: "" if value is None else getattr(value, "pk", value) for name, value in data.items() if value is not False}
    sent |= {"occupation": "clerical", "reason": "客户告知"}
    answer = browser(sun_yue).post(reverse("customers:customer_change", args=[zhang_wei.reference]), sent)
    assert answer.status_code == 302, answer.context["form"].errors
    zhang_wei.refresh_from_db()
    assert zhang_wei.occupation == "clerical"
    assert zhang_wei.id_number.open() == "110105198603041215"
    assert not ChangeRequest.objects.exists()


def test_the_list_keeps_its_promises(bank: Bank, sun_yue: User) -> None:
    def row(place: int) -> Customer:
        return person(bank, f"621700020{place}")

    check_list(CustomerList(), path=reverse("customers:customer_list"), user=sun_yue, make_row=row)


def test_the_home_page_counts_her_customers(zhang_wei: Customer, chen_jing: Customer, yuanhang: Customer, sun_yue: User) -> None:
    """Her own, each figure opening its list."""
    Customer.objects.filter(pk=yuanhang.pk).update(aml_risk_level=5)
    client = browser(sun_yue)
    page = client.get("/").content.decode()
    links = [part.split('"')[0].replace("&amp;", "&") for part in page.split('class="figure" href="')[1:]]
    mine = [link for link in links if link.startswith("/customers/")]
    assert len(mine) == 3
    assert [client.get(link).status_code for link in mine] == [200, 200, 200]
    high = client.get(next(link for link in mine if "level=5" in link)).content.decode()
    assert "远航贸易" in high
    assert "张伟" not in high
