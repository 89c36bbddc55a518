"""Loading a public money-laundering simulation (IBM AMLSim): its accounts, its transfers, and how well the rules find its patterns."""

from __future__ import annotations

import csv
import gzip
import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from pathlib import Path
from random import Random

from django.apps import apps
from django.db import transaction

from crm.access.actor import IMPORTER
from crm.log import services as log
from crm.staff.models import Branch
from crm.staff.services.people import plant_branch
from customers.models import Customer
from demo import world as plain
from demo.clock import midnight
from demo.loading.movements import Report, Totals, record_and_judge, side_by_side
from demo.loading.parties import load_accounts, load_customers
from demo.numbers import luhn
from demo.people import Registry
from transactions.choices import Channel, Direction, Instrument, Kind, Status
from transactions.services import NewTransaction, add_source

SOURCE = "amlsim"
CORE_PREFIX = "AMLSIM"
BRANCH = "990"
FIRST_DAY = date(2025, 1, 1)
"""Day of the simulation's step 1. It is fixed, so that loading again gives the same rows; one step is one day."""
SEED = 20_250_101


class BadFolder(Exception):
    """The folder does not hold the simulation's two files."""


@dataclass(frozen=True, slots=True)
class SimAccount:
    """One line of ``accounts.csv``."""

    node: int
    is_laundering: bool
    balance: Decimal


@dataclass(frozen=True, slots=True)
class Transfer:
    """One line of ``transactions.csv``; *line* counts from 1, the heading included."""

    line: int
    payer: int
    payee: int
    amount: Decimal
    step: int


@dataclass(frozen=True, slots=True)
class Result:
    """What the command prints as its last line."""

    rows: int
    transactions: int
    new: int
    seconds_import: float
    seconds_judge: float
    alerts: int
    precision: float | None
    recall: float | None


def _lines(folder: Path, name: str) -> Iterator[tuple[int, dict[str, str]]]:
    for path in (folder / f"{name}.csv.gz", folder / f"{name}.csv"):
        if path.exists():
            opener = gzip.open if path.suffix == ".gz" else open
            with opener(path, "rt", encoding="utf-8", newline="") as stream:
                yield from enumerate(csv.DictReader(stream), start=2)
            return
    raise BadFolder(f"{folder} holds neither {name}.csv.gz nor {name}.csv.")


def read_accounts(folder: Path) -> list[SimAccount]:
    """Return the accounts, in the file's order. Raises ``BadFolder``."""
    return [
        SimAccount(int(row["nodeid"]), row["isFraud"] == "1", Decimal(row["init_balance"])) for _line, row in _lines(folder, "accounts")
    ]


def read_transfers(folder: Path) -> list[Transfer]:
    """Return the transfers, in the file's order. Raises ``BadFolder``."""
    return [
        Transfer(line, int(row["sourceNodeId"]), int(row["targetNodeId"]), Decimal(row["value"]), int(row["time"]))
        for line, row in _lines(folder, "transactions")
    ]


def moments(transfers: Sequence[Transfer]) -> list[datetime]:
    """Return when each transfer happened: those of one step are spread evenly from 08:00 to 22:00 of its day, in the file's order.

    The simulation knows no hours; made-up nights would be found by the rule about nights.
    """
    of_day = Counter(transfer.step for transfer in transfers)
    placed: Counter[int] = Counter()
    found = []
    for transfer in transfers:
        second = 3_600 * (8 + 14 * placed[transfer.step] / of_day[transfer.step])
        placed[transfer.step] += 1
        found.append(midnight(FIRST_DAY + timedelta(days=transfer.step - 1)) + timedelta(microseconds=int(second * 1_000_000)))
    return found


def account_number(node: int) -> str:
    """Return the account number of a node: always the same one."""
    return luhn(f"629900{node:012d}")


def both_sides(transfer: Transfer, at: datetime, names: Sequence[str], scale: Decimal) -> Iterator[tuple[int, NewTransaction]]:
    """Yield (node, transaction) for the payer's debit and the payee's credit; the external id is file:line:side."""
    for own, other, side in ((transfer.payer, transfer.payee, Direction.DEBIT), (transfer.payee, transfer.payer, Direction.CREDIT)):
        yield own, NewTransaction(
            source=SOURCE, external_id=f"transactions.csv:{transfer.line}:{side}", account=account_number(own), direction=side,
            amount=transfer.amount * scale, currency="CNY", occurred_at=at, kind=Kind.TRANSFER, instrument=Instrument.TRANSFER,
            channel=Channel.WEB, customer_initiated=side == Direction.DEBIT, counterparty_name=names[other],
            counterparty_account=account_number(other), counterparty_bank="本行", transfer_id=f"{SOURCE}:{transfer.line}",
            status=Status.COMPLETED,
        )  # fmt: skip


def load(folder: Path, *, scale: Decimal, begin: Callable[[int], None], report: Report, processes: int | None = None) -> Result:
    """Store the simulation's accounts and both sides of every transfer, judge them, and measure. Loading again adds nothing.

    Raises ``BadFolder``, and ``LoadFailed`` when the same file was loaded before with another *scale*.
    """
    began = time.monotonic()
    accounts, transfers = read_accounts(folder), read_transfers(folder)
    begin(4 * len(transfers))
    names = _write_parties(accounts, scale)
    parts = _parts(transfers, names, scale, processes or min(2, os.cpu_count() or 1))
    prepared = time.monotonic() - began
    totals = side_by_side(parts, report)
    flagged = _flagged()
    guilty = {account.node for account in accounts if account.is_laundering}
    found = len(flagged & guilty)
    return Result(
        rows=len(transfers), transactions=sum(totals.outcomes.values()), new=totals.outcomes["new"],
        seconds_import=round(prepared + totals.recording, 1), seconds_judge=round(totals.judging, 1), alerts=_alerts(),
        precision=round(found / len(flagged), 4) if flagged else None, recall=round(found / len(guilty), 4) if guilty else None,
    )  # fmt: skip


def _write_parties(accounts: Sequence[SimAccount], scale: Decimal) -> list[str]:
    """Write a customer with one account for every node that is not here yet; returns the names by node."""
    branch = Branch.objects.filter(code=BRANCH).first() or _plant()
    random = Random(SEED)
    registry = Registry(random, [], FIRST_DAY, branches=(branch.code,))
    made = [registry.person("plot") for _account in accounts]
    for account, customer in zip(accounts, made, strict=True):
        customer.core_number = f"{CORE_PREFIX}{account.node:06d}"
        customer.main.number, customer.main.owner = account_number(account.node), customer.core_number
    known = set(Customer.objects.filter(core_number__startswith=CORE_PREFIX).values_list("core_number", flat=True))
    fresh = [(account, customer) for account, customer in zip(accounts, made, strict=True) if customer.core_number not in known]
    if fresh:
        with transaction.atomic():
            add_source(actor=IMPORTER, code=SOURCE, name="AMLSim", already_completed=True)
            owners = load_customers([customer for _account, customer in fresh], {})
            start = midnight(FIRST_DAY)
            reports = [plain.BalanceReport(c.main.number, start, int(a.balance * scale * 100)) for a, c in fresh]
            load_accounts([customer.main for _account, customer in fresh], owners, reports)
            log.record(actor=IMPORTER, action="demo.simulation_loaded", data={"customers": len(fresh), "scale": str(scale)})
    names = [""] * (max(account.node for account in accounts) + 1)
    for account, customer in zip(accounts, made, strict=True):
        names[account.node] = customer.name
    return names


def _plant() -> Branch:
    with transaction.atomic():
        head = Branch.objects.filter(level="head").first()
        branch = plant_branch(code=BRANCH, name="模拟支行", level="branch" if head else "head", parent=head)
        log.record(actor=IMPORTER, action="demo.simulation_loaded", target=branch, data={"branch": BRANCH})
    return branch


def _parts(transfers: Sequence[Transfer], names: Sequence[str], scale: Decimal, processes: int) -> list[Callable[[Report], Totals]]:
    """Deal the two sides of the transfers out by account, so that no two processes touch the same customer."""
    dealt: list[list[NewTransaction]] = [[] for _process in range(processes)]
    for transfer, at in zip(transfers, moments(transfers), strict=True):
        for node, row in both_sides(transfer, at, names, scale):
            dealt[node % processes].append(row)
    return [partial(record_and_judge, rows) for rows in dealt]


def _flagged() -> set[int]:
    """Return the nodes whose customer has an alert. The rules live on a floor that this one must not import: asked by name."""
    alerts = apps.get_model("risk", "Alert")._default_manager.filter(customer__core_number__startswith=CORE_PREFIX)
    return {int(number.removeprefix(CORE_PREFIX)) for number in alerts.values_list("customer__core_number", flat=True).distinct()}


def _alerts() -> int:
    return int(apps.get_model("risk", "Alert")._default_manager.filter(customer__core_number__startswith=CORE_PREFIX).count())
