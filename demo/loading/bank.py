"""Loading the demo world: an empty database becomes a bank with 120 days behind it."""

from __future__ import annotations

import os
import secrets
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import transaction

from crm.access.actor import IMPORTER, SYSTEM
from crm.calendar import services as calendar
from crm.jobs.queue import captured
from crm.log import services as log
from crm.log.models import Event
from crm.staff.models import Branch, User
from crm.staff.services.clients import create_partner
from customers.models import Customer
from demo.generate import SEED, make_world
from demo.loading.movements import Report, Totals, as_row, record_and_judge, record_history, side_by_side
from demo.loading.parties import load_accounts, load_bank, load_customers
from demo.loading.work import begin_work
from demo.world import Transaction, World
from transactions.choices import Status
from transactions.models import Source
from transactions.models import Transaction as Stored
from transactions.services import Step, add_source, change_status

CORE = "core"
MOBILE = "mobile-bank"
PEOPLE_FILE = "demo-people.txt"
COMMAND = ".venv/bin/python manage.py"
_WORDS = (
    "Amber",
    "Birch",
    "Cedar",
    "Delta",
    "Ember",
    "Fjord",
    "Grove",
    "Harbor",
    "Indigo",
    "Juniper",
    "Kettle",
    "Lagoon",
    "Maple",
    "Nectar",
    "Orchard",
)


class NotEmpty(Exception):
    """The database holds something already; the demo world never mixes with anything else."""


@dataclass(frozen=True)
class Loaded:
    """What was loaded, and how long it took."""

    world: World
    totals: Totals
    seconds: float


def told_world() -> dict[str, Any] | None:
    """Return seed, last day and scale of the demo world in this database, or None when there is none."""
    event = Event.objects.filter(action="demo.loaded").order_by("-id").first()
    return dict(event.data) if event else None


def refuse_unless_empty() -> None:
    """Raise ``NotEmpty`` when anybody or anything is in this database."""
    for model, what in ((User, "people"), (Branch, "branches"), (Customer, "customers"), (Stored, "transactions")):
        if model._default_manager.exists():
            if told_world():
                raise NotEmpty("The demo world is in this database already. `make reset` removes everything.")
            raise NotEmpty(f"This database holds {what}. The demo world needs an empty one: `make reset` first.")


def world_of(last_day: date | None, scale: int) -> World:
    """Return the demo world that ends on *last_day* (yesterday, when not given), by the bank's own calendar."""
    day = last_day or calendar.today() - timedelta(days=1)
    return make_world(day, seed=SEED, scale=scale, business_day=calendar.business_day)


def rows_to_do(world: World) -> int:
    """Return how many rows a load reports: each recorded one, and each judged one again."""
    return len(world.transactions) + sum(entry.at >= world.judged_from for entry in world.transactions)


def load(world: World, *, scale: int, report: Report, processes: int | None = None) -> Loaded:
    """Write a demo world and judge its last 30 days; *report* is told how far it is.

    Raises ``NotEmpty`` and ``LoadFailed``.
    """
    refuse_unless_empty()
    began = time.monotonic()
    password = os.environ.get("CRM_DEMO_PASSWORD") or new_password()
    secret = _write_parties(world, password)
    totals = side_by_side(_parts(world, processes or min(2, os.cpu_count() or 1)), report)
    begin_work(world)
    told = {"seed": world.seed, "last_day": world.last_day.isoformat(), "scale": scale, "transactions": len(world.transactions)}
    with transaction.atomic():
        log.record(actor=IMPORTER, action="demo.loaded", data=told)
    write_people(world, password, secret)
    return Loaded(world, totals, time.monotonic() - began)


def _write_parties(world: World, password: str) -> str:
    """Write everybody and everything but the transactions in one transaction; returns the partner's secret."""
    with transaction.atomic():
        people = load_bank(world.branches, world.staff, password)
        owners = load_customers(world.customers, people)
        load_accounts([account for customer in world.customers for account in customer.accounts], owners, world.balances)
        add_source(actor=IMPORTER, code=CORE, name="核心系统", already_completed=True)
        add_source(actor=IMPORTER, code=MOBILE, name="手机银行")
        _, secret = create_partner(actor=SYSTEM, code=MOBILE, name="手机银行", sources=[MOBILE])
    return secret


def _parts(world: World, processes: int) -> list[Callable[[Report], Totals]]:
    """Deal the customers out to processes, so that each has about the same number of transactions and nobody is dealt twice."""
    share: dict[str, int] = {}
    load_of = [0] * processes
    for owner, count in Counter(entry.owner for entry in world.transactions).most_common():
        place = load_of.index(min(load_of))
        share[owner] = place
        load_of[place] += count
    dealt: dict[int, list[Transaction]] = defaultdict(list)
    for entry in world.transactions:
        dealt[share[entry.owner]].append(entry)
    return [partial(_load_part, world, dealt[place]) for place in range(processes)]


def _load_part(world: World, entries: list[Transaction], report: Report) -> Totals:
    history = [entry for entry in entries if entry.at < world.judged_from]
    recent = [entry for entry in entries if entry.at >= world.judged_from]
    began = time.monotonic()
    with captured():  # history asks for no judging; what it sends is for nobody
        outcomes = record_history([as_row(entry, CORE, _first_status(entry)) for entry in history], report)
        _take_other_ends(history)
    spent = time.monotonic() - began
    totals = record_and_judge([as_row(entry, CORE) for entry in recent], report)
    totals.outcomes += outcomes
    totals.recording += spent
    return totals


def _first_status(entry: Transaction) -> Status:
    return Status.COMPLETED if entry.status in ("completed", "reversed") else Status.RECEIVED


def _take_other_ends(history: list[Transaction]) -> None:
    """Tell of the few old transactions that failed, were aborted, revoked or reversed, as the core would have."""
    ended = {entry.external_id: entry for entry in history if entry.status != "completed"}
    source = Source.objects.get(code=CORE)
    for row in Stored.objects.filter(source=source, external_id__in=list(ended)):
        entry = ended[row.external_id]
        step = Step(status=Status(entry.status), at=entry.at + timedelta(hours=1), source=source, external_id=f"{entry.external_id}-end")
        change_status(actor=IMPORTER, reference=row.reference, step=step)


def new_password() -> str:
    """Return a password for the people of this demo world: easy to type, different in every home."""
    return f"{secrets.choice(_WORDS)}-{secrets.choice(_WORDS)}-{secrets.randbelow(9000) + 1000}"


def write_people(world: World, password: str, secret: str) -> Path:
    """Write who can sign in, with the password, into the home folder (readable by its owner only); returns the file."""
    wanted = ("80001", "81001", "82001", "82002", "82003", "84001", "85001", "85002", "86001", "87001", "88001", "89001")
    lines = [f"  Demo people (password of all: {password})", ""]
    lines += [f"  {person.number}  {person.title}  {person.name}" for person in world.staff if person.number in wanted]
    lines += ["", f"  After the password a code is asked for: {COMMAND} demo_code 82001", ""]
    lines += ["  Labelled customers: 82002 sees all, 82001 all but staff, 81001 the sensitive and the politically exposed, 89001 none", ""]
    lines += [f"  Partner {MOBILE}, secret for POST /api/v1/token/: {secret}", ""]
    path = Path(settings.HOME) / PEOPLE_FILE
    path.parent.mkdir(parents=True, exist_ok=True)
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text("\n".join(lines), encoding="utf-8")
    return path
