"""The nouns of the demo world: plain data, no database. Money is counted in hundredths (fen, cents)."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from typing import Literal


@dataclass(slots=True, frozen=True)
class Branch:
    """A node of the branch tree; *parent* is a branch code, empty for the head office."""

    code: str
    name: str
    level: Literal["head", "branch", "subbranch", "outlet"]
    parent: str


@dataclass(slots=True, frozen=True)
class Person:
    """Somebody who works at the bank; *roles* are role codes."""

    number: str
    name: str
    title: str
    branch: str
    roles: tuple[str, ...]
    email: str
    mobile: str


@dataclass(slots=True)
class Account:
    """An account; *opening* is the balance at the start of the world, filled when the lives are written."""

    number: str
    owner: str
    holder_name: str
    kind: str
    currency: str
    branch: str
    opened_on: date
    status: str = "normal"
    opening: int | None = None


@dataclass(slots=True)
class Customer:
    """A customer; *core_number* names it everywhere in the demo world. *life* says who writes its transactions."""

    core_number: str
    kind: Literal["person", "organisation"]
    name: str
    gender: str
    birth_date: date | None
    id_type: str
    id_number: str
    mobile: str
    email: str
    region: str
    address: str
    occupation: str
    income_band: str
    branch: str
    manager: str
    segment: str
    aml_risk_level: int
    risk_tolerance: str
    lifecycle_stage: str
    credit_record: str
    life: str
    labels: tuple[str, ...] = ()
    accounts: list[Account] = field(default_factory=list)

    @property
    def main(self) -> Account:
        """Return the first account: the one salaries go to and the plots are written on."""
        return self.accounts[0]


@dataclass(slots=True)
class Transaction:
    """One movement on one account, with the words of the product's coded lists."""

    external_id: str
    account: str
    owner: str
    at: datetime
    direction: Literal["D", "C"]
    cents: int
    currency: str
    kind: str
    instrument: str
    channel: str
    counterparty_name: str = ""
    counterparty_account: str = ""
    counterparty_bank: str = ""
    counterparty_country: str = "CN"
    cross_border: bool = False
    customer_initiated: bool = True
    operator: str = ""
    remark: str = ""
    transfer_id: str = ""
    status: str = "completed"

    @property
    def amount(self) -> Decimal:
        """Return the amount in whole units of its currency, two places."""
        return Decimal(self.cents).scaleb(-2)


@dataclass(slots=True, frozen=True)
class BalanceReport:
    """What the core reported as the balance of an account at a moment."""

    account: str
    at: datetime
    cents: int


@dataclass(slots=True, frozen=True)
class Label:
    """The truth about one planted story: its scenario must fire for this customer, or must not.

    *expect* is what the scenario does when it fires (report, score, review, freeze, hold); for a near miss, what must
    not happen. *trigger* is the transaction on which it fires, or would.
    """

    scenario: int
    case: str
    kind: Literal["planted", "near_miss"]
    expect: str
    customer: str
    accounts: tuple[str, ...]
    transactions: tuple[str, ...]
    trigger: str
    why: str

    @property
    def expect_group(self) -> str:
        """Return how it shows: a row in the register ("report"), a hit alone ("score"), or an alert."""
        return self.expect if self.expect in ("report", "score") else "alert"


@dataclass(slots=True)
class World:
    """Everything there is: who, what they hold, what happened, and what should be noticed."""

    seed: int
    first_day: date
    last_day: date
    judged_from: datetime
    branches: list[Branch]
    staff: list[Person]
    customers: list[Customer]
    transactions: list[Transaction]
    balances: list[BalanceReport]
    labels: list[Label]

    def only(self, wanted: Collection[str]) -> World:
        """Return a smaller world: the customers with these core numbers, and what is theirs."""
        customers = [customer for customer in self.customers if customer.core_number in wanted]
        numbers = {account.number for customer in customers for account in customer.accounts}
        return replace(
            self, customers=customers,
            transactions=[entry for entry in self.transactions if entry.owner in wanted],
            balances=[report for report in self.balances if report.account in numbers],
            labels=[label for label in self.labels if label.customer in wanted],
        )  # fmt: skip

    def rows(self) -> Iterator[str]:
        """Yield every fact of the world as one line of text, in a fixed order."""
        for group in (self.branches, self.staff, self.customers, self.transactions, self.balances, self.labels):
            for row in group:
                yield repr(row)

    def digest(self) -> str:
        """Return one number for the whole world: equal for equal seed, day and size, on any machine."""
        total = sha256()
        for row in self.rows():
            total.update(row.encode())
            total.update(b"\n")
        return total.hexdigest()
