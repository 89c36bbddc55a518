"""Transactions of a made-up bank: recorded and judged by the product's own services, in as many processes as there are cores."""

from __future__ import annotations

import gc
import multiprocessing
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from multiprocessing.process import BaseProcess
from queue import Empty
from typing import TypeAlias, TypeVar

from celery import current_app
from django.db import OperationalError, connection, connections
from django.utils.module_loading import autodiscover_modules

from crm.access.actor import IMPORTER, Actor
from crm.jobs.queue import Call, captured
from demo import world as plain
from transactions.choices import Channel, Direction, Instrument, Kind, Status
from transactions.services import NewTransaction, Recorded, record

JUDGING = "risk."
"""Tasks whose names begin like this judge; all others (mails, say) are left to the worker and its sweeps."""
CHUNK = 5_000
PATIENCE = "15min"
"""How long a load waits for a lock or a statement: the product may be running, and its worker judges the same customers."""
ATTEMPTS = 6
BUSY = frozenset({"55P03", "40P01"})
"""PostgreSQL's words for "somebody holds that" and for a deadlock: worth another attempt, nothing was written."""
T = TypeVar("T")

Messages: TypeAlias = "multiprocessing.Queue[tuple[str, Totals | int | str]]"

Report = Callable[[str, int], None]
"""Told how many rows of a step ("history", "recorded", "judged") are done."""


class LoadFailed(Exception):
    """A part of the load failed; the message is the other process's own."""


@dataclass
class Totals:
    """What a load did, and how long its parts took (the slowest process)."""

    outcomes: Counter[str] = field(default_factory=Counter)
    recording: float = 0.0
    judging: float = 0.0

    def add(self, other: Totals) -> None:
        """Add what another process did beside this one."""
        self.outcomes += other.outcomes
        self.recording = max(self.recording, other.recording)
        self.judging = max(self.judging, other.judging)


def as_row(entry: plain.Transaction, source: str, status: Status = Status.COMPLETED) -> NewTransaction:
    """Return a transaction of the made-up world as the ledger takes it."""
    return NewTransaction(
        source=source, external_id=entry.external_id, account=entry.account, direction=Direction(entry.direction), amount=entry.amount,
        currency=entry.currency, occurred_at=entry.at, kind=Kind(entry.kind), instrument=Instrument(entry.instrument),
        channel=Channel(entry.channel), cross_border=entry.cross_border, customer_initiated=entry.customer_initiated,
        operator=entry.operator,
        counterparty_name=entry.counterparty_name, counterparty_account=entry.counterparty_account,
        counterparty_bank=entry.counterparty_bank,
        counterparty_country=entry.counterparty_country, remark=entry.remark, transfer_id=entry.transfer_id, status=status,
    )  # fmt: skip


def record_history(rows: Sequence[NewTransaction], report: Report, actor: Actor = IMPORTER) -> Counter[str]:
    """Record what is older than the days to be judged: one call, so one line in the log over all of it."""
    with patience():
        answers = record(actor=actor, rows=rows, exempt=True)
    report("history", len(rows))
    return _outcomes(answers)


def record_and_judge(rows: Sequence[NewTransaction], report: Report, actor: Actor = IMPORTER) -> Totals:
    """Record rows in chunks, then run at once, in this process, the judging that the commits would have sent to the worker."""
    totals = Totals()
    began = time.monotonic()
    with patience(), captured() as calls:
        for start in range(0, len(rows), CHUNK):
            part = rows[start : start + CHUNK]
            totals.outcomes += _outcomes(_insist(partial(record, actor=actor, rows=part)))
            report("recorded", len(part))
        totals.recording = time.monotonic() - began
        for name, arguments in _judging(calls):
            _insist(partial(current_app.tasks[name], **arguments))
            report("judged", len(arguments.get("ids", ())))
    totals.judging = time.monotonic() - began - totals.recording
    return totals


@contextmanager
def patience() -> Iterator[None]:
    """Wait long for locks and statements while a load runs, then as the role says again."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('lock_timeout', %s, false), set_config('statement_timeout', %s, false)", [PATIENCE, PATIENCE])
    try:
        yield
    finally:
        with connection.cursor() as cursor:
            cursor.execute("RESET lock_timeout; RESET statement_timeout")


def _insist(act: Callable[[], T]) -> T:
    """Return what *act* returns, trying again when the product's own worker was in the way."""
    for attempt in range(ATTEMPTS):
        try:
            return act()
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", "") not in BUSY or attempt == ATTEMPTS - 1:
                raise
            time.sleep(0.5 * 2**attempt)
    raise AssertionError("the last attempt returns or raises")


def _judging(calls: list[Call]) -> Iterator[Call]:
    """Yield the judging that is asked for, what judging itself asks for included."""
    place = 0
    while place < len(calls):
        if calls[place][0].startswith(JUDGING):
            yield calls[place]
        place += 1


def _outcomes(answers: Sequence[Recorded]) -> Counter[str]:
    bad = next((answer for answer in answers if answer.problem is not None), None)
    if bad is not None:
        raise LoadFailed(f"{bad.external_id}: {bad.problem}")
    return Counter(str(answer.outcome) for answer in answers)


def side_by_side(parts: Sequence[Callable[[Report], Totals]], report: Report) -> Totals:
    """Run each part in a process of its own and add up what they did; raises ``LoadFailed`` when one fails.

    The parts must not touch the same customers: each holds its own while it writes.
    """
    autodiscover_modules("tasks")
    if len(parts) == 1:
        return parts[0](report)
    connections.close_all()
    context = multiprocessing.get_context("fork")
    messages: Messages = context.Queue()
    processes = [context.Process(target=_run, args=(part, messages)) for part in parts]
    for process in processes:
        process.start()
    try:
        return _gather(messages, processes, report)
    except LoadFailed:
        for process in processes:
            process.terminate()
        raise
    finally:
        for process in processes:
            process.join()


def _gather(messages: Messages, processes: Sequence[BaseProcess], report: Report) -> Totals:
    totals, left = Totals(), len(processes)
    while left:
        try:
            step, what = messages.get(timeout=1)
        except Empty:
            if not any(process.is_alive() for process in processes):
                raise LoadFailed("A loading process ended without a word.") from None
            continue
        if isinstance(what, Totals):
            totals.add(what)
            left -= 1
        elif isinstance(what, int):
            report(step, what)
        else:
            raise LoadFailed(what)
    return totals


def _run(part: Callable[[Report], Totals], messages: Messages) -> None:
    gc.disable()  # a short life among a million small values that refer to no circle: looking for circles only costs
    try:
        messages.put(("done", part(lambda step, count: messages.put((step, count)))))
    except Exception:  # noqa: BLE001 - whatever happened, the parent must hear of it
        messages.put(("failed", traceback.format_exc()))
    finally:
        connections.close_all()
