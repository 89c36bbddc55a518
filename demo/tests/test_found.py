"""Acceptance of the demo world: the product finds every planted story and no near miss, through its own recording and judging.

Requirements: R005, R106, R114, R139, R290.
"""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.conf import settings

from crm.calendar import services as calendar
from crm.log.models import Event
from crm.staff.models import User
from customers.models import Customer, CustomerFigures
from demo.codes import code_of
from demo.generate import make_world
from demo.loading.bank import PEOPLE_FILE, NotEmpty, load, told_world
from demo.scoring import score
from demo.world import World
from products.models import Account
from products.services import place_freeze  # noqa: F401  the verb the rules call: a missing one fails here, not in a worker
from transactions.choices import Screening
from transactions.models import Transaction
from transactions.services import balances

ORDINARY = ("lively", "quiet", "student", "pensioner", "shop", "stall", "firm", "large_firm", "idle")


def small_world() -> World:
    """Return every story of the demo world, and one customer of each ordinary life beside them."""
    world = make_world(calendar.today() - timedelta(days=1), business_day=calendar.business_day)
    wanted = {label.customer for label in world.labels}
    for life in ORDINARY:
        wanted.add(next(c.core_number for c in world.customers if c.life == life and c.core_number not in wanted))
    return world.only(wanted)


@pytest.mark.django_db(transaction=True)
def test_every_story_is_found_and_no_near_miss(settings: object) -> None:
    """R105, R107: planted 100 %, near misses 0, ordinary life raises nothing; history is exempt, the last 30 days are judged."""
    world = small_world()
    load(world, scale=1, report=lambda _step, _count: None, processes=1)
    scores = score(world)
    assert {one.scenario: one.wrong for one in scores if one.wrong} == {}
    assert [(one.scenario, one.found, one.fired, one.false_alerts) for one in scores] == [
        (one.scenario, one.planted, 0, 0) for one in scores
    ]
    recent = {entry.external_id for entry in world.transactions if entry.at >= world.judged_from}
    states = dict(Transaction.objects.values_list("external_id", "screening"))
    assert {key for key, state in states.items() if state == Screening.JUDGED} == recent
    assert {state for key, state in states.items() if key not in recent} == {Screening.EXEMPT}
    _parties_are_as_made(world)
    with pytest.raises(NotEmpty):
        load(world, scale=1, report=lambda _step, _count: None, processes=1)


def _parties_are_as_made(world: World) -> None:
    """What the ledger adds up is what the made-up bank says, to the fen."""
    assert Customer.objects.count() == len(world.customers)
    made = {account.number[-4:] + account.owner: account for customer in world.customers for account in customer.accounts}
    held = {number: account.opening or 0 for number, account in ((a.number, a) for a in made.values())}
    for entry in world.transactions:
        if entry.status == "completed":
            held[entry.account] += entry.cents if entry.direction == "C" else -entry.cents
    rows = list(Account.objects.select_related("customer"))
    found = balances(row.pk for row in rows)
    for row in rows:
        account = made[row.number_last4 + row.customer.core_number]
        assert found[row.pk].current * 100 == held[account.number], account
    assert set(CustomerFigures.objects.values_list("customer__core_number", "accounts")) == {
        (customer.core_number, len(customer.accounts)) for customer in world.customers
    }
    assert told_world() is not None
    assert Event.objects.filter(action="transaction.recorded").count() == 2
    people = (settings.HOME / PEOPLE_FILE).read_text()
    password = people.split("password of all: ")[1].split(")")[0]
    assert all(person.check_password(password) and person.is_usable for person in User.objects.filter(number__in=("80001", "82001")))
    assert len(code_of(User.objects.get(number="82001"))) == 6
