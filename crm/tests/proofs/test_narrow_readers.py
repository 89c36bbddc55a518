"""Proof 4, the guards that only a reader notices whose reach is narrower than the row: another branch, another portfolio, no such right.

The matrix asks page by page; here stands what is counted, told, mailed or attached beside the pages.

What it cannot find: guards whose right every stock role holds for the whole bank or not at all (`guards.tsv` says of which).

Requirements: R246, R253, R257.
"""

from datetime import timedelta

import pytest
from django.template import Context
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone

from crm.access.errors import NotVisible
from crm.approvals.models import ChangeRequest
from crm.notify.models import Notice
from crm.reviews import services as reviews
from crm.reviews.services.standing import progress
from crm.staff.models import ServiceClient
from crm.tests.personas import Bank, as_actor, browser
from customers import services as customers
from customers.models import Customer, PortfolioGrant
from customers.providers import customer_tile
from customers.tests.test_stand_ins import approve, ask
from products.models import Account
from products.services import place_freeze
from products.templatetags.products import customer_accounts, standing_freezes_badge
from reports.models import ReportRun
from reports.providers import attached_workbook
from risk.models import Case
from risk.providers import _to_export, asked_tile
from risk.services import cases, inquiries

pytestmark = pytest.mark.django_db
OWN, OTHER_MANAGER, CHIEF, OTHER_CHIEF, OFFICER = "80001", "80002", "81001", "81002", "82001"


def test_a_request_about_a_customer_elsewhere_is_neither_told_nor_listed(bank: Bank, zhang_wei: Customer) -> None:
    """Only the branch manager in whose branch the customer is."""
    customers.change_customer(
        actor=as_actor(bank.people[OWN]), customer=zhang_wei, version=1, values={"mobile": "13611112222"}, reason="换号"
    )
    told = set(Notice.objects.filter(kind="approvals.to_decide").values_list("user__number", flat=True))
    assert CHIEF in told and OTHER_CHIEF not in told
    seen = {number: ChangeRequest.objects.to_decide(as_actor(bank.people[number])).exists() for number in (CHIEF, OTHER_CHIEF)}
    assert seen == {CHIEF: True, OTHER_CHIEF: False}


def test_stand_ins_elsewhere_are_not_listed(bank: Bank, zhang_wei: Customer) -> None:
    """Of one customer and of a portfolio."""
    approve(ask(bank, zhang_wei), bank.people[CHIEF])
    PortfolioGrant.objects.create(
        user=bank.people["80003"], manager=bank.people[OWN], valid_until=timezone.now() + timedelta(days=9), reason="leave"
    )
    pages = (reverse("customers:stand_ins"), reverse("customers:portfolio_stand_in"))
    for number, shown in ((CHIEF, True), (OTHER_CHIEF, False)):
        reader = browser(bank.people[number])
        assert ["80003" in reader.get(page).content.decode() for page in pages] == [shown, shown], number


def test_reviews_are_counted_within_reach(bank: Bank) -> None:
    """A branch manager's figures are of the people she reviews."""
    reviews.begin(actor=as_actor(bank.people["85001"]), reason="季度复核")
    counted = {}
    for number in (CHIEF, OTHER_CHIEF, "85001"):
        [row] = progress(actor=as_actor(bank.people[number]))
        counted[number] = row.people
    assert counted[OTHER_CHIEF] > 0 and counted[CHIEF] > 0 and counted[CHIEF] + counted[OTHER_CHIEF] < counted["85001"]


def test_a_tile_counts_ones_own_customers(bank: Bank, zhang_wei: Customer, li_na: Customer) -> None:
    """Those of a colleague are no figure of hers."""
    colleague = Customer.objects.filter(manager=bank.people[OTHER_MANAGER]).count()
    tile = customer_tile(as_actor(bank.people[OTHER_MANAGER]))
    assert tile is not None and tile["figures"][0].value == colleague < Customer.objects.count()


def test_an_inquiry_is_on_the_tile_of_whom_it_is_asked(bank: Bank, zhang_wei: Customer, salary_account: Account) -> None:
    """And of nobody else, whatever she may."""
    from crm.tests.test_every_page import _raise_an_alert

    officer = as_actor(bank.people[OFFICER])
    case = cases.open_case(actor=officer, alerts=[_raise_an_alert(salary_account)], summary="现金化整为零")
    inquiries.ask(actor=officer, case=case, questions="资金来源？")
    lines = {number: len((asked_tile(as_actor(bank.people[number])) or {"lines": []})["lines"]) for number in (OWN, OTHER_MANAGER)}
    assert lines == {OWN: 1, OTHER_MANAGER: 0}
    with pytest.raises(NotVisible):
        _to_export(as_actor(bank.people[OWN]), {"case": Case.objects.get().reference})


def test_a_report_is_not_attached_for_another_branch(bank: Bank) -> None:
    """Asked when the mail leaves."""
    day = timezone.localdate()
    run = ReportRun.objects.create(
        period="day", first_day=day, last_day=day, branch=bank.people[CHIEF].branch, state="done", requested_by=bank.people[CHIEF]
    )
    with pytest.raises(NotVisible):
        attached_workbook(as_actor(bank.people[OTHER_CHIEF]), {"run": run.reference})


def test_freezes_are_told_to_those_who_may_know(bank: Bank, zhang_wei: Customer, salary_account: Account) -> None:
    """Beside the account and as a badge; the relationship manager, who sees the customer, is told nothing."""
    place_freeze(actor=as_actor(bank.people[OFFICER]), customer=zhang_wei, kind="payment_stop", reason="短时间内大量转入后转出")
    request = RequestFactory().get("/")
    told = {}
    for number in (OFFICER, OWN):
        request.actor = as_actor(bank.people[number])  # type: ignore[attr-defined]
        context = Context({"request": request})
        beside = [freeze for row in customer_accounts(context, zhang_wei)["accounts"] for freeze in row["freezes"]]
        told[number] = (len(beside), bool(standing_freezes_badge(context, zhang_wei)))
    assert told == {OFFICER: (1, True), OWN: (0, False)}


def test_a_partner_holds_what_its_role_gives(partner: ServiceClient, zhang_wei: Customer) -> None:
    """`has_perm` answers as the gate does."""
    assert partner.has_perm("transactions.add_transaction")
    assert not partner.has_perm("customers.view_customer", zhang_wei)
