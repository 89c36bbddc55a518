"""The book that the lives are written in: numbers every transaction and knows what each account can afford."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from random import Random
from typing import Literal, TypedDict, Unpack

from demo.names import OTHER_BANKS
from demo.numbers import luhn
from demo.world import Account, BalanceReport, Transaction

LADDER_STEPS = 10
LADDER_RATIO = 1.125
"""Ten amounts, each 12.5 % above the last: the largest is 2.9 times the smallest, and no two are within 10 %."""


class Party(TypedDict, total=False):
    """Who is on the other side."""

    counterparty_name: str
    counterparty_account: str
    counterparty_bank: str


class More(Party, total=False):
    """What is seldom said of a transaction; the defaults are those of the product."""

    counterparty_country: str
    cross_border: bool
    customer_initiated: bool
    operator: str
    remark: str
    transfer_id: str
    status: str


class Details(More, total=False):
    """All that may be said of a transaction beside account, time, direction and amount."""

    currency: str
    kind: str
    instrument: str
    channel: str


class Book:
    """All transactions in the order they are written; ``sorted`` gives them in the order they happened."""

    def __init__(self) -> None:
        self.transactions: list[Transaction] = []

    def write(
        self,
        account: Account,
        at: datetime,
        direction: Literal["D", "C"],
        cents: int,
        *,
        currency: str = "",
        kind: str = "transfer",
        instrument: str = "transfer",
        channel: str = "mobile",
        **more: Unpack[More],
    ) -> Transaction:
        """Write one transaction and return it; its external id is its place in the book."""
        entry = Transaction(
            f"D{len(self.transactions) + 1:09d}", account.number, account.owner, at, direction, cents, currency or account.currency,
            kind, instrument, channel, **more,
        )  # fmt: skip
        self.transactions.append(entry)
        return entry

    def move(self, source: Account, target: Account, at: datetime, cents: int, remark: str) -> None:
        """Write a transfer between two accounts of one customer: two transactions with one transfer id."""
        transfer = f"M{len(self.transactions) + 1:09d}"
        for account, other, direction in ((source, target, "D"), (target, source, "C")):
            self.write(
                account, at, "D" if direction == "D" else "C", cents,
                counterparty_name=other.holder_name, counterparty_account=other.number, counterparty_bank="本行",
                remark=remark, transfer_id=transfer,
            )  # fmt: skip

    def sorted(self) -> list[Transaction]:
        """Return the transactions by time, then by external id."""
        return sorted(self.transactions, key=lambda entry: (entry.at, entry.external_id))


def settle_openings(accounts: Iterable[Account], transactions: Iterable[Transaction]) -> None:
    """Give every account without a stated opening balance one that covers all it will pay, five times its largest debit to spare.

    So an ordinary payment never takes four fifths of what is there.
    """
    running: dict[str, int] = {}
    lowest: dict[str, int] = {}
    largest: dict[str, int] = {}
    for entry in transactions:
        if entry.status != "completed":
            continue
        number = entry.account
        change = entry.cents if entry.direction == "C" else -entry.cents
        running[number] = running.get(number, 0) + change
        if change < 0:
            lowest[number] = min(lowest.get(number, 0), running[number])
            largest[number] = max(largest.get(number, 0), entry.cents)
    for account in accounts:
        if account.opening is None:
            account.opening = 5 * largest.get(account.number, 20_00) - lowest.get(account.number, 0)


def balance_reports(accounts: list[Account], transactions: list[Transaction], moments: tuple[datetime, ...]) -> list[BalanceReport]:
    """Return what the core reported for every account at each of *moments*, which ascend."""
    balance = {account.number: account.opening or 0 for account in accounts}
    reports: list[BalanceReport] = []
    waiting = list(moments)
    for entry in transactions:
        while waiting and entry.at >= waiting[0]:
            moment = waiting.pop(0)
            reports.extend(BalanceReport(account.number, moment, balance[account.number]) for account in accounts)
        if entry.status == "completed":
            balance[entry.account] += entry.cents if entry.direction == "C" else -entry.cents
    for moment in waiting:
        reports.extend(BalanceReport(account.number, moment, balance[account.number]) for account in accounts)
    return reports


class Ladder:
    """Amounts of one account: in any ten following each other no two are within 10 %, and none is over three times another."""

    def __init__(self, random: Random, base: int, steps: int = LADDER_STEPS) -> None:
        self._amounts = [round(base * LADDER_RATIO**step) for step in range(steps)]
        self._random = random
        random.shuffle(self._amounts)
        self._place = 0
        self.top = round(base * LADDER_RATIO ** (LADDER_STEPS - 1))

    def next(self) -> int:
        """Return the next amount, in hundredths, a few fen beside its rung."""
        amount = self._amounts[self._place]
        self._place = (self._place + 1) % len(self._amounts)
        return amount + self._random.randrange(max(1, amount // 300))


class Others:
    """People and firms at other banks, met again and again."""

    def __init__(self, random: Random, names: Iterable[str]) -> None:
        self._known = [(name, luhn(f"6288{random.randrange(10**14):014d}"), random.choice(OTHER_BANKS)) for name in names]
        self._random = random

    def any(self) -> Party:
        """Return one of them as the counterparty of a transaction."""
        return self.of(self._random.randrange(len(self._known)))

    def of(self, place: int) -> Party:
        """Return the one at *place* (counted round) as the counterparty of a transaction."""
        name, account, bank = self._known[place % len(self._known)]
        return Party(counterparty_name=name, counterparty_account=account, counterparty_bank=bank)
