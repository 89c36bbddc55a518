"""Trying rules on what has happened: any versions over any period, customer by customer, on several connections at once."""

from collections import deque
from collections.abc import Generator, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import connection, connections, transaction

from customers.models import Customer
from risk.choices import RuleState
from risk.engine.compiler import PlanName, Statement
from risk.engine.cursor import run as ask
from risk.engine.cursor import settle
from risk.engine.planner import FRAMES_FROM, split
from risk.engine.program import Program, program_of
from risk.engine.reading import KNOWN, Reading
from risk.engine.trial import FOUND, compile_trial
from risk.models import RuleVersion
from risk.services.judging import Bisecting
from risk.services.replaying import readings

CHUNK = 25_000
"""So many transactions, of whole customers, are judged by one statement: each customer's history is sorted once."""
FIRST = 1_000
"""The first chunk has so many, each following one as many more: somebody watches how far it is."""
LANES = 2
STATEMENT_MS = 1_800_000
WORK_MEM = "256MB"


@dataclass(frozen=True, slots=True)
class Row:
    """A transaction on which something follows: the answers of all rules, what the tried ones make of it, and the live ones."""

    pk: int
    customer_id: int
    account_id: int
    occurred_at: datetime
    bank_date: date
    amount_cny: Decimal | None
    answers: Sequence[int]
    points: int
    label: str
    actions: Sequence[str]
    live_points: int
    live_label: str
    live_actions: Sequence[str]


@dataclass(frozen=True)
class Trial:
    """The rules tried and those live now, in one program; ``tried`` and ``live`` are their places in it."""

    program: Program
    standing: Program
    tried: tuple[int, ...]
    live: tuple[int, ...]
    known: bool


@dataclass(frozen=True)
class Chunk:
    """What was found among some customers."""

    customers: int
    judged: int
    rows: list[Row]
    failed: Mapping[str, int] = field(default_factory=dict)


def live_versions() -> list[int]:
    """Return the versions that are live now."""
    return list(RuleVersion.objects.filter(state=RuleState.LIVE).order_by("pk").values_list("pk", flat=True))


def trial_of(versions: Iterable[int], *, known: bool, live: Iterable[int] | None = None) -> Trial:
    """Return the trial of some rule versions beside the live ones (of now, unless given)."""
    chosen, standing = set(versions), set(live_versions() if live is None else live)
    rows = RuleVersion.objects.filter(pk__in=chosen | standing).select_related("rule")
    program = program_of((v.pk, v.rule.code, v.number, v.pk not in chosen, v.definition, v.parameters) for v in rows)
    other = Program(tuple(replace(rule, shadow=rule.version_id not in standing) for rule in program.rules), program.facts)
    tried = tuple(place for place, rule in enumerate(program.rules) if rule.version_id in chosen)
    now = tuple(place for place, rule in enumerate(program.rules) if rule.version_id in standing)
    return Trial(program, other, tried, now, known)


_WHOSE = """
SELECT t.customer_id, count(*) FROM transactions_transaction t
 WHERE t.bank_date BETWEEN %(first)s::date AND %(last)s::date AND NOT (t.status = 'refused' AND t.screening = 'exempt')
   AND (%(some)s::bigint[] IS NULL OR t.customer_id = ANY(%(some)s::bigint[])) GROUP BY 1 ORDER BY 1"""
_IDS = """
SELECT t.id FROM transactions_transaction t WHERE t.customer_id = ANY(%(customers)s::bigint[])
   AND t.bank_date BETWEEN %(first)s::date AND %(last)s::date AND NOT (t.status = 'refused' AND t.screening = 'exempt')"""


def plan(first: date, last: date, customers: Sequence[int] | None = None) -> list[tuple[list[int], int]]:
    """Return customers by chunk, with how many transactions of the period each holds; what was refused on arrival is none."""
    chunks: list[tuple[list[int], int]] = []
    values = {"first": first, "last": last, "some": None if customers is None else list(customers)}
    for customer, count in ask(_WHOSE, values, prepare=False):
        if not chunks or chunks[-1][1] + count > min(CHUNK, FIRST * len(chunks)):
            chunks.append(([], 0))
        whose, total = chunks[-1]
        whose.append(customer)
        chunks[-1] = (whose, total + count)
    return chunks


def run(
    trial: Trial, first: date, last: date, *, customers: Sequence[int] | None = None, frames_from: int = FRAMES_FROM, lanes: int = LANES
) -> Generator[Chunk, None, None]:
    """Yield what is found, chunk by chunk, in the order of the customers; nothing is written. Closing it stops the work.

    Each lane is a connection of its own: the server sorts one customer's history while another's is read. Inside a transaction that
    others cannot see (a test) there is one lane, on this connection.
    """
    chunks = plan(first, last, customers)
    if lanes < 2 or connection.in_atomic_block or len(chunks) < 2:
        yield from (_chunk(trial, first, last, whose, frames_from) for whose, _count in chunks)
        return
    with ThreadPoolExecutor(lanes) as pool:
        waiting: deque[Future[Chunk]] = deque()
        try:
            for whose, _count in chunks:
                waiting.append(pool.submit(_lane, trial, first, last, whose, frames_from))
                if len(waiting) > 2 * lanes:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _lane(*values: Any) -> Chunk:
    try:
        return _chunk(*values)
    finally:
        connections.close_all()


def _chunk(trial: Trial, first: date, last: date, whose: list[int], frames_from: int) -> Chunk:
    with transaction.atomic():
        settle(STATEMENT_MS)
        ask("SELECT set_config('work_mem', %(size)s::text, true)", {"size": WORK_MEM})
        ids = [pk for (pk,) in ask(_IDS, {"customers": whose, "first": first, "last": last}, prepare=False)]
        rows: list[Row] = []
        failed: dict[str, int] = {}
        for reading, share in readings(ids, known=trial.known):
            tester = _Tester(program=trial.program, trial=trial, reading=reading)
            if reading is KNOWN:
                rows += tester.attempt(share, "rows")
            else:
                for part in split(share, frames_from=frames_from):
                    rows += tester.attempt(part.ids, part.plan)
            for code, pks in tester.failed.items():
                failed[code] = failed.get(code, 0) + len(pks)
    return Chunk(len(whose), len(ids), rows, failed)


@dataclass(kw_only=True)
class _Tester(Bisecting[Row]):
    """Tries a program; rules that fail on a row are left out of it and counted."""

    trial: Trial
    reading: Reading

    def statement(self, plan: PlanName, without: frozenset[str], *, one: bool = False) -> Statement:
        key = ("trial", plan, without, self.reading.name)
        if key not in self.program.statements:
            self.program.statements[key] = compile_trial(self.program, self.trial.standing, plan, self.reading, without=without)
        return self.program.statements[key]  # type: ignore[no-any-return]

    def answer(self, ids: list[int], plan: PlanName, without: frozenset[str]) -> list[Row]:
        statement = self.statement(plan, without)
        return [Row(*row) for row in ask(statement.then(FOUND), {**statement.values, "ids": ids}, prepare=False)]


def whose(actor: Any, permission: str) -> list[int] | None:
    """Return the customers whom somebody may try rules on; None for all."""
    if actor.reach(permission) == "all":
        return None
    return list(Customer.objects.visible_to(actor, permission).order_by("pk").values_list("pk", flat=True))
