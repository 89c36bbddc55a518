"""What every life needs at hand, and the habits that several lives share."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Literal, TypedDict, Unpack

from demo.clock import Span, midnight
from demo.ledger import Book, Details, Others
from demo.names import BIG_SHOPS, FIRM_TRADES, FIRM_WORDS, SHOPS, UTILITIES
from demo.world import Account

QUARTER_DAYS = frozenset({(3, 21), (6, 21), (9, 21), (12, 21)})
"""Days on which interest is credited."""


class PhonePayment(TypedDict):
    """A small payment through a third party."""

    kind: str
    channel: str
    counterparty_name: str


@dataclass(slots=True)
class Stage:
    """The book, the calendar, chance, and the people at other banks."""

    span: Span
    book: Book
    random: Random
    big_shops: Others
    utilities: Others
    employers: Others
    people: Others
    suppliers: Others

    @classmethod
    def set(cls, span: Span, book: Book, random: Random) -> Stage:
        """Return a stage with everybody whom the customers meet."""
        firms = [f"{word}{trade}有限公司" for word in FIRM_WORDS for trade in FIRM_TRADES[:4]]
        friends = [f"{surname}{given}" for surname in "王李张刘陈杨赵黄周吴" for given in ("某", "先生", "女士", "师傅")]
        return cls(
            span, book, random, Others(random, BIG_SHOPS), Others(random, UTILITIES), Others(random, firms[:60]),
            Others(random, friends), Others(random, firms[60:]),
        )  # fmt: skip

    def moment(self, day: date, hour_from: float, hour_to: float) -> datetime:
        """Return a moment of *day* between two hours, to the second."""
        return midnight(day) + timedelta(seconds=int(self.random.uniform(hour_from, hour_to) * 3600))

    def batch(self, account: Account, at: datetime, direction: Literal["D", "C"], cents: int, **details: Unpack[Details]) -> None:
        """Write something the bank does by itself: salaries, standing orders, interest."""
        details["channel"] = "batch"
        details["customer_initiated"] = False
        self.book.write(account, at, direction, cents, **details)

    def interest(self, account: Account, day: date) -> None:
        """Credit interest when *day* is a quarter day."""
        if (day.month, day.day) in QUARTER_DAYS and account.currency == "CNY":
            at = midnight(day) + timedelta(hours=1, minutes=30)
            self.batch(account, at, "C", self.random.randrange(12, 1_900), kind="interest", counterparty_name="应付利息", remark="结息")

    def shop(self) -> PhonePayment:
        """Return a small shop paid by phone: the clearing house names it, without an account."""
        return PhonePayment(kind="payment", channel="third_party", counterparty_name=self.random.choice(SHOPS))
