"""Labels against clearances: a labelled customer is not there for whoever lacks the clearance, in any channel (R258, R263, 等保 8.1.4.2).

Requirements: R253, R254, R258, R263.
"""

from typing import Any

import pytest
from django.apps import apps
from django.urls import reverse

from crm.access.errors import NotVisible
from crm.access.scopes import ScopedQuerySet
from crm.access.services import may, require
from crm.access.tests.test_grants import grant
from crm.approvals.services import decide
from crm.log.models import Event
from crm.staff.models import RolePermission
from crm.tests.personas import Bank, as_actor, browser
from customers.choices import CustomerLabel
from customers.models import Customer
from customers.services.labels import propose_labels
from products.models import Account
from products.services import place_freeze
from risk.models import Alert, Assessment
from risk.services import screening
from risk.tests.work import cash_in
from transactions.models import Source, Transaction

pytestmark = pytest.mark.django_db


def label(customer: Customer, *labels: str) -> None:
    Customer.objects.filter(pk=customer.pk).update(labels=sum(CustomerLabel(one).bit for one in labels))


def sees(bank: Bank, number: str, customer: Customer) -> bool:
    """Whether every way of asking shows the customer; all must agree."""
    actor = as_actor(bank.people[number])
    found = {
        Customer.objects.visible_to(actor).filter(pk=customer.pk).exists(),
        may(actor, "customers.view_customer", customer),
        actor.user.has_perm("customers.view_customer", customer),
        browser(bank.people[number]).get(reverse("customers:customer", args=[customer.reference])).status_code == 200,
    }
    assert len(found) == 1, found
    return bool(found.pop())


# Managing relationship manager, her branch's manager, risk officer, supervisor, auditor, service agent, operations.
WHO = ("80001", "81001", "82001", "82002", "86001", "84101", "84001")


@pytest.mark.parametrize(
    ("labels", "seen"),
    [
        ((), {*WHO}),
        (("sensitive",), {"80001", "81001", "82001", "82002", "86001"}),
        (("highly_sensitive",), {"80001", "82001", "82002", "86001"}),
        (("pep",), {"80001", "81001", "82001", "82002", "86001"}),
        (("staff",), {"82002", "86001"}),
        (("pep", "staff"), {"82002", "86001"}),
        (("sensitive", "highly_sensitive"), {"80001", "82001", "82002", "86001"}),
    ],
)
def test_who_sees_which_label(bank: Bank, zhang_wei: Customer, chen_jing: Customer, labels: tuple[str, ...], seen: set[str]) -> None:
    """Each label asks for its own clearance; the managing relationship manager needs none for her own customers, but for staff."""
    label(zhang_wei, *labels)
    assert {number for number in WHO if sees(bank, number, zhang_wei)} == seen
    assert sees(bank, "82001", chen_jing), "an ordinary customer beside it stays as it was"


def test_a_grant_opens_no_label(bank: Bank, li_na: Customer) -> None:
    """A dated grant says where, a clearance says what kind: the first does not replace the second."""
    grant(bank.people["80001"], li_na)
    assert sees(bank, "80001", li_na)
    label(li_na, "pep")
    assert not sees(bank, "80001", li_na)


GUARDED = sorted(
    (model for model in apps.get_models() if isinstance(rows := model._default_manager.all(), ScopedQuerySet) and rows.guarded),
    key=lambda model: model._meta.label,
)
REACHES = ("branch", "all")


def rows_of(model: Any) -> Any:
    return model._default_manager.all()


def leads_to_customer(model: Any) -> bool:
    return any(field.is_relation and field.many_to_one and field.related_model is Customer for field in model._meta.get_fields())


def test_every_model_that_hangs_on_a_customer_is_guarded() -> None:
    """A model with a scope of its own and a customer names the column, or a labelled customer's rows show to everybody with reach all."""
    scoped = [model for model in apps.get_models() if isinstance(model._default_manager.all(), ScopedQuerySet)]
    assert [model._meta.label for model in scoped if leads_to_customer(model) and model not in GUARDED] == []
    assert {"customers.Customer", "products.Account", "transactions.Transaction", "risk.Alert", "risk.Assessment"} <= {
        model._meta.label for model in GUARDED
    }


@pytest.mark.parametrize("reach", REACHES)
def test_rows_of_a_labelled_customer(
    bank: Bank, zhang_wei: Customer, chen_jing: Customer, salary_account: Account, core: Source, reach: str
) -> None:
    """Accounts, freezes, transactions, verdicts, alerts: gone with the customer, whatever the reach; back with the clearance."""
    screening.judge(ids=[row.pk for row in cash_in(salary_account)])
    place_freeze(actor=as_actor(bank.people["82001"]), customer=salary_account.customer, kind="own", reason="suspicion of fraud")
    officer = bank.people["84101"]
    for model in (Customer, Account, Transaction, Assessment, Alert):
        RolePermission.objects.update_or_create(
            role=officer.roles.get(), permission=f"{model._meta.app_label}.view_{model._meta.model_name}", defaults={"reach": reach}
        )
    before = {model._meta.label: rows_of(model).visible_to(as_actor(officer)).count() for model in GUARDED}
    assert min(before[name] for name in ("products.Account", "transactions.Transaction", "risk.Assessment", "risk.Alert")) > 0
    label(salary_account.customer, "pep")
    mine = {
        model._meta.label: rows_of(model).visible_to(as_actor(officer)).filter(**of_customer(model, salary_account.customer)).count()
        for model in GUARDED
    }
    assert set(mine.values()) == {0}, mine
    with pytest.raises(NotVisible):
        require(as_actor(officer), "products.view_account", salary_account)
    RolePermission.objects.create(role=officer.roles.get(), permission="customers.clear_pep", reach="all")
    assert {model._meta.label: rows_of(model).visible_to(as_actor(officer)).count() for model in GUARDED} == before


def of_customer(model: Any, customer: Customer) -> dict[str, Any]:
    return {model._default_manager.all().guarded: customer.pk}


def test_search_and_lists_say_nothing(bank: Bank, zhang_wei: Customer) -> None:
    """No hit, no count, no export line for whoever lacks the clearance."""
    label(zhang_wei, "highly_sensitive")
    agent = browser(bank.people["84101"])
    for typed in ("张伟", "6217000133", "zhangwei", zhang_wei.reference):
        assert f"/customers/{zhang_wei.reference}/" not in agent.get(reverse("ui:search"), {"q": typed}).content.decode()
    assert zhang_wei.reference not in agent.get(reverse("customers:customer_list")).content.decode()


def test_many_labelled_customers(bank: Bank, zhang_wei: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond what stands in a statement, the condition is a query: the answer is the same."""
    monkeypatch.setattr("crm.access.guards.MOST_LISTED", 0)
    label(zhang_wei, "staff")
    assert not sees(bank, "82001", zhang_wei)
    assert sees(bank, "82002", zhang_wei)


def test_two_people_label(bank: Bank, zhang_wei: Customer) -> None:
    """One proposes, another decides; the line in the log has both; a request about a labelled customer is kept from the uncleared."""
    officer, supervisor = as_actor(bank.people["82001"]), as_actor(bank.people["82002"])
    asked = propose_labels(actor=officer, customer=zhang_wei, labels=["staff"], reason="joined the bank in May")
    assert sees(bank, "82001", zhang_wei)
    done = decide(actor=supervisor, request=asked, approve=True, reason="checked with personnel", shown_hash=asked.shown_hash)
    assert done.state == "applied"
    assert not sees(bank, "82001", zhang_wei)
    line = Event.objects.get(action="customer.labelled")
    assert (line.actor_number, line.approver, line.customer) == ("82002", "82002", zhang_wei.reference)
    with pytest.raises(NotVisible):
        propose_labels(actor=officer, customer=zhang_wei, labels=[], reason="again")
    assert not type(asked).objects.visible_to(officer).filter(pk=asked.pk).exists()


def test_the_page(bank: Bank, zhang_wei: Customer) -> None:
    """The form proposes; labels that do not change are refused in words."""
    client = browser(bank.people["81001"])
    place = reverse("customers:customer_labels", args=[zhang_wei.reference])
    assert client.get(place).status_code == 200
    assert b"changes nothing" in client.post(place, {"reason": "as it is"}).content
    assert client.post(place, {"labels": ["pep"], "reason": "elected"}).status_code == 302
