"""How many full values and searches for numbers a day allows, and what happens beyond (R262, R281, R283)."""

from datetime import timedelta
from typing import Any

import pytest
from django.conf import LazySettings
from django.urls import reverse
from django.utils import timezone

from crm.access.errors import StepUpNeeded
from crm.fields.budget import PROBED, BudgetSpent, ProbesSpent, budget_of, count_probe
from crm.fields.services import reveal
from crm.log.models import Event
from crm.tests.at_once import Sessions
from crm.tests.personas import Bank, as_actor, browser
from customers.models import Customer
from products.models import Account

pytestmark = pytest.mark.django_db
ID, MOBILE = "110105198603041215", "13812345678"


def address(customer: Customer, name: str) -> str:
    return reverse("fields:reveal", args=[f"customers.customer.{name}", customer.reference])


def test_the_budget_follows_the_widest_role(bank: Bank, settings: LazySettings) -> None:
    settings.REVEALS_A_DAY = "5,risk-officer=9"
    assert [budget_of(as_actor(bank.people[number])) for number in ("80001", "82001")] == [5, 9]


def test_beyond_the_budget_a_sentence_and_a_line(bank: Bank, zhang_wei: Customer, settings: LazySettings, time_machine: Any) -> None:
    """Refused in words, nothing shown, written; the next day it opens again."""
    settings.REVEALS_A_DAY = "2"
    client = browser(bank.people["80001"])
    for _turn in range(2):
        assert MOBILE in client.post(address(zhang_wei, "mobile")).content.decode()
    answer = client.post(address(zhang_wei, "mobile"))
    assert answer.status_code == 429
    assert MOBILE not in answer.content.decode()
    assert "as many full values" in answer.content.decode()
    line = Event.objects.get(action="field.reveal_refused")
    assert (line.result, line.customer, line.data["budget"]) == ("refused", zhang_wei.reference, 2)
    assert Event.objects.filter(action="field.revealed").count() == 2
    time_machine.move_to(timezone.now() + timedelta(hours=25))
    assert reveal(actor=as_actor(bank.people["80001"]), obj=zhang_wei, field="mobile") == MOBILE


def test_the_budget_is_a_persons_own(bank: Bank, zhang_wei: Customer, settings: LazySettings) -> None:
    settings.REVEALS_A_DAY = "1"
    reveal(actor=as_actor(bank.people["82001"]), obj=zhang_wei, field="mobile", reason="call back")
    with pytest.raises(BudgetSpent):
        reveal(actor=as_actor(bank.people["82001"]), obj=zhang_wei, field="mobile", reason="call back")
    assert reveal(actor=as_actor(bank.people["82003"]), obj=zhang_wei, field="mobile", reason="call back") == MOBILE


def test_identity_and_account_ask_for_the_second_factor(bank: Bank, zhang_wei: Customer, salary_account: Account) -> None:
    """A mobile of one's own customer is one click; an ID or account number needs a fresh factor; nothing is written without it."""
    stale = as_actor(bank.people["80001"], stepped_up=False)
    assert reveal(actor=stale, obj=zhang_wei, field="mobile") == MOBILE
    for obj, name in ((zhang_wei, "id_number"), (salary_account, "number")):
        with pytest.raises(StepUpNeeded):
            reveal(actor=stale, obj=obj, field=name, reason="checks the card")
    assert Event.objects.filter(action="field.revealed").count() == 1


def test_sixty_seconds_on_the_screen(bank: Bank, zhang_wei: Customer) -> None:
    """Without JavaScript the answer goes back to the mask by itself; with it the fragment asks for the mask; never kept by a cache."""
    client = browser(bank.people["80001"])
    page = client.post(address(zhang_wei, "mobile"), {"back": "/customers/"})
    assert page["Refresh"].startswith(f"60;url={address(zhang_wei, 'mobile')}?cancel=1")
    assert page["Cache-Control"] == "no-store"
    assert "shown until" in page.content.decode()
    fragment = client.post(address(zhang_wei, "mobile"), HTTP_HX_REQUEST="true").content.decode()
    assert 'hx-trigger="load delay:60s"' in fragment
    again = client.get(address(zhang_wei, "mobile") + "?cancel=1", HTTP_HX_REQUEST="true").content.decode()
    assert MOBILE not in again
    assert "138****5678" in again


# Who may look for a full number (fields.probe_value) and who may not, though both see the customer's page.
@pytest.mark.parametrize(("number", "finds"), [("80001", True), ("84101", True), ("84001", False)])
@pytest.mark.parametrize("typed", [ID, MOBILE, "zhangwei@mail.test"])
def test_search_confirms_no_hidden_value(bank: Bank, zhang_wei: Customer, number: str, finds: bool, typed: str) -> None:
    """For whoever may not, the right number and a wrong one give the same answer."""
    client = browser(bank.people[number])
    right = client.post(reverse("ui:search"), {"q": typed}, follow=True)
    assert (f"/customers/{zhang_wei.reference}/" in right.content.decode()) is finds
    assert Event.objects.filter(action="field.probed", actor_number=number).count() == int(finds)


def test_searches_for_numbers_are_counted(bank: Bank, zhang_wei: Customer, settings: LazySettings) -> None:
    """Beyond the day's number nothing is looked for, right or wrong; names go on."""
    settings.PROBES_A_DAY = 1
    client = browser(bank.people["84101"])
    assert client.post(reverse("ui:search"), {"q": "13900000000"}, follow=True).status_code == 200
    right, wrong = (client.post(reverse("ui:search"), {"q": typed}, follow=True) for typed in (MOBILE, "13900000001"))
    assert right.status_code == wrong.status_code == 429
    assert zhang_wei.reference not in right.content.decode()
    assert zhang_wei.reference in client.post(reverse("ui:search"), {"q": "张伟"}, follow=True).content.decode()


def test_a_passport_is_looked_for_as_often_as_any_number(bank: Bank, zhang_wei: Customer, settings: LazySettings) -> None:
    """R269: documents that look like no Chinese number are hidden values too: their searches are counted, references and names are not."""
    zhang_wei.id_type, zhang_wei.id_number = "passport", "E12345678"
    zhang_wei.save()
    settings.PROBES_A_DAY = 2
    client = browser(bank.people["84101"])
    for typed in (zhang_wei.reference, "zhangwei", "E12345678", "20261120"):
        assert client.post(reverse("ui:search"), {"q": typed}, follow=True).status_code == 200
    assert Event.objects.filter(action="field.probed").count() == 2
    for typed in ("E12345678", "E12345679", "10000017"):
        assert client.post(reverse("ui:search"), {"q": typed}, follow=True).status_code == 429
        assert client.get(reverse("ui:search"), {"q": typed}).status_code == 429


@pytest.mark.django_db(transaction=True)
def test_a_burst_of_searches_is_counted_one_by_one(bank: Bank, settings: LazySettings) -> None:
    """Twelve at once with four left: four are looked at."""
    settings.PROBES_A_DAY = 4
    actor, sessions = as_actor(bank.people["84101"]), Sessions()
    for _search in range(12):
        sessions.begin(lambda: count_probe(actor))
    sessions.join(30)
    assert [type(failure) for failure in sessions.failures] == [ProbesSpent] * 8
    assert Event.objects.filter(action=PROBED).count() == 4
