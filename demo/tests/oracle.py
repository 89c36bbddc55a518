"""A second opinion: the scenarios' arithmetic in plain Python, sharing nothing with the generator or the engine.

Windows are ``(t - w, t]`` on event time; a day is the bank's calendar day. Own-history figures leave the current
transaction out. Only completed transactions count here, because the stories contain no others.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from demo.world import Transaction

HIGH_RISK = {"KP", "IR", "MM"}
SEGMENT_LIMIT = {"corporate": Decimal(5_000_000)}
DOLLARS = {"USD": Decimal(1), "HKD": Decimal("0.128"), "EUR": Decimal("1.17")}
YUAN = {"CNY": Decimal(1), "USD": Decimal("7.1"), "HKD": Decimal("0.91"), "EUR": Decimal("8.3")}


@dataclass
class Subject:
    """One customer: the events in order, and what the arithmetic needs to know of who it is."""

    events: list[Transaction]
    organisation: bool
    segment: str
    openings: dict[str, Decimal]
    business_day: Callable[[date], int]

    def window(self, now: Transaction, length: timedelta, *, current: bool = True) -> list[Transaction]:
        """Return the events in ``(now - length, now]``, with or without the current one; ties in the order given."""
        return [
            event for event in self.until(now)
            if event.at > now.at - length and (current or event is not now)
        ]  # fmt: skip

    def until(self, now: Transaction) -> list[Transaction]:
        """Return the events up to and including *now*."""
        return self.events[: next(place for place, event in enumerate(self.events) if event is now) + 1]


Fired = tuple[str, str]
"""(external id of the transaction, step: report, score, high, review, freeze or hold)"""


def yuan(event: Transaction) -> Decimal:
    """Return the CNY equivalent at one fixed rate."""
    return event.amount * YUAN[event.currency]


def large_value(subject: Subject, wanted: Callable[[Transaction], bool], cny: int, usd: int) -> set[Fired]:
    """Return the transactions at which a day's one-sided sum stands at or above its limit."""
    sums: dict[tuple[date, str, str], Decimal] = defaultdict(Decimal)
    fired: set[Fired] = set()
    for event in filter(wanted, subject.events):
        home = event.currency == "CNY"
        key = (event.at.date(), event.direction, "CNY" if home else "USD")
        sums[key] += event.amount if home else event.amount * DOLLARS[event.currency]
        if sums[key] >= (cny if home else usd):
            fired.add((event.external_id, "report"))
    return fired


def scenario_1(subject: Subject) -> set[Fired]:
    """Return what large cash reports."""
    return large_value(subject, lambda event: event.instrument == "cash", 50_000, 10_000)


def scenario_2(subject: Subject) -> set[Fired]:
    """Return what an organisation's large transfers report."""
    return large_value(subject, lambda event: subject.organisation and event.instrument == "transfer", 2_000_000, 200_000)


def scenario_3(subject: Subject) -> set[Fired]:
    """Return what a person's large domestic transfers report."""
    wanted = lambda event: not subject.organisation and event.instrument == "transfer" and not event.cross_border  # noqa: E731
    return large_value(subject, wanted, 500_000, 100_000)


def scenario_4(subject: Subject) -> set[Fired]:
    """Return what a person's large cross-border transfers report."""
    wanted = lambda event: not subject.organisation and event.instrument == "transfer" and event.cross_border  # noqa: E731
    return large_value(subject, wanted, 200_000, 10_000)


def scenario_5(subject: Subject) -> set[Fired]:
    """Return the third of three just below one limit within 10 business days, none at or above it."""
    fired: set[Fired] = set()
    for now in subject.events:
        limit = _reporting_limit(subject, now)
        today = subject.business_day(now.at.date())
        near = [
            event.amount for event in subject.until(now)
            if subject.business_day(event.at.date()) > today - 10 and event.direction == now.direction
            and _reporting_limit(subject, event) == limit and event.currency == "CNY"
        ]  # fmt: skip
        band = [amount for amount in near if limit * 4 / 5 <= amount < limit]
        if len(band) >= 3 and max(near) < limit and now.amount in band:
            fired.add((now.external_id, "review"))
    return fired


def _reporting_limit(subject: Subject, event: Transaction) -> Decimal:
    if event.instrument == "cash":
        return Decimal(50_000)
    if subject.organisation:
        return Decimal(2_000_000)
    return Decimal(200_000 if event.cross_border else 500_000)


def scenario_6(subject: Subject) -> set[Fired]:
    """Return where seven days of one direction exceed the segment's limit."""
    limit = SEGMENT_LIMIT.get(subject.segment, Decimal(200_000))
    fired: set[Fired] = set()
    for now in subject.events:
        total = sum(yuan(event) for event in subject.window(now, timedelta(days=7)) if event.direction == now.direction)
        if total > limit:
            fired.add((now.external_id, "review"))
    return fired


def scenario_9(subject: Subject) -> set[Fired]:
    """Return payments after which at least 90 % of at least 50,000 of the last 24 hours has left."""
    fired: set[Fired] = set()
    for now in subject.events:
        day = subject.window(now, timedelta(hours=24))
        received = sum(yuan(event) for event in day if event.direction == "C")
        paid = sum(yuan(event) for event in day if event.direction == "D")
        if now.direction == "D" and received >= 50_000 and paid * 10 >= received * 9:
            fired.add((now.external_id, "freeze"))
    return fired


def scenario_11(subject: Subject) -> set[Fired]:
    """Return amounts over three (score) and five (high) times the own mean of 30 days in that direction."""
    fired: set[Fired] = set()
    for now in subject.events:
        before = [yuan(e) for e in subject.window(now, timedelta(days=30), current=False) if e.direction == now.direction]
        if len(before) >= 5 and yuan(now) >= 1_000:
            mean = sum(before) / len(before)
            if yuan(now) > 3 * mean:
                fired.add((now.external_id, "score"))
            if yuan(now) > 5 * mean:
                fired.add((now.external_id, "high"))
    return fired


def scenario_13(subject: Subject) -> set[Fired]:
    """Return where 24 hours hold at least 15 transactions and three times the busiest of the 60 days before."""
    fired: set[Fired] = set()
    for now in subject.events:
        count = len(subject.window(now, timedelta(hours=24)))
        days: dict[date, int] = defaultdict(int)
        for event in subject.until(now):
            if now.at.date() - timedelta(days=60) <= event.at.date() < now.at.date():
                days[event.at.date()] += 1
        if days and count >= 15 and count >= 3 * max(days.values()):
            fired.add((now.external_id, "review"))
    return fired


def similar_amounts(subject: Subject) -> set[Fired]:
    """Return where three of the last ten are within 10 % of the current one, each at least 1,000 (the second half of 13)."""
    fired: set[Fired] = set()
    for now in subject.events:
        last = subject.until(now)[-10:]
        alike = [event for event in last if yuan(event) >= 1_000 and abs(yuan(event) - yuan(now)) * 10 <= yuan(now)]
        if yuan(now) >= 1_000 and len(alike) >= 3:
            fired.add((now.external_id, "score"))
    return fired


def scenario_15(subject: Subject) -> set[Fired]:
    """Return where five of the last ten are multiples of 10,000 and add up to at least 200,000."""
    fired: set[Fired] = set()
    for now in subject.events:
        rounds = [event.amount for event in subject.until(now)[-10:] if event.amount % 10_000 == 0]
        if len(rounds) >= 5 and sum(rounds) >= 200_000:
            fired.add((now.external_id, "score"))
    return fired


def scenario_16(subject: Subject) -> set[Fired]:
    """Return transactions with a listed country; from 10,000 they are reviewed."""
    listed = [event for event in subject.events if event.counterparty_country in HIGH_RISK]
    return {(event.external_id, "review" if yuan(event) >= 10_000 else "score") for event in listed}


def scenario_33(subject: Subject) -> set[Fired]:
    """Return withdrawals that are large, drain the account, exceed three times the own largest of 90 days, or crowd into an hour."""
    balance = dict(subject.openings)
    fired: set[Fired] = set()
    for now in subject.events:
        held = balance[now.account]
        balance[now.account] += now.amount if now.direction == "C" else -now.amount
        if now.kind != "withdrawal":
            continue
        today = now.at.date()
        before = [
            yuan(event) for event in subject.until(now)
            if event.kind == "withdrawal" and today - timedelta(days=90) <= event.at.date() < today
        ]  # fmt: skip
        large = yuan(now) >= 50_000
        drains = yuan(now) >= 10_000 and now.amount * 10 >= held * 8
        unusual = bool(before) and now.amount > 3 * max(before)
        crowded = sum(event.kind == "withdrawal" for event in subject.window(now, timedelta(hours=1))) >= 3
        if large or drains or unusual or crowded:
            fired.add((now.external_id, "hold"))
    return fired


def scenario_34(subject: Subject) -> set[Fired]:
    """Return own acts between 01:00 and 05:00, from 5,000, rare in the own 90 days."""

    def such(event: Transaction) -> bool:
        return event.customer_initiated and 1 <= event.at.hour < 5 and yuan(event) >= 5_000

    fired: set[Fired] = set()
    for now in filter(such, subject.events):
        if sum(such(event) for event in subject.window(now, timedelta(days=90), current=False)) < 3:
            fired.add((now.external_id, "review"))
    return fired


def scenario_35(subject: Subject) -> set[Fired]:
    """Return where an hour holds at least 20 of one direction up to 200, five times the busiest day of 60 before."""
    fired: set[Fired] = set()
    for now in subject.events:
        small = [e for e in subject.window(now, timedelta(hours=1)) if e.direction == now.direction and yuan(e) <= 200]
        if len(small) < 20:
            continue
        days: dict[datetime | date, int] = defaultdict(int)
        for event in subject.until(now):
            if now.at.date() - timedelta(days=60) <= event.at.date() < now.at.date() and yuan(event) <= 200:
                days[event.at.date()] += 1
        if len(small) >= 5 * max(days.values(), default=0):
            fired.add((now.external_id, "review"))
    return fired


SCENARIOS: dict[int, Callable[[Subject], set[Fired]]] = {
    1: scenario_1, 2: scenario_2, 3: scenario_3, 4: scenario_4, 5: scenario_5, 6: scenario_6, 9: scenario_9, 11: scenario_11,
    13: scenario_13, 15: scenario_15, 16: scenario_16, 33: scenario_33, 34: scenario_34, 35: scenario_35,
}  # fmt: skip


def fires(scenario: int, subject: Subject) -> set[Fired]:
    """Return every transaction of *subject* on which *scenario* does something, and what."""
    return SCENARIOS[scenario](subject)


def steps(fired: Iterable[Fired], transaction: str) -> set[str]:
    """Return what was done on one transaction."""
    return {step for external_id, step in fired if external_id == transaction}
