"""How a labelled story is written: on a quiet customer of its own, so that nothing else explains what fires."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from random import Random
from types import TracebackType
from typing import Literal, Self, Unpack

from demo.clock import Span
from demo.ledger import Book, Details, Others
from demo.people import Registry
from demo.world import Account, Customer, Label, Transaction

PERSON_OPENING = 300_000_00
FIRM_OPENING = 30_000_000_00
ROUNDS = 12
"""Stories end 1 to 12 days before the world's last day, one after the other."""


def cents(amount: str) -> int:
    """Return a written amount such as ``"49,999.99"`` in hundredths."""
    return int(Decimal(amount.replace(",", "")).scaleb(2))


def spread(total: int, parts: int) -> list[int]:
    """Return *parts* amounts that add up to *total*, each about a seventh above the last, so that none look alike."""
    weights = [114**place * 100 ** (parts - place) for place in range(parts)]
    amounts = [total * weight // sum(weights) for weight in weights]
    amounts[-1] += total - sum(amounts)
    return amounts


class Plot:
    """The stories told so far, and the customers still free for more."""

    def __init__(self, span: Span, book: Book, random: Random, registry: Registry, customers: list[Customer]) -> None:
        self.span = span
        self.book = book
        self.random = random
        self.registry = registry
        self.labels: list[Label] = []
        self.others = Others(
            random, [f"{name}{place}" for place in ("甲", "乙", "丙", "丁") for name in ("周某", "吴某", "郑某", "冯某", "陈某")]
        )
        self._persons = (customer for customer in customers if customer.life == "plot")
        self._firms = (customer for customer in customers if customer.life == "plot_firm")
        self._told = 0

    def planted(self, scenario: int, case: str, expect: str, why: str, *, firm: bool = False, opening: str = "") -> Case:
        """Begin a story on which *scenario* must fire."""
        return self._case(scenario, case, "planted", expect, why, firm=firm, opening=opening)

    def near_miss(self, scenario: int, case: str, expect: str, why: str, *, firm: bool = False, opening: str = "") -> Case:
        """Begin a story that fails *scenario* by one step: it must not do what *expect* says."""
        return self._case(scenario, case, "near_miss", expect, why, firm=firm, opening=opening)

    def _case(
        self, scenario: int, case: str, kind: Literal["planted", "near_miss"], expect: str, why: str, *, firm: bool, opening: str
    ) -> Case:
        customer = next(self._firms if firm else self._persons)
        customer.main.opening = cents(opening) if opening else FIRM_OPENING if firm else PERSON_OPENING
        self._told += 1
        return Case(self, customer, Label(scenario, case, kind, expect, customer.core_number, (), (), "", why), self._told % ROUNDS + 1)


class Case:
    """One story; leaving its ``with`` block labels it. The last transaction written is the one on which it fires."""

    def __init__(self, plot: Plot, customer: Customer, label: Label, back: int) -> None:
        self.customer = customer
        self._plot = plot
        self._label = label
        self._back = back
        self._entries: list[Transaction] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is None:
            label = self._label
            accounts = dict.fromkeys(entry.account for entry in self._entries)
            ids = tuple(entry.external_id for entry in self._entries)
            self._plot.labels.append(
                Label(label.scenario, label.case, label.kind, label.expect, label.customer, tuple(accounts), ids, ids[-1], label.why)
            )

    def ago(self, days: int, clock: str) -> datetime:
        """Return the moment *clock*, *days* before the day on which this story ends."""
        return self._plot.span.ago(self._back + days, clock)

    def account(self, currency: str, opening: str) -> Account:
        """Open one more account for the customer of this story."""
        kind = "general" if self.customer.kind == "organisation" else "class_2" if currency == "CNY" else "class_1"
        account = self._plot.registry.open_extra(self.customer, kind, currency)
        account.opening = cents(opening)
        return account

    def receive(self, at: datetime, amount: int | str, account: Account | None = None, **details: Unpack[Details]) -> Transaction:
        """Write a transfer received."""
        details.setdefault("customer_initiated", False)
        return self._write("C", at, amount, account, details)

    def pay(self, at: datetime, amount: int | str, account: Account | None = None, **details: Unpack[Details]) -> Transaction:
        """Write a transfer paid."""
        return self._write("D", at, amount, account, details)

    def deposit(self, at: datetime, amount: int | str, account: Account | None = None) -> Transaction:
        """Write cash paid in at the counter."""
        return self._write("C", at, amount, account, self._cash("deposit", "现金存入"))

    def withdraw(self, at: datetime, amount: int | str, account: Account | None = None) -> Transaction:
        """Write cash taken out at the counter."""
        return self._write("D", at, amount, account, self._cash("withdrawal", "现金支取"))

    def withdraw_elsewhere(self, at: datetime, amount: int | str) -> Transaction:
        """Write money taken out to the customer's own account at another bank."""
        return self._write("D", at, amount, None, Details(kind="withdrawal", remark="提现至他行", counterparty_name=self.customer.name))

    def withdrawn_before(self, at: datetime, amount: int | str) -> None:
        """Write an earlier withdrawal: part of the customer's habits, not of what fires."""
        self.withdraw(at, amount)
        self._entries.pop()

    def before(self, at: datetime, amount: int | str, **details: Unpack[Details]) -> None:
        """Write an earlier payment: part of the customer's habits, not of what fires."""
        self._write("D", at, amount, None, details)
        self._entries.pop()

    def _cash(self, kind: str, remark: str) -> Details:
        return Details(kind=kind, instrument="cash", channel="counter", operator=f"{self.customer.branch}-01", remark=remark)

    def _write(
        self, direction: Literal["D", "C"], at: datetime, amount: int | str, account: Account | None, details: Details
    ) -> Transaction:
        whole = cents(amount) if isinstance(amount, str) else amount
        if details.get("instrument") != "cash" and "counterparty_name" not in details:
            details = Details(**{**self._plot.others.any(), **details})
        entry = self._plot.book.write(account or self.customer.main, at, direction, whole, **details)
        self._entries.append(entry)
        return entry
