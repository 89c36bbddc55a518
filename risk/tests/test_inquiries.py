"""Inquiries: the managing relationship manager answers, and learns nothing else (no tipping-off).

Requirements: R110, R258.
"""

import re

import pytest
from django.urls import reverse

from crm.access.errors import NotVisible, Refused
from crm.notify.models import Notice
from crm.staff.models import User
from crm.tests.personas import as_actor, browser
from customers.models import Customer
from products.models import Account, Freeze
from products.services import place_freeze
from risk.models import Alert, Case, Inquiry
from risk.services import cases, inquiries
from risk.services.errors import InquiryDone, NobodyToAsk
from risk.tests.work import waiting
from transactions.models import Source
from transactions.tests.personas import recorded

pytestmark = pytest.mark.django_db


@pytest.fixture
def case(zhang_wei: Customer, zhou_min: User) -> Case:
    """A case about Zhang Wei."""
    return cases.open_case(actor=as_actor(zhou_min), alerts=[waiting(zhang_wei)], summary="现金化整为零")


@pytest.fixture
def inquiry(case: Case, zhou_min: User) -> Inquiry:
    """A question to Sun Yue."""
    return inquiries.ask(actor=as_actor(zhou_min), case=case, questions="资金来源？")


def test_the_managing_relationship_manager_answers_once(inquiry: Inquiry, sun_yue: User, zhou_min: User) -> None:
    assert [notice.user_id for notice in Notice.objects.filter(kind="inquiry.asked")] == [sun_yue.pk]
    address = reverse("risk:inquiry", args=[inquiry.reference])
    assert browser(sun_yue).post(address, {"text": "门店营业款"}).status_code == 302
    inquiry.refresh_from_db()
    assert (inquiry.state, inquiry.answer) == ("answered", "门店营业款")
    assert [notice.user_id for notice in Notice.objects.filter(kind="inquiry.answered")] == [zhou_min.pk]
    with pytest.raises(InquiryDone):
        inquiries.answer(actor=as_actor(sun_yue), inquiry=inquiry, text="再答一次")


def test_nobody_else_answers(inquiry: Inquiry, colleague: User, other_manager: User, zhou_min: User, branch_manager: User) -> None:
    address = reverse("risk:inquiry", args=[inquiry.reference])
    for person, refusal, status in (
        (colleague, NotVisible, 404),
        (other_manager, NotVisible, 404),
        (branch_manager, Refused, 403),
    ):
        with pytest.raises(refusal):
            inquiries.answer(actor=as_actor(person), inquiry=inquiry, text="我来答")
        assert browser(person).get(address).status_code == status
        assert browser(person).post(address, {"text": "我来答"}).status_code == status
    with pytest.raises(Refused):
        inquiries.answer(actor=as_actor(zhou_min), inquiry=inquiry, text="自问自答")
    inquiry.refresh_from_db()
    assert (inquiry.state, inquiry.answer) == ("asked", "")


def test_a_customer_without_a_manager_cannot_be_asked_about(case: Case, zhou_min: User) -> None:
    Customer.objects.filter(pk=case.customer_id).update(manager=None)
    with pytest.raises(NobodyToAsk):
        inquiries.ask(actor=as_actor(zhou_min), case=case, questions="资金来源？")
    assert not Inquiry.objects.exists()


def test_the_inquiry_names_neither_alert_nor_scenario_nor_case(inquiry: Inquiry, case: Case, zhou_min: User, sun_yue: User) -> None:
    freeze = cases.freeze_in_case(actor=as_actor(zhou_min), case=case, kind="payment_stop", reason="核实中")
    alert, client = Alert.objects.get(), browser(sun_yue)
    secrets = (alert.reference, case.reference, freeze.reference, case.summary, alert.rule.code, "核实中", "82001", "周敏")
    for address in (reverse("risk:inquiry", args=[inquiry.reference]), reverse("risk:inquiry_list"), "/", "/notices/"):
        page = client.get(address, headers={"Accept-Language": "en"})
        assert page.status_code == 200
        assert [secret for secret in secrets if secret in page.content.decode()] == [], address
    for name, row in (("risk:alert", alert), ("risk:case", case), ("products:freeze", freeze)):
        assert client.get(reverse(name, args=[row.reference])).status_code == 403
        nothing = f"{row.reference[:2]}22222222"
        found, missing = (_plain(client.get("/search/", {"q": text}).content.decode()) for text in (row.reference, nothing))
        assert found.replace(row.reference, nothing) == missing
    mail = Notice.objects.get(kind="inquiry.asked")
    assert not [secret for secret in secrets if secret in f"{mail.subject}{mail.body}{mail.params}"]


def test_her_pages_are_the_same_with_and_without_alert_case_and_freeze(
    core: Source, zhang_wei: Customer, salary_account: Account, sun_yue: User, zhou_min: User
) -> None:
    """No tipping-off: byte for byte, tokens and the clock aside."""
    movement = recorded(salary_account, 1, source="core")
    client = browser(sun_yue)
    places = [
        "/",
        reverse("customers:customer_list"),
        reverse("customers:customer", args=[zhang_wei.reference]),
        reverse("products:account_list"),
        reverse("products:account", args=[salary_account.reference]),
        reverse("transactions:transaction_list"),
        reverse("transactions:transaction", args=[movement.reference]),
        reverse("risk:inquiry_list"),
        "/notices/",
    ]

    def seen() -> dict[str, str]:
        return {place: _plain(client.get(place).content.decode()) for place in places}

    seen()
    before = seen()
    case = cases.open_case(actor=as_actor(zhou_min), alerts=[waiting(zhang_wei)], summary="现金化整为零")
    cases.freeze_in_case(actor=as_actor(zhou_min), case=case, kind="payment_stop", reason="核实中", account=salary_account)
    place_freeze(actor=as_actor(zhou_min), customer=zhang_wei, kind="payment_stop", reason="核实中")
    assert Freeze.objects.count() == 2
    after = seen()
    for place in places:
        assert after[place] == before[place], place


def _plain(page: str) -> str:
    page = re.sub(r'(name="csrfmiddlewaretoken" value="|X-CSRFToken&quot;: &quot;)[^"&]+', r"\1", page)
    page = re.sub(r'("X-CSRFToken": ")[^"]+', r"\1", page)
    page = re.sub(r"([?;&](in|at)=)[\w-]+", r"\1", page)  # places in a list, sealed with another nonce each time
    return re.sub(r"20\d\d-\d\d-\d\d \d\d:\d\d(:\d\d)?", "", page)
