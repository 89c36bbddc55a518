"""The page that explains access agrees with the gate, names the reason, and is written down (R262, R263, R317)."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from crm.access.services import may
from crm.access.tests.test_grants import grant
from crm.log.models import Event
from crm.tests.personas import Bank, as_actor, browser
from customers.models import Customer
from customers.services.why import explain

pytestmark = pytest.mark.django_db


def test_it_agrees_with_the_gate_and_names_the_reason(bank: Bank, zhang_wei: Customer, li_na: Customer) -> None:
    """Own, out of scope, by grant, labelled, without the function, switched off; the asker is told no name of the customer."""
    grant(bank.people["80003"], li_na, valid_until=timezone.now() + timedelta(hours=1))
    Customer.objects.filter(pk=zhang_wei.pk).update(labels=4)
    bank.people["80002"].is_active = False
    bank.people["80002"].save()
    asker = as_actor(bank.people["85001"])
    for number in ("80001", "80002", "80003", "81001", "82001", "82002", "85002"):
        for customer in (zhang_wei, li_na):
            found = explain(actor=asker, number=number, reference=customer.reference, permission="customers.view_customer")
            assert found.allowed == may(as_actor(bank.people[number]), "customers.view_customer", customer), (number, customer)
            state, role, scope, granted, clearance = (step.holds for step in found.steps)
            assert found.allowed == (state and role and (scope or granted) and clearance), (number, customer, found.steps)
    client = browser(bank.people["85001"])
    form = {"number": "82001", "reference": zhang_wei.reference, "permission": "customers.view_customer"}
    page = client.post(reverse("customers:why"), form).content.decode()
    assert "No clearance for" in page
    assert "张伟" not in page
    by_core = client.post(reverse("customers:why"), {**form, "reference": zhang_wei.core_number}).content.decode()
    assert "No clearance for" in by_core and zhang_wei.reference in by_core
    assert f'value="{zhang_wei.reference}"' in client.get(reverse("customers:why") + f"?reference={zhang_wei.reference}").content.decode()
    assert "no such person" in client.post(reverse("customers:why"), {**form, "number": "99999"}).content.decode()
    assert "no such person" in client.post(reverse("customers:why"), {**form, "reference": "6217000999999999"}).content.decode()
    asked = [line.data for line in Event.objects.filter(action="access.explained", customer="").order_by("id")]
    assert [(one["person"], one["customer"]) for one in asked] == [("99999", form["reference"]), (form["number"], "62**********9999")]
    assert Event.objects.filter(action="access.explained", customer=zhang_wei.reference).count() == 9
