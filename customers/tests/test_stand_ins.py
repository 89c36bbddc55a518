"""A colleague stands in for a customer until a moment: asked by one, decided by another, over by itself (R254, R263)."""

from datetime import timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from crm.access.errors import NotVisible, Refused
from crm.approvals.models import ChangeRequest
from crm.approvals.services import decide
from crm.log.models import Event
from crm.staff.models import User
from crm.tests.personas import Bank, as_actor, browser
from customers.models import Customer, CustomerGrant
from customers.services.standins import NoStandIn, WrongEnd, propose_stand_in, standing_in_for

pytestmark = pytest.mark.django_db


def ask(bank: Bank, customer: Customer, by: str = "80001", **changes: Any) -> ChangeRequest:
    values: dict[str, Any] = {
        "person": "80003",
        "until": timezone.now() + timedelta(hours=2),
        "may_change": False,
        "reason": "on leave",
    } | changes
    return propose_stand_in(actor=as_actor(bank.people[by]), customer=customer, **values)


def approve(asked: ChangeRequest, officer: User) -> ChangeRequest:
    return decide(actor=as_actor(officer), request=asked, approve=True, reason="agreed", shown_hash=asked.shown_hash)


def sees(person: User, customer: Customer) -> bool:
    return browser(person).get(reverse("customers:customer", args=[customer.reference])).status_code == 200


def test_from_the_page_to_the_end(bank: Bank, zhang_wei: Customer, time_machine: Any) -> None:
    """Asked on the customer's page, approved by the branch manager, seen until the minute, gone after it without anybody's act."""
    colleague, until = bank.people["80003"], timezone.now() + timedelta(hours=2)
    place = reverse("customers:customer_stand_in", args=[zhang_wei.reference])
    form = {"person": "80003", "until": timezone.localtime(until).strftime("%Y-%m-%dT%H:%M"), "reason": "on leave"}
    assert browser(bank.people["80001"]).post(place, form).status_code == 302
    asked = ChangeRequest.objects.get()
    assert not sees(colleague, zhang_wei)
    assert approve(asked, bank.people["81001"]).state == "applied"
    assert sees(colleague, zhang_wei)
    assert colleague.has_perm("customers.view_customer", zhang_wei)
    listed = browser(bank.people["81001"]).get(reverse("customers:stand_ins")).content.decode()
    assert "80003" in listed
    line = Event.objects.get(action="customer.grant_given")
    assert (line.approver, line.customer, line.data["person"]) == ("81001", zhang_wei.reference, "80003")
    time_machine.move_to(until + timedelta(minutes=1))
    assert not User.objects.get(pk=colleague.pk).has_perm("customers.view_customer", zhang_wei)
    assert not Customer.objects.visible_to(as_actor(colleague)).filter(pk=zhang_wei.pk).exists()


def test_it_ends_at_once_by_one(bank: Bank, zhang_wei: Customer) -> None:
    approve(ask(bank, zhang_wei, may_change=True), bank.people["81001"])
    assert CustomerGrant.objects.count() == 2
    place = reverse("customers:customer_stand_in", args=[zhang_wei.reference])
    assert browser(bank.people["80001"]).post(place, {"end": "80003"}).status_code == 302
    assert not sees(bank.people["80003"], zhang_wei)
    assert Event.objects.filter(action="customer.grant_withdrawn").count() == 1


def test_who_may_not(bank: Bank, zhang_wei: Customer, li_na: Customer) -> None:
    """For another's customer it is not there; herself, the unknown, people without customers and without clearance cannot stand in."""
    with pytest.raises(NotVisible):
        ask(bank, li_na)
    for number in ("80001", "99999", "85001"):
        with pytest.raises(NoStandIn):
            ask(bank, zhang_wei, person=number)
    Customer.objects.filter(pk=zhang_wei.pk).update(labels=8)
    with pytest.raises(NoStandIn):
        ask(bank, zhang_wei)
    for until in (timezone.now(), timezone.now() + timedelta(days=91)):
        with pytest.raises(WrongEnd):
            ask(bank, zhang_wei, person="81001", until=until)
    assert not ChangeRequest.objects.exists()


def test_neither_asker_nor_stand_in_decides(bank: Bank, zhang_wei: Customer) -> None:
    """And who stands in for somebody is no second person to her on that customer."""
    asked = ask(bank, zhang_wei, by="81001", person="81002")
    for number in ("81001", "81002"):
        with pytest.raises((Refused, NotVisible)):
            approve(asked, bank.people[number])
    approve(asked, bank.people["82002"])
    again = ask(bank, zhang_wei, by="81001")
    assert standing_in_for(again) == {"81002"}
