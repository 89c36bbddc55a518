"""What ends with something else: stand-ins when their holder leaves, a sign-in when its customer is erased, a second person by a stand-in.

Requirements: R247, R254, R263, R300.
"""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from crm.access.actor import anonymous
from crm.access.errors import Refused
from crm.approvals import services as approvals
from crm.approvals.models import ChangeRequest
from crm.exports.models import ExportPermit
from crm.fields.services import AlreadyDestroyed
from crm.log.models import Event
from crm.staff.models import User
from crm.staff.services.leaving import leave
from crm.staff.services.tokens import redeem_token
from crm.tests.personas import Bank, as_actor, browser
from customers.choices import CheckedBy
from customers.models import Customer, CustomerGrant, PortfolioGrant
from customers.services import change_customer, keeping
from customers.services.sign_ins import issue_sign_in
from customers.services.standins import propose_stand_in

pytestmark = pytest.mark.django_db
PASSWORD = "Blue-Kettle-47"


def decided(asked: ChangeRequest, officer: User) -> ChangeRequest:
    return approvals.decide(actor=as_actor(officer), request=asked, approve=True, reason="agreed", shown_hash=asked.shown_hash)


def stand_in(bank: Bank, customer: Customer, by: str, person: str, decider: str) -> None:
    asked = propose_stand_in(
        actor=as_actor(bank.people[by]),
        customer=customer,
        person=person,
        until=timezone.now() + timedelta(days=2),
        may_change=True,
        reason="on leave",
    )
    decided(asked, bank.people[decider])


def test_who_leaves_keeps_no_stand_in(bank: Bank, zhang_wei: Customer) -> None:
    """Neither of a customer nor of a portfolio, nor one that was to begin; the line counts them."""
    stand_in(bank, zhang_wei, "80001", "80003", "81001")
    person, now = bank.people["80003"], timezone.now()
    for begins in (now - timedelta(hours=1), now + timedelta(days=1)):
        PortfolioGrant.objects.create(
            user=person, manager=bank.people["80001"], valid_from=begins, valid_until=now + timedelta(days=9), reason="leave"
        )
    held = CustomerGrant.objects.filter(user=person).count() + 2
    leave(actor=as_actor(bank.people["85001"]), person=person, reason="left")
    for table in (CustomerGrant, PortfolioGrant):
        assert not table.objects.filter(user=person, valid_until__gt=timezone.now()).exists()
    assert Event.objects.get(action="staff.person_left").data["grants_ended"] == held


def test_who_stands_in_is_no_second_person_whoever_asked_for_it(bank: Bank, zhang_wei: Customer) -> None:
    """Asked for by the branch manager: for the customer's own manager the colleague decides nothing."""
    stand_in(bank, zhang_wei, "81001", "81002", "82002")
    zhang_wei.refresh_from_db()
    _customer, request = change_customer(
        actor=as_actor(bank.people["80001"]), customer=zhang_wei, version=zhang_wei.version, values={"region": "上海"}, reason="迁居"
    )
    assert request is not None
    with pytest.raises(Refused):
        decided(request, bank.people["81002"])
    assert decided(request, bank.people["81001"]).state == "applied"


def test_who_is_erased_signs_in_no_more(bank: Bank, chen_jing: Customer) -> None:
    """The password opens nothing, and no new sign-in is given."""
    ways, manager = [CheckedBy.DOCUMENT, CheckedBy.FACE], as_actor(bank.people["80003"])
    token = issue_sign_in(actor=manager, customer=chen_jing, ways=ways)
    chen_jing.refresh_from_db()
    assert chen_jing.sign_in is not None
    number = chen_jing.sign_in.number
    redeem_token(actor=anonymous(), number=number, token=token, password=PASSWORD)
    client = Client()
    client.post("/sign-in/", {"number": number, "password": PASSWORD})
    assert client.get(reverse("portal:home")).status_code == 200
    decided(keeping.ask_erasure(actor=as_actor(bank.people["81001"]), customer=chen_jing, reason="asked for it"), bank.people["82002"])
    assert client.get(reverse("portal:home")).status_code == 302
    assert Client().post("/sign-in/", {"number": number, "password": PASSWORD}).status_code == 200
    with pytest.raises(AlreadyDestroyed):
        issue_sign_in(actor=manager, customer=chen_jing, ways=ways)


def test_a_number_typed_in_full_is_not_kept_with_the_export(bank: Bank, zhang_wei: Customer) -> None:
    """By a form made by hand; the page seals it before."""
    form = {"query": "q=13812345678", "purpose": "review", "words": "季度会议", "next": "/"}
    browser(bank.people["81001"]).post(reverse("exports:list", args=["customers.customer"]), form)
    assert "13812345678" not in str(ExportPermit.objects.get().params)
