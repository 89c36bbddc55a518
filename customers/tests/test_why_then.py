"""What the page says of a former moment is what the gate said then, and the auditor's question agrees (R262, R263, R317)."""

import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from audit.services.questions import what_could_see
from crm.access.actor import SYSTEM
from crm.access.services import may
from crm.access.tests.test_grants import grant
from crm.lists.formats import moment as told
from crm.log import services as log
from crm.staff.models import RolePermission, User
from crm.staff.services.role_table import permission_label
from crm.tests.personas import Bank, as_actor, browser
from customers.models import Customer, CustomerGrant, PortfolioGrant
from customers.services.why import explain
from customers.services.why_then import NothingKept

VIEW = "customers.view_customer"
PEOPLE = ("80001", "80002", "80003", "81001", "82001", "84101", "85002")
pytestmark = pytest.mark.django_db(transaction=True)


def history(bank: Bank, zhang_wei: Customer, li_na: Customer) -> list[Callable[[], Any]]:
    """Every kind of thing that decides who sees whom, changed one after the other."""
    one, other, ends = bank.people["80001"], bank.people["80003"], timezone.now() + timedelta(hours=1)
    rows = RolePermission.objects.filter(role__code="service-agent", permission=VIEW)
    people, customers = User.objects.filter(number="81001"), Customer.objects.filter(pk=zhang_wei.pk)
    return [
        lambda: grant(other, li_na, valid_until=ends),
        lambda: CustomerGrant.objects.update(valid_until=timezone.now() + timedelta(seconds=0.3)),
        lambda: time.sleep(0.4),
        lambda: PortfolioGrant.objects.create(user=bank.people["80002"], manager=one, valid_until=ends, reason="leave"),
        lambda: people.update(is_active=False),
        lambda: people.update(is_active=True, branch=bank.branches["310001"]),
        lambda: people.update(branch=bank.branches["110"]),
        lambda: customers.update(labels=4),
        lambda: customers.update(labels=8, manager=other),
        lambda: customers.update(labels=0, opening_branch=bank.branches["310001"]),
        lambda: PortfolioGrant.objects.update(valid_until=timezone.now()),
        lambda: rows.update(reach="none"),
        lambda: bank.people["81001"].assignments.all().delete(),
        lambda: bank.people["82001"].assignments.update(valid_until=timezone.now()),
    ]


@pytest.mark.parametrize("every", [5, pytest.param(1, marks=pytest.mark.slow)])
def test_then_as_the_gate_said_then(bank: Bank, zhang_wei: Customer, li_na: Customer, every: int) -> None:
    """After each change the gate is asked; when all is past, the page and the auditor's question give the same answers.

    The quick slice asks about what is otherwise now, and every fifth of the rest.
    """
    said: dict[tuple[datetime, str, str], bool] = {}
    held: dict[tuple[datetime, str], set[str]] = {}
    for change in [lambda: None, *history(bank, zhang_wei, li_na)]:
        with transaction.atomic():
            change()
            log.record(actor=SYSTEM, action="staff.roles_changed")
        at = timezone.now()
        for number in PEOPLE:
            person = User.objects.select_related("branch").get(number=number)
            held[at, number] = {str(permission_label(name)) for name in person.permissions()}
            for customer in (zhang_wei, li_na):
                said[at, number, customer.reference] = may(person, VIEW, customer)
    asker, auditor = as_actor(bank.people["88001"]), as_actor(bank.people["86001"])
    last = max(at for at, _number in held)
    moved = [row for row in said if said[row] != said[last, row[1], row[2]]]
    for at, number, reference in {*moved, *list(said)[::every]}:
        allowed = said[at, number, reference]
        found = explain(actor=asker, number=number, reference=reference, permission=VIEW, at=at)
        assert found.allowed == allowed, (number, reference, told(at), found.steps)
    moved_too = [row for row in held if held[row] != held[last, row[1]]]
    for at, number in {*moved_too[::2], *list(held)[:: every * 2 - 1]}:
        labels = held[at, number]
        answer = what_could_see(actor=auditor, number=number, moment=at)
        assert {row.label for row in answer.held} == labels, (number, told(at))
    answers = {(number, reference): set[bool]() for _at, number, reference in said}
    for (_at, number, reference), allowed in said.items():
        answers[number, reference].add(allowed)
    assert sum(len(found) == 2 for found in answers.values()) >= 6, "the story changes what people see"


def test_the_page_asks_for_a_moment(bank: Bank, zhang_wei: Customer) -> None:
    """A moment of which nothing is kept, or that has not come, is refused in words; grants are told on the bank's clock, open ends too."""
    given = grant(bank.people["80003"], zhang_wei, valid_until=None)
    with pytest.raises(NothingKept):
        explain(
            actor=as_actor(bank.people["88001"]),
            number="80003",
            reference=zhang_wei.reference,
            permission=VIEW,
            at=timezone.now() + timedelta(days=1),
        )
    client, page = browser(bank.people["88001"]), reverse("customers:why")
    client.cookies["django_language"] = "en"
    form = {"number": "80003", "reference": zhang_wei.reference, "permission": VIEW}
    body = client.post(page, form).content.decode()
    assert f"{told(given.valid_from)} – open end" in body and "UTC" not in body and "now." in body
    for at, words in (("2020-01-01T00:00", "not recorded yet"), ("2999-01-01T00:00", "moment that is past"), ("x", "valid date")):
        assert words in client.post(page, {**form, "at": at}).content.decode()
    assert client.post(page, {**form, "at": "0001-01-01T00:00"}).status_code == 200
