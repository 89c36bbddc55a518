"""The demo world is the same everywhere, looks like a bank, and its labels are true."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import date, timedelta
from decimal import Decimal
from functools import lru_cache
from pathlib import Path

import pytest
from stdnum import luhn
from stdnum.cn import ric, uscc

from customers.choices import BITS
from demo.clock import weekday_ordinal
from demo.generate import make_world
from demo.tests.oracle import SCENARIOS, Fired, Subject, fires
from demo.world import Label, Transaction, World

LAST_DAY = date(2026, 11, 20)
ROOT = Path(__file__).resolve().parents[2]


@lru_cache(maxsize=1)
def made() -> World:
    """Return the world of this file, made once."""
    return make_world(LAST_DAY)


@pytest.fixture(scope="module")
def world() -> World:
    """Return one world for all tests of this file."""
    return made()


@pytest.fixture(scope="module")
def by_owner(world: World) -> dict[str, list[Transaction]]:
    """Return the completed transactions of every customer, in order."""
    events: dict[str, list[Transaction]] = defaultdict(list)
    for entry in world.transactions:
        if entry.status == "completed":
            events[entry.owner].append(entry)
    return events


def judged(world: World, subject: Subject, scenario: int) -> set[Fired]:
    """Return what fires in the days to be judged; nobody judges history."""
    recent = {entry.external_id for entry in subject.events if entry.at >= world.judged_from}
    return {(transaction, step) for transaction, step in fires(scenario, subject) if transaction in recent}


def subject_of(world: World, by_owner: dict[str, list[Transaction]], core_number: str) -> Subject:
    """Return a customer as the oracle sees it."""
    customer = next(customer for customer in world.customers if customer.core_number == core_number)
    openings = {account.number: Decimal(account.opening or 0) / 100 for account in customer.accounts}
    return Subject(by_owner[core_number], customer.kind == "organisation", customer.segment, openings, weekday_ordinal)


def test_world_is_the_same_in_another_process(world: World) -> None:
    """Equal seed and day give equal bytes, whatever the hash seed of the process."""
    code = "from datetime import date; from demo.generate import make_world; print(make_world(date(2026, 11, 20)).digest())"
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": "7"}, capture_output=True, text=True, check=True
    )
    assert answer.stdout.strip() == world.digest()


def test_size_and_mix(world: World) -> None:
    """2,000 customers, nine in ten of them persons, at four branches, about 150,000 transactions in 120 days."""
    assert len(world.customers) == 2000
    assert sum(customer.kind == "person" for customer in world.customers) == 1800
    assert len({customer.branch for customer in world.customers}) == 4
    assert 145_000 <= len(world.transactions) <= 160_000
    assert (world.last_day - world.first_day).days == 119
    assert all(world.first_day <= entry.at.date() <= world.last_day for entry in world.transactions)


def test_a_few_persons_are_labelled(world: World) -> None:
    """R257: some of each label, no firm and no part of a plot, so that who lacks the clearance misses nothing that should be noticed."""
    labelled = [customer for customer in world.customers if customer.labels]
    count = Counter(label for customer in labelled for label in customer.labels)
    assert set(count) == set(BITS)
    assert all(4 <= number <= 10 for number in count.values()), count
    assert {customer.kind for customer in labelled} == {"person"}
    assert "plot" not in {customer.life for customer in labelled}
    assert len({customer.branch for customer in labelled}) > 1


def test_numbers_are_valid_and_agree_with_the_person(world: World) -> None:
    """R020: every identity number, credit code and account number passes its check and fits birth date and sex."""
    for customer in world.customers:
        if customer.id_type == "resident_card":
            ric.validate(customer.id_number)
            assert ric.get_birth_date(customer.id_number) == customer.birth_date
            assert (int(customer.id_number[16]) % 2 == 1) == (customer.gender == "male")
        elif customer.id_type == "credit_code":
            uscc.validate(customer.id_number)
        for account in customer.accounts:
            luhn.validate(account.number)
            assert account.holder_name == customer.name


def test_numbers_are_never_given_twice(world: World) -> None:
    """Core numbers, identity numbers, mobiles, accounts and external ids are unique; some names are not."""
    numbers = [
        *(c.core_number for c in world.customers), *(c.id_number for c in world.customers), *(c.mobile for c in world.customers),
        *(a.number for c in world.customers for a in c.accounts), *(t.external_id for t in world.transactions),
        *(p.number for p in world.staff),
    ]  # fmt: skip
    assert len(numbers) == len(set(numbers))
    assert Counter(customer.name for customer in world.customers)["张伟"] >= 3


def test_lively_customers_pay_three_to_ten_times_a_day(world: World, by_owner: dict[str, list[Transaction]]) -> None:
    """300 customers pay by phone 3 to 10 times on every day of the judged month."""
    lively = [customer for customer in world.customers if customer.life == "lively"]
    assert len(lively) == 300
    for customer in lively:
        days = Counter(
            entry.at.date()
            for entry in by_owner[customer.core_number]
            if entry.channel == "third_party" and entry.kind == "payment" and entry.at >= world.judged_from
        )
        assert len(days) == 30
        assert min(days.values()) >= 3
        assert max(days.values()) <= 10


def test_salaries_on_the_tenth_and_mortgages_at_two(world: World) -> None:
    """Salaries and mortgage instalments come from the bank's batch, not from the customer."""
    salaries = [entry for entry in world.transactions if entry.remark == "代发工资"]
    mortgages = [entry for entry in world.transactions if entry.remark == "房贷扣款" and entry.at.day == 20]
    assert len(salaries) > 3000
    assert len(mortgages) > 1000
    assert {entry.at.day for entry in salaries} == {10}
    assert {entry.at.hour for entry in mortgages} == {2}
    assert not any(entry.customer_initiated for entry in salaries + mortgages)


def test_own_transfers_are_two_transactions(world: World) -> None:
    """A transfer between own accounts is a debit and a credit with one transfer id."""
    pairs: dict[str, list[Transaction]] = defaultdict(list)
    for entry in world.transactions:
        if entry.transfer_id:
            pairs[entry.transfer_id].append(entry)
    assert len(pairs) > 1000
    for both in pairs.values():
        assert {entry.direction for entry in both} == {"C", "D"}
        assert len({entry.account for entry in both}) == 2
        assert len({(entry.owner, entry.cents, entry.at) for entry in both}) == 1


def test_no_account_is_ever_overdrawn(world: World) -> None:
    """Running balances never fall below zero."""
    balance = {account.number: account.opening or 0 for customer in world.customers for account in customer.accounts}
    for entry in world.transactions:
        if entry.status == "completed":
            balance[entry.account] += entry.cents if entry.direction == "C" else -entry.cents
            assert balance[entry.account] >= 0, entry


def test_every_live_scenario_is_planted_and_nearly_missed(world: World) -> None:
    """Each live scenario has stories of both kinds, each on a customer of its own."""
    for scenario in SCENARIOS:
        assert Counter(label.kind for label in world.labels if label.scenario == scenario).keys() == {"planted", "near_miss"}
    customers = [label.customer for label in world.labels]
    assert len(customers) == len(set(customers))
    at = {entry.external_id: entry.at for entry in world.transactions}
    assert all(at[label.trigger] >= world.judged_from for label in world.labels)


def labels() -> list[Label]:
    """Return the labels by themselves, to name the tests after."""
    return made().labels


@pytest.mark.parametrize("label", labels(), ids=lambda label: f"{label.scenario}-{label.kind}-{label.case}")
def test_label_is_true(label: Label, world: World, by_owner: dict[str, list[Transaction]]) -> None:
    """A planted story fires on its last transaction; a near miss does not do what it must not, nowhere."""
    fired = judged(world, subject_of(world, by_owner, label.customer), label.scenario)
    if label.kind == "planted":
        assert (label.trigger, label.expect) in fired
    else:
        assert label.expect not in {step for _, step in fired}


@pytest.mark.parametrize("shift", [37, 90, 181])
def test_labels_are_true_on_other_days(shift: int) -> None:
    """Nothing depends on the day on which the world is made."""
    world = make_world(LAST_DAY + timedelta(days=shift))
    by_owner: dict[str, list[Transaction]] = defaultdict(list)
    for entry in world.transactions:
        by_owner[entry.owner].append(entry)
    for label in world.labels:
        fired = judged(world, subject_of(world, by_owner, label.customer), label.scenario)
        found = (label.trigger, label.expect) in fired if label.kind == "planted" else label.expect in {step for _, step in fired}
        assert found == (label.kind == "planted"), label
