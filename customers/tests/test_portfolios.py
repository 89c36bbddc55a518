"""A colleague stands in for a whole portfolio: one act, two people, from a moment until another (R254, R263)."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from audit.services.questions import what_could_see
from crm.access.errors import NotVisible, Refused
from crm.access.services import may
from crm.approvals.handlers import excluded_from
from crm.approvals.models import ChangeRequest
from crm.approvals.services import decide
from crm.log.models import Event
from crm.staff.models import User
from crm.tests.personas import Bank, as_actor, browser
from customers.models import Customer, PortfolioGrant
from customers.services.portfolios import NoPortfolio, WrongPeriod, end_portfolio, preview, propose_portfolio
from customers.services.standins import NoStandIn, standing_in_for
from customers.services.why import explain
from customers.tests.personas import person
from products.models import Account
from products.tests.personas import account_of

pytestmark = pytest.mark.django_db
ABSENT, COLLEAGUE, CHIEF = "80001", "80003", "81001"


def ask(bank: Bank, by: str = ABSENT, **changes: Any) -> ChangeRequest:
    now = timezone.now()
    told = {
        "manager": ABSENT,
        "person": COLLEAGUE,
        "begins": now,
        "until": now + timedelta(days=3),
        "may_change": False,
        "reason": "on leave",
    }
    return propose_portfolio(actor=as_actor(bank.people[by]), **{**told, **changes})


def approve(asked: ChangeRequest, officer: User) -> ChangeRequest:
    return decide(actor=as_actor(officer), request=asked, approve=True, reason="agreed", shown_hash=asked.shown_hash)


def given(bank: Bank, **changes: Any) -> PortfolioGrant:
    approve(ask(bank, **changes), bank.people[CHIEF])
    return PortfolioGrant.objects.latest("pk")


def seen(bank: Bank, number: str = COLLEAGUE) -> set[str]:
    """The customers that she sees, by every question of the gate: they must agree."""
    user = User.objects.get(number=number)
    every = list(Customer.objects.all())
    answers = [
        {one.core_number for one in Customer.objects.visible_to(user)},
        {one.core_number for one in every if user.has_perm("customers.view_customer", one)},
        {one.core_number for one in every if may(as_actor(user), "customers.view_customer", one)},
        {one.core_number for one in every if browser(user).get(f"/customers/{one.reference}/").status_code == 200},
    ]
    assert all(one == answers[0] for one in answers)
    return answers[0]


def typed(moment: datetime) -> str:
    return timezone.localtime(moment).strftime("%Y-%m-%dT%H:%M")


def test_who_is_stood_in_for_does_not_decide(bank: Bank, zhang_wei: Customer) -> None:
    """R263: neither the colleague nor the person whose customers are given, whoever proposed it."""
    asked = ask(bank, by=CHIEF)
    assert excluded_from(asked) >= {ABSENT, COLLEAGUE, CHIEF}


def test_counted_asked_decided_seen_and_over(bank: Bank, zhang_wei: Customer, li_na: Customer, time_machine: Any) -> None:
    """From the page: counted first, nothing before a second person, then all customers and what hangs on them; over by itself."""
    account_of(zhang_wei, "6222020200112233445")
    labelled = person(bank, "6217000999", manager=bank.people[ABSENT])
    Customer.objects.filter(pk=labelled.pk).update(labels=1)
    own, client = seen(bank), browser(bank.people[ABSENT])
    begins, until = timezone.now() + timedelta(hours=1), timezone.now() + timedelta(days=2)
    place = reverse("customers:portfolio_stand_in")
    form = {"manager": ABSENT, "person": COLLEAGUE, "begins": typed(begins), "until": typed(until), "reason": "on leave"}
    counted = client.post(place, form | {"preview": "1"}).content.decode()
    assert "1 customer would be opened." in counted
    assert "1 stays out because of labels." in counted
    assert not ChangeRequest.objects.exists()
    assert client.post(place, form | {"propose": "1"}).status_code == 302
    assert seen(bank) == own
    assert approve(ChangeRequest.objects.get(), bank.people[CHIEF]).state == "applied"
    assert seen(bank) == own
    time_machine.move_to(begins + timedelta(minutes=1))
    assert seen(bank) == own | {zhang_wei.core_number}
    assert Account.objects.visible_to(User.objects.get(number=COLLEAGUE)).filter(customer=zhang_wei).exists()
    for page, reader in (("customers:stand_ins", CHIEF), ("customers:stand_ins", COLLEAGUE), ("customers:portfolio_stand_in", ABSENT)):
        assert "80001" in browser(bank.people[reader]).get(reverse(page)).content.decode()
    line = Event.objects.get(action="portfolio.stand_in_given")
    assert (line.approver, line.data["customers"], line.data["left_out"]) == (CHIEF, 1, 1)
    time_machine.move_to(until + timedelta(minutes=1))
    assert seen(bank) == own


def test_who_joins_is_covered_who_leaves_is_not(bank: Bank, zhang_wei: Customer, li_na: Customer) -> None:
    """And seeing is not changing, unless it was asked."""
    own = seen(bank)
    given(bank)
    assert seen(bank) == own | {zhang_wei.core_number}
    colleague = User.objects.get(number=COLLEAGUE)
    assert not may(colleague, "customers.change_customer", zhang_wei)
    Customer.objects.filter(pk=li_na.pk).update(manager=bank.people[ABSENT])
    Customer.objects.filter(pk=zhang_wei.pk).update(manager=bank.people["80002"])
    assert seen(bank) == own | {li_na.core_number}
    given(bank, may_change=True)
    assert may(colleague, "customers.change_customer", li_na)
    assert not may(colleague, "customers.change_customer", zhang_wei)


def test_it_ends_at_once_by_one(bank: Bank, zhang_wei: Customer) -> None:
    own = seen(bank)
    row, coming = given(bank), given(bank, begins=timezone.now() + timedelta(days=1))
    for reference in (row.reference, coming.reference):
        with pytest.raises(NotVisible):
            end_portfolio(actor=as_actor(bank.people["80002"]), reference=reference, reason="x")
        assert browser(bank.people[ABSENT]).post(reverse("customers:portfolio_stand_in"), {"end": reference}).status_code == 302
    assert seen(bank) == own
    assert not PortfolioGrant.objects.all().not_over().exists()
    assert Event.objects.filter(action="portfolio.stand_in_ended").count() == 2
    assert end_portfolio(actor=as_actor(bank.people[ABSENT]), reference=row.reference, reason="x") is False


def test_who_may_not(bank: Bank, zhang_wei: Customer, li_na: Customer) -> None:
    """Another's portfolio, an empty one, herself, the unknown, people without customers; a period that is none."""
    now = timezone.now()
    for by, manager in ((ABSENT, "80002"), (CHIEF, "80002"), (ABSENT, "99999"), (CHIEF, "81002")):
        with pytest.raises(NoPortfolio):
            ask(bank, by, manager=manager)
    for colleague in (ABSENT, "99999", "85001"):
        with pytest.raises(NoStandIn):
            ask(bank, person=colleague)
    for begins, until in ((now, now), (now, now + timedelta(days=91)), (now + timedelta(days=91), now + timedelta(days=92))):
        with pytest.raises(WrongPeriod):
            ask(bank, begins=begins, until=until)
    with pytest.raises(Refused):
        preview(actor=as_actor(bank.people["85001"]), manager=ABSENT, person=COLLEAGUE, begins=now, until=now + timedelta(days=1))
    assert not ChangeRequest.objects.exists()


def test_neither_asker_nor_stand_in_nor_the_absent_decides(bank: Bank, zhang_wei: Customer) -> None:
    asked = ask(bank, by=CHIEF, person="81002")
    for number in (CHIEF, "81002", ABSENT):
        with pytest.raises((Refused, NotVisible)):
            approve(asked, bank.people[number])
    approve(asked, bank.people["82002"])
    about = ChangeRequest(customer=zhang_wei.reference, requested_by=bank.people[ABSENT])
    assert standing_in_for(about) == {"81002"}
    about.requested_by = bank.people[CHIEF]
    assert standing_in_for(about) == {"81002"}
    about.requested_by = bank.people["80002"]
    assert standing_in_for(about) == set()


def test_the_pages_that_explain_know_it(bank: Bank, zhang_wei: Customer) -> None:
    given(bank)
    found = explain(
        actor=as_actor(bank.people["86001"]), number=COLLEAGUE, reference=zhang_wei.reference, permission="customers.view_customer"
    )
    step = found.steps[3]
    assert (found.allowed, step.holds, "80001" in step.answer) == (True, True, True)
    past = what_could_see(actor=as_actor(bank.people["86001"]), number=COLLEAGUE, moment=timezone.now())
    assert ("80001", "portfolio, view") in {(one.reference, one.permission) for one in past.granted}
