"""What arrives while the product runs: ordinary payments, now and then something to look at, now and then something late."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from random import Random

from demo.names import SHOPS
from transactions.choices import Channel, Direction, Instrument, Kind
from transactions.services import NewTransaction

INTERESTING = 0.015
LATE = 0.03
A_DAY = 12
"""No customer gets more ordinary payments than this in 24 hours: a feed that makes everybody hectic shows nothing."""


@dataclass(frozen=True, slots=True)
class Payer:
    """An account that the feed may use: its public reference, and its customer's."""

    account: str
    customer: str


class Feed:
    """Makes transactions one after the other. ``used`` says how many each customer had in the last 24 hours."""

    def __init__(self, source: str, payers: Sequence[Payer], random: Random, used: Counter[str] | None = None) -> None:
        self._source = source
        self._payers = list(payers)
        self._random = random
        self._used = used if used is not None else Counter()
        self._place = 0
        self._serial = 0
        self._run = f"{random.getrandbits(40):010x}"
        random.shuffle(self._payers)

    def next(self, now: datetime) -> list[NewTransaction]:
        """Return what arrives at *now*: one transaction, a small story of several, or nothing when everybody has had enough."""
        if self._random.random() < INTERESTING:
            return list(self._random.choice((self._large, self._through, self._abroad, self._cash))(now))
        payer = self._next_payer()
        if payer is None:
            return []
        at = now - timedelta(minutes=self._random.randrange(40, 26 * 60)) if self._random.random() < LATE else now
        cents = self._random.choice((650, 1_200, 1_880, 2_350, 3_590, 4_800, 7_700, 12_900)) + self._random.randrange(90)
        return [
            self._row(payer, at, Direction.DEBIT, cents, kind=Kind.PAYMENT, channel=Channel.THIRD_PARTY, name=self._random.choice(SHOPS))
        ]

    def _next_payer(self) -> Payer | None:
        for _attempt in range(len(self._payers)):
            payer = self._payers[self._place]
            self._place = (self._place + 1) % len(self._payers)
            if self._used[payer.customer] < A_DAY:
                self._used[payer.customer] += 1
                return payer
        return None

    def _large(self, now: datetime) -> Iterator[NewTransaction]:
        """A withdrawal that waits for a second person (scenario 33)."""
        yield self._row(
            self._random.choice(self._payers), now, Direction.DEBIT, self._random.randrange(5_200_000, 9_000_000), name="周某某"
        )

    def _through(self, now: datetime) -> Iterator[NewTransaction]:
        """Money that leaves within minutes (scenario 9)."""
        payer = self._random.choice(self._payers)
        cents = self._random.randrange(6_000_000, 9_000_000)
        yield self._row(payer, now - timedelta(minutes=9), Direction.CREDIT, cents, name="南海某公司", started=False)
        yield self._row(payer, now - timedelta(minutes=4), Direction.DEBIT, cents * 52 // 100, name="吴某某")
        yield self._row(payer, now, Direction.DEBIT, cents * 44 // 100, name="郑某某")

    def _abroad(self, now: datetime) -> Iterator[NewTransaction]:
        """A receipt from a listed country (scenario 16)."""
        cents = self._random.randrange(1_000_000, 3_000_000)
        payer = self._random.choice(self._payers)
        yield self._row(payer, now, Direction.CREDIT, cents, name="Overseas Trading", started=False, country="IR")

    def _cash(self, now: datetime) -> Iterator[NewTransaction]:
        """Cash that must be reported (scenario 1)."""
        cents = self._random.randrange(5_000_000, 8_000_000)
        payer = self._random.choice(self._payers)
        yield self._row(payer, now, Direction.CREDIT, cents, kind=Kind.DEPOSIT, channel=Channel.COUNTER, cash=True)

    def _row(
        self, payer: Payer, at: datetime, direction: Direction, cents: int, *, kind: Kind = Kind.TRANSFER,
        channel: Channel = Channel.MOBILE, name: str = "", started: bool = True, country: str = "CN", cash: bool = False,
    ) -> NewTransaction:  # fmt: skip
        self._serial += 1
        return NewTransaction(
            source=self._source, external_id=f"F{self._run}-{self._serial}", account=payer.account, direction=direction,
            amount=Decimal(cents).scaleb(-2), currency="CNY", occurred_at=at, kind=kind,
            instrument=Instrument.CASH if cash else Instrument.TRANSFER, channel=channel, cross_border=country != "CN",
            customer_initiated=started, counterparty_name=name, counterparty_country=country,
        )  # fmt: skip
