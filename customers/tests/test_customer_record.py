"""The customer record: who sees it, how it changes, what is sealed.

Requirements: R012.
"""

from datetime import date
from typing import Any

import pytest
from django.db import connection

from crm.access.errors import Conflict, NotVisible, Refused
from crm.approvals import services as approvals
from crm.approvals.models import ChangeRequest
from crm.log.models import Event
from crm.staff.models import User
from crm.tests.personas import as_actor, browser
from customers import services
from customers.models import Customer
from customers.tests.personas import person
from customers.validators import identity_errors

pytestmark = pytest.mark.django_db


def test_each_role_sees_exactly_its_customers(
    zhang_wei: Customer, chen_jing: Customer, li_na: Customer, sun_yue: User, branch_manager: User, zhou_min: User
) -> None:
    """R254, R258, R263: own, branch, all."""
    seen = {user.number: set(Customer.objects.visible_to(user)) for user in (sun_yue, branch_manager, zhou_min)}
    assert seen["80001"] == {zhang_wei}
    assert seen["81001"] == {zhang_wei, chen_jing}
    assert seen["82001"] == {zhang_wei, chen_jing, li_na}


def test_somebody_elses_customer_answers_like_a_missing_one(li_na: Customer, sun_yue: User) -> None:
    """Out of scope and not there are the same page."""
    theirs = browser(sun_yue).get(f"/customers/{li_na.reference}/")
    nobody = browser(sun_yue).get("/customers/C-22222222/")
    assert (theirs.status_code, nobody.status_code) == (404, 404)
    assert "李娜" not in theirs.content.decode()


def test_the_page_shows_masks_and_writes_that_somebody_looked(zhang_wei: Customer, sun_yue: User) -> None:
    """R281, R315: masked by default; reading is in the log."""
    page = browser(sun_yue).get(f"/customers/{zhang_wei.reference}/").content.decode()
    assert "110105********1215" in page
    assert "138****5678" in page
    assert "110105198603041215" not in page
    assert "13812345678" not in page
    line = Event.objects.filter(action="customer.viewed").get()
    assert (line.actor_number, line.target_ref) == ("80001", zhang_wei.reference)


def test_sealed_values_are_not_in_the_table(zhang_wei: Customer) -> None:
    """R269: what the database holds is ciphertext."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT c::text FROM customers_customer c")
        rows = str(cursor.fetchall())
    for clear in ("110105198603041215", "13812345678", "zhangwei@mail.test", "东直门内大街"):
        assert clear not in rows
        assert clear.encode().hex() not in rows


def test_uncontrolled_fields_change_at_once(zhang_wei: Customer, sun_yue: User) -> None:
    """R015: reason and time are kept with every change."""
    customer, request = services.change_customer(
        actor=as_actor(sun_yue), customer=zhang_wei, version=1, values={"occupation": "retired"}, reason="退休了"
    )
    assert request is None
    assert Customer.objects.get(pk=customer.pk).occupation == "retired"
    line = Event.objects.filter(action="customer.changed").get()
    assert line.reason == "退休了"
    assert line.data["after"] == {"occupation": "Retired"}


def test_a_controlled_field_waits_for_a_second_person(
    zhang_wei: Customer, sun_yue: User, branch_manager: User, other_branch_manager: User
) -> None:
    """R014, R022: the mobile number changes when the branch manager approves, and only in that branch."""
    _customer, request = services.change_customer(
        actor=as_actor(sun_yue), customer=zhang_wei, version=1, values={"mobile": "13611112222"}, reason="换号"
    )
    assert isinstance(request, ChangeRequest)
    assert Customer.objects.get(pk=zhang_wei.pk).mobile.open() == "13812345678"
    assert "13611112222" not in str(request.changes)
    shown = approvals.hash_of(request)
    with pytest.raises(Refused):
        approvals.decide(actor=as_actor(sun_yue), request=request, approve=True, reason="ok", shown_hash=shown)
    with pytest.raises(NotVisible):
        approvals.decide(actor=as_actor(other_branch_manager), request=request, approve=True, reason="ok", shown_hash=shown)
    approvals.decide(actor=as_actor(branch_manager), request=request, approve=True, reason="已核实", shown_hash=shown)
    changed = Customer.objects.get(pk=zhang_wei.pk)
    assert changed.mobile.open() == "13611112222"
    assert (changed.mobile_last4, changed.version) == ("2222", 2)


def test_several_fields_are_approved_together(zhang_wei: Customer, sun_yue: User, branch_manager: User) -> None:
    """R014: what the decider reads is in the same order as when it was asked for."""
    values = {"segment": "merchant", "region": "北京市西城区", "aml_risk_level": 2, "email": "zw@mail.test", "name": "张卫"}
    _customer, request = services.change_customer(actor=as_actor(sun_yue), customer=zhang_wei, version=1, values=values, reason="资料更新")
    request = ChangeRequest.objects.get(pk=request.pk)  # type: ignore[union-attr]
    shown = approvals.hash_of(request)
    approvals.decide(actor=as_actor(branch_manager), request=request, approve=True, reason="已核实", shown_hash=shown)
    changed = Customer.objects.get(pk=zhang_wei.pk)
    assert (changed.segment, changed.aml_risk_level, changed.name, changed.email.open()) == ("merchant", 2, "张卫", "zw@mail.test")


def test_a_concurrent_edit_is_detected(zhang_wei: Customer, sun_yue: User) -> None:
    """R017: who was slower is told so."""
    actor = as_actor(sun_yue)
    services.change_customer(actor=actor, customer=zhang_wei, version=1, values={"occupation": "other"}, reason="first")
    with pytest.raises(Conflict):
        services.change_customer(actor=actor, customer=zhang_wei, version=1, values={"occupation": "student"}, reason="second")
    assert Customer.objects.get(pk=zhang_wei.pk).occupation == "other"


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"id_number": "110105198603041211"}, "id_number"),
        ({"birth_date": date(1986, 3, 5)}, "birth_date"),
        ({"gender": "female"}, "gender"),
        ({"id_type": "credit_code"}, "id_type"),
    ],
)
def test_identity_must_fit_together(changes: dict[str, Any], field: str) -> None:
    """R020: check digit, birth date and sex against the ID number."""
    good: dict[str, Any] = {
        "kind": "person",
        "id_type": "resident_card",
        "id_number": "110105198603041215",
        "birth_date": date(1986, 3, 4),
        "gender": "male",
    }
    assert identity_errors(**good) == {}
    assert list(identity_errors(**(good | changes))) == [field]


def test_the_core_number_is_taken_once(zhang_wei: Customer, bank: Any) -> None:
    """The number everybody quotes means one customer."""
    with pytest.raises(services.SameCoreNumber):
        person(bank, zhang_wei.core_number)


@pytest.mark.parametrize(
    "text",
    ["张伟", "zhangwei", "zhang wei", "zw", "6217000133", "13812345678", "138 1234 5678", "110105198603041215", "5678", "1215"],
)
def test_search_finds_the_customer_by_everything_people_type(text: str, zhang_wei: Customer, li_na: Customer, sun_yue: User) -> None:
    """R039, R040: name, part of it, pinyin, initials, core number, mobile, ID, last four."""
    page = browser(sun_yue).get("/search/", {"q": text}, follow=True).content.decode()
    assert zhang_wei.reference in page
    assert li_na.reference not in page


def test_search_never_finds_out_of_scope(li_na: Customer, sun_yue: User, zhou_min: User) -> None:
    """The one row that could leak stays where it is."""
    for text in ("李娜", "lina", li_na.core_number, "13700002222", li_na.reference):
        assert f"/customers/{li_na.reference}/" not in browser(sun_yue).get("/search/", {"q": text}, follow=True).content.decode()
        assert f"/customers/{li_na.reference}/" in browser(zhou_min).get("/search/", {"q": text}, follow=True).content.decode()
