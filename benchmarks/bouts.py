"""The bank in which contests are fought, what a contest is, and the doors through which money comes."""

import random
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import connection, transaction

from benchmarks.arena import Act, Arena, Outcomes
from crm.access.actor import IMPORTER, SYSTEM, Actor
from crm.log import services as log
from crm.staff.models import Role, RoleAssignment
from crm.staff.services.people import enrol
from crm.tests.personas import Bank, as_actor, plant_partner
from customers.tests.personas import person
from products.choices import FreezeKind
from products.models import Account, Freeze
from products.services.freezes import lift_freeze, place_freeze
from products.tests.personas import account_of
from risk.models import Rule
from risk.services import screening
from transactions.models import Transaction
from transactions.services import add_source, decide_now, record
from transactions.tests.personas import movement

FIRST = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
STEP = timedelta(hours=5)
SLACK = 0.02
"""Seconds within which the acts of a round begin, so that every order of them comes about."""


@dataclass
class World:
    """A bank with people of each role, a partner system, and accounts that the rounds take in turn."""

    bank: Bank
    partner: Actor
    officers: list[Actor]
    supervisors: list[Actor]
    accounts: list[Account]
    rules: list[Rule]
    chance: random.Random = field(default_factory=lambda: random.Random(7))

    def moment(self, number: int) -> datetime:
        """Return when the movements of a round happened; rounds on one account lie days apart."""
        return FIRST + number * STEP

    def account(self, number: int) -> Account:
        """Return the account of a round."""
        return self.accounts[number % len(self.accounts)]


def build(bank: Bank, people: int, accounts: int = 24) -> World:
    """Return a world with so many officers and supervisors."""
    add_source(actor=IMPORTER, code="mobile", name="Mobile banking")
    client = plant_partner()
    partner = Actor(number=client.code, name=client.name, kind="partner", role="partner", origin="api", user=client)
    crowd = {role: _crowd(bank, role, digits, people) for role, digits in (("risk-officer", "92"), ("risk-supervisor", "93"))}
    owners = [person(bank, f"62170{place:05}", id_number=f"E{place:08}", id_type="passport") for place in range(accounts)]
    held = [account_of(owner, f"622202{place:013}", reported_balance=Decimal(10**9)) for place, owner in enumerate(owners)]
    return World(bank, partner, crowd["risk-officer"], crowd["risk-supervisor"], held, list(Rule.objects.order_by("code")))


def _crowd(bank: Bank, role: str, digits: str, count: int) -> list[Actor]:
    made = []
    with transaction.atomic():
        for place in range(count):
            one = enrol(
                number=f"{digits}{place:03}",
                name=f"{role} {place}",
                password="Blue-Kettle-47",  # noqa: S106 - of a bank that lives as long as this run
                branch=bank.branches["000"],
                email="",
            )
            RoleAssignment.objects.create(user=one, role=Role.objects.get(code=role))
            made.append(one)
        log.record(actor=SYSTEM, action="staff.person_created", data={"people": count})
    return [as_actor(one) for one in made]


def own_freeze(actor: Actor, account: Account, reason: str) -> Freeze:
    """Return a freeze of our own on the account."""
    return place_freeze(actor=actor, customer=account.customer, account=account, kind=FreezeKind.DEBIT_BLOCK, reason=reason)


def lift(world: World, freeze: Freeze, document: str = "") -> None:
    """End a freeze before the next round."""
    lift_freeze(actor=world.supervisors[0], freeze=freeze, reason="next round", asked_by="contest", document=document)


def court_order(actor: Actor, account: Account, document: str) -> str:
    """Have a court stop the account."""
    place_freeze(
        actor=actor,
        customer=account.customer,
        account=account,
        kind=FreezeKind.AUTHORITY,
        authority="court",
        document=document,
        reason="order",
    )
    return "placed"


def rows(sql: str, **values: Any) -> list[tuple[Any, ...]]:
    """Return what the database says, past every service."""
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())


class Contest:
    """One contest: the ``acts`` of a round, what it ``settled``, and what the whole shows at the ``finish``."""

    promise = ""
    patience: tuple[float, ...] = ()
    """Seconds within which the first acts of a round begin; all others begin within ``SLACK``."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.wrong: list[str] = []

    def acts(self, number: int, threads: int) -> Sequence[Act]:
        """Return what is done at once in this round."""
        raise NotImplementedError

    def settled(self, number: int, answers: Sequence[str | BaseException]) -> None:
        """Look at what the round left, and make ready for the next."""

    def finish(self) -> None:
        """Look at the whole once more."""

    def blame(self, number: int, what: str) -> None:
        """Note what should not be."""
        self.wrong.append(f"round {number}: {what}")

    def run(self, arena: Arena, rounds: int, first: int = 0) -> Outcomes:
        """Fight so many rounds, numbered from ``first``; ``wrong`` then holds every broken promise."""
        outcomes = Outcomes()
        for number in range(first, first + rounds):
            acts = list(self.acts(number, arena.size))
            spans = [*self.patience, *[SLACK] * len(acts)]
            waits = [self.world.chance.random() * span for span, _act in zip(spans, acts, strict=False)]
            answers = arena.meet(acts, waits)
            outcomes.take(answers)
            self.settled(number, answers)
        self.finish()
        return outcomes

    def payment(self, number: int, name: str, place: int, **changes: Any) -> Any:
        """Return a debit of 100 yuan in this round."""
        at = self.world.moment(number) + timedelta(seconds=place)
        return movement(self.world.account(number), f"{name}-{number}-{place}", occurred_at=at, **changes)


def pay(row: Any) -> str:
    """Record a debit as a file does, to be judged later; answer what became of it."""
    (answer,) = record(actor=IMPORTER, rows=[row], beside_judging=True)
    return answer.status or str(answer.outcome)


def ask(actor: Actor, row: Any) -> str:
    """Ask for a decision as a channel does; answer its label."""
    return f"decided:{decide_now(actor=actor, row=row).verdict.label}"


def pay_and_judge(row: Any) -> str:
    """Record a debit and judge it in a second transaction, as door and worker do."""
    (answer,) = record(actor=IMPORTER, rows=[row])
    screening.judge(ids=[answer.pk])
    return f"judged:{Transaction.objects.values_list('status', flat=True).get(pk=answer.pk)}"
