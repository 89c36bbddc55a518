"""What is sent: every id, account and amount is fixed before the first request, so that a repetition is the same again.

Made so that the end does not depend on who is quicker: each customer's events go through one door in the order of their time, what
changes earlier knowledge (a late event, a booking, a reversal) comes after a pause, once for a customer at most.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

PER_CUSTOMER = 50
MONTH = timedelta(days=28)
FIRST_DAY = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
OWN, CORE = "mobile", "core"
"""Two sources: one that asks before money moves, one whose rows have happened already."""
DOORS = ("batch",) * 13 + ("file",) * 5 + ("single", "decision")
HABITS = ("structuring", "through", "withdrawal", "large", "reversed")
A_FILE = 2_500
ROWS_OF_A_PROBE = 3
Row = dict[str, Any]


@dataclass(frozen=True)
class Event:
    """What a partner reports of a transaction: once, under an id of its own."""

    of: str
    external_id: str
    status: str
    at: str

    @property
    def body(self) -> dict[str, str]:
        """Return the request."""
        return {"external_id": self.external_id, "status": self.status, "at": self.at}


@dataclass
class Plan:
    """Everything that will be sent: rows by door, in the order of time, then what comes after the pause."""

    rows: dict[str, list[Row]] = field(default_factory=lambda: {"batch": [], "single": [], "decision": []})
    files: list[list[Row]] = field(default_factory=list)
    later_rows: list[Row] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)
    probes: list[list[Row]] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Return how many transactions are to be stored."""
        return sum(map(len, (*self.rows.values(), *self.files, self.later_rows, *self.probes)))

    def ids(self) -> set[str]:
        """Return the ids of all transactions."""
        return {row["external_id"] for part in (*self.rows.values(), *self.files, self.later_rows, *self.probes) for row in part}


def customers_for(transactions: int) -> int:
    """Return how many customers so many transactions are spread over; enough for every habit at every door."""
    return max(transactions // PER_CUSTOMER, len(DOORS) * len(HABITS) // 2)


def make(accounts: list[str], probes: list[str], transactions: int) -> Plan:
    """Return the plan for these accounts; one probe for each kill."""
    dice, plan = random.Random(20261121), Plan()
    each = max(transactions // len(accounts), 8)
    by_file: list[Row] = []
    for place, account in enumerate(accounts):
        door, habit = DOORS[place % len(DOORS)], HABITS[(place // len(DOORS) + place) % len(HABITS)]
        rows = list(_history(dice, place, account, door, habit, each))
        (by_file if door == "file" else plan.rows[door]).extend(rows)
        _later(plan, place, account, door, habit, rows)
    for rows in (*plan.rows.values(), by_file):
        rows.sort(key=lambda row: (row["occurred_at"], row["external_id"]))
    plan.files = _files(by_file)
    plan.probes = [_probe(number, account) for number, account in enumerate(probes)]
    return plan


def _files(rows: list[Row]) -> list[list[Row]]:
    """Each customer's rows in one file; a file's last row stands in it twice, as an export that was pasted together does."""
    number = max(1, round(len(rows) / A_FILE))
    places = {account: place % number for place, account in enumerate(dict.fromkeys(row["account"] for row in rows))}
    return [[row for row in rows if places[row["account"]] == file] for file in range(number)]


def _history(dice: random.Random, place: int, account: str, door: str, habit: str, each: int) -> Iterator[Row]:
    """A month of one customer: small payments, and what the habit adds, the last of it a freeze if any."""
    numbers = count()
    source = CORE if door == "file" else OWN

    def row(at: datetime, **changes: Any) -> Row:
        # Only a system whose rows have happened already may say so.
        told_by = CORE if changes.pop("done", False) else source
        return _row(told_by, f"{door}-{place}-{next(numbers)}", account, at, **changes)

    own = sorted(_own(habit), key=lambda one: one[0])
    start = FIRST_DAY + timedelta(seconds=7 * place % 3600)
    for step in range(each - len(own)):
        at = start + MONTH * step / each
        while own and start + own[0][0] <= at:
            moment, changes = own.pop(0)
            yield row(start + moment, **changes)
        amount = dice.choice((12, 35, 88, 260, 900, 1_900, 5_200))
        # Where a freeze will follow, nothing may be under way that it would find or miss.
        yield row(at, amount=f"{amount}.00", done=habit == "through")
    for moment, changes in own:
        yield row(start + moment, **changes)


def _own(habit: str) -> list[tuple[timedelta, Row]]:
    cash = {"direction": "C", "kind": "deposit", "instrument": "cash", "channel": "counter", "done": True}
    near = [(timedelta(days=day, hours=3), cash | {"amount": f"4{day + 6}500.00"}) for day in (0, 1, 2)]
    abroad = {"direction": "C", "kind": "transfer", "instrument": "transfer", "channel": "web"}
    end = MONTH + timedelta(hours=1)
    habits: dict[str, list[tuple[timedelta, Row]]] = {
        "structuring": near,
        "reversed": near,
        "large": [(timedelta(days=4, hours=2), cash | {"amount": "60000.00"})],
        "withdrawal": [
            (timedelta(days=3, hours=5), abroad | {"amount": "5000.00"}),
            (timedelta(days=8, hours=3), {"kind": "withdrawal", "instrument": "cash", "channel": "counter", "amount": "52000.00"}),
        ],
        "through": [
            (end, abroad | {"amount": "80000.00", "done": True}),
            (end + timedelta(hours=2), {"kind": "transfer", "amount": "79000.00", "done": True}),
        ],
    }
    return habits[habit]


def _later(plan: Plan, place: int, account: str, door: str, habit: str, rows: list[Row]) -> None:
    """What comes after the pause, one thing for a customer; bookings of what a file told have happened already."""
    told_by_us = door != "file"
    if habit == "through":
        plan.later_rows.append(_row(OWN, f"later-{place}", account, FIRST_DAY + MONTH + timedelta(hours=9), amount="500.00"))
    elif habit == "large":
        late = {"direction": "C", "kind": "deposit", "instrument": "cash", "channel": "counter"}
        at = datetime.fromisoformat(next(row for row in rows if row["amount"] == "60000.00")["occurred_at"])
        plan.later_rows.append(_row(CORE, f"late-{place}", account, at - timedelta(minutes=30), amount="45000.00", **late))
    elif told_by_us and habit == "reversed":
        second = [row for row in rows if row["kind"] == "deposit"][1]
        at = datetime.fromisoformat(second["occurred_at"]) + timedelta(hours=6)
        plan.events.append(Event(second["external_id"], f"e-{place}", "reversed", at.isoformat()))
    elif told_by_us and habit == "withdrawal":
        credit = next(row for row in rows if row["amount"] == "5000.00")
        plan.events.append(Event(credit["external_id"], f"e-{place}", "completed", credit["occurred_at"]))
    elif told_by_us:
        debit = next(row for row in rows if row["kind"] == "payment")
        plan.events.append(Event(debit["external_id"], f"e-{place}", "completed", debit["occurred_at"]))


def _probe(number: int, account: str) -> list[Row]:
    """A request that each kill is aimed at: two payments, and money from a country that always raises an alert."""
    at = FIRST_DAY + timedelta(days=7, minutes=number)
    rows = [_row(OWN, f"probe-{number}-{step}", account, at + timedelta(seconds=step), amount="35.00") for step in range(2)]
    changes = {"direction": "C", "kind": "transfer", "channel": "web", "cross_border": True, "counterparty_country": "KP"}
    return [*rows, _row(OWN, f"probe-{number}-2", account, at + timedelta(seconds=2), amount="20000.00", **changes)]


def _row(source: str, external_id: str, account: str, at: datetime, **changes: Any) -> Row:
    return {
        "source": source,
        "external_id": external_id,
        "account": account,
        "direction": "D",
        "amount": "100.00",
        "currency": "CNY",
        "occurred_at": at.isoformat(),
        "kind": "payment",
        "instrument": "transfer",
        "channel": "mobile",
    } | changes
