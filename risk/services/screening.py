"""Judging transactions: hold them, compute what is known, store the verdict, let it act; all in one transaction."""

import logging
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

import psycopg
from django.db import OperationalError, connection, transaction
from django.utils import timezone

from crm.access.actor import SYSTEM, Actor
from crm.access.services import require
from crm.log import services as log
from risk.choices import Label
from risk.engine.cursor import run, run_for, settle
from risk.engine.program import Program
from risk.services import aside, consequences, failing, register, rule_sets
from risk.services.judging import FAILURES, SET_ASIDE, Bench, Judged
from risk.services.owing import spread
from transactions.choices import COUNTED_CREDITS, COUNTED_DEBITS, Direction, OwedCause, Status
from transactions.models import Transaction
from transactions.services.decisions import Verdict
from transactions.services.statuses import follow_verdicts

logger = logging.getLogger(__name__)

BATCH = 5_000
STATEMENT_MS = 120_000
ATTEMPTS = 5
"""A row that fails for a reason that may pass is tried so often before it is set aside."""
PASSING = (OperationalError, psycopg.OperationalError)
"""What may be over the next time: a deadlock, a lock not given, no room."""
STEPS = {Label.HOLD: Status.HELD, Label.DECLINE: Status.DECLINED}
"""The status that follows a label; all others let a received transaction go on."""


@dataclass(slots=True)
class Claimed:
    """One transaction that owed a judgement and is held by us."""

    pk: int
    reference: str
    customer_id: int
    account_id: int
    direction: str
    status: str
    cause: str
    occurred_at: datetime
    amount_cny: Any
    customer: str


@dataclass(kw_only=True)
class Outcome:
    """What one sitting did, or several."""

    judged: int = 0
    set_aside: int = 0
    unchanged: int = 0
    hits: int = 0
    alerts: int = 0
    owed_again: int = 0
    labels: Counter[str] = field(default_factory=Counter)
    taken: list[int] = field(default_factory=list)
    """What was left because another sitting holds the customer."""
    rows: list[Judged] = field(default_factory=list)
    """What one sitting found, for who waits for it."""

    def add(self, other: "Outcome") -> None:
        """Count another sitting in."""
        for name in ("judged", "set_aside", "unchanged", "hits", "alerts", "owed_again"):
            setattr(self, name, getattr(self, name) + getattr(other, name))
        self.labels.update(other.labels)


def judge(*, ids: Sequence[int], actor: Actor = SYSTEM, now: datetime | None = None) -> Outcome:
    """Judge those of at most 5,000 transactions that owe it and that nobody else holds; the rest stays owed.

    Customers whom another sitting holds are left for the end, and only then waited for: two workers whose batches have a busy account in
    common judge all the rest beside each other.

    Everything that follows from the verdicts (status, alerts, register rows, freezes, log line) stands or falls with them. Where
    something of it fails, the halves are tried in transactions of their own, down to the one row that is at fault: that one is set aside.
    Halves of what had waited wait, too: else two workers that fail on the same customer would pass each other by for ever.
    """
    require(actor, "risk.judge_transaction")
    outcome = Outcome()
    taken: list[int] = []
    waiting = [(list(ids[:BATCH]), False)]
    while waiting or taken:
        if not waiting:
            waiting, taken = [(taken, True)], []
        share, patient = waiting.pop()
        try:
            done = _sitting(_sit if patient or len(share) == 1 else _sit_beside, actor, share, now or timezone.now())
            outcome.add(done)
            taken += done.taken
        except Exception as failure:
            if connection.connection is None or connection.connection.closed:
                raise
            if len(share) > 1:
                half = len(share) // 2
                waiting += [(share[half:], patient), (share[:half], patient)]
            elif share:
                outcome.add(_alone(actor, share[0], failure, now or timezone.now()))
    return outcome


def _sitting(sit: Callable[[Actor, Sequence[int], datetime], Outcome], actor: Actor, ids: Sequence[int], now: datetime) -> Outcome:
    with transaction.atomic():
        settle(STATEMENT_MS)
        return sit(actor, ids, now)


def judge_now(ids: Sequence[int], *, actor: Actor = SYSTEM) -> dict[int, Verdict]:
    """Judge inside the caller's transaction, which recorded the rows in an earlier statement; the latest verdict of each id."""
    with transaction.atomic(savepoint=False):
        known = {row.pk: _plain(row) for row in _sit(actor, ids, timezone.now()).rows if row.assessment is not None and not _is_hit(row)}
        return known | latest_verdicts([pk for pk in ids if pk not in known])


def owed_ids(*, limit: int = BATCH) -> list[int]:
    """Return transactions that owe a judgement: those not tried yet first, oldest event first."""
    return list(Transaction.objects.owed().values_list("pk", flat=True)[:limit])


def _sit_beside(actor: Actor, ids: Sequence[int], now: datetime) -> Outcome:
    """Judge the rows of those customers that nobody else holds."""
    mine: list[int] = []
    taken: list[int] = []
    for pk, is_held in run_for(_HOLD_FREE, ids):
        (mine if is_held else taken).append(pk)
    outcome = _judge_claimed(actor, {row[0]: Claimed(*row) for row in run_for(_OWED, mine)}, now) if mine else Outcome()
    outcome.taken = taken
    return outcome


def _sit(actor: Actor, ids: Sequence[int], now: datetime) -> Outcome:
    return _judge_claimed(actor, _claim(ids), now)


def _judge_claimed(actor: Actor, claimed: dict[int, Claimed], now: datetime) -> Outcome:
    if not claimed:
        return Outcome()
    rule_set, program, resting = rule_sets.judging_at(now)
    bench = Bench(program=program, rule_set=rule_set, now=now, left_out=resting)
    judged = bench.judge(list(claimed))
    run_for(_DONE, list(claimed))
    outcome = Outcome(judged=len(judged), unchanged=sum(row.assessment is None for row in judged), rows=judged)
    outcome.labels.update(row.label for row in judged)
    followed = consequences.follow(actor=actor, program=program, judged=judged, claimed=claimed)
    outcome.hits, outcome.alerts = followed.hits, followed.alerts
    register.refresh(actor=actor, program=program, judged=judged)
    outcome.owed_again = _owe(program, claimed, _step(actor, judged, claimed, now))
    failures = bench.failures(judged)
    if failures:
        failing.keep(actor=actor, program=program, failures=failures, given_up=bench.left_out - resting, slow=bench.slow, now=now)
    _write_down(actor, bench, judged, claimed, outcome)
    return outcome


def _is_hit(row: Judged) -> bool:
    return any(answer > 0 for answer in row.answers)


def _plain(row: Judged) -> Verdict:
    """A verdict without reasons; those of a row that was hit stand with its hits."""
    return Verdict(label=row.label, actions=tuple(row.actions), points=row.points, revision=row.revision or 0)


def _alone(actor: Actor, pk: int, failure: Exception, now: datetime) -> Outcome:
    """Deal with the one row on which a sitting failed: it never keeps others waiting, and it is never let go unseen."""
    logger.error("judging transaction %s failed", pk, exc_info=failure)
    passing = isinstance(failure, PASSING) and not isinstance(failure, FAILURES)
    if passing and aside.put_off(actor=actor, pk=pk, failure=failure, now=now) < ATTEMPTS:
        return Outcome()
    for blind in (False, True):
        try:
            return _sitting(partial(_set_aside, failure, blind), actor, [pk], now)
        except Exception:
            logger.exception("transaction %s could not be set aside (without rules: %s)", pk, blind)
    aside.put_off(actor=actor, pk=pk, failure=failure, now=now, told=True)
    return Outcome()


def _set_aside(failure: Exception, blind: bool, actor: Actor, ids: Sequence[int], now: datetime) -> Outcome:
    """Judge one row and keep what can be kept of what follows. The verdict is at least a review, and a person is told.

    ``blind``: without any rule, where even the verdict cannot be had.
    """
    claimed = _claim(ids)
    if not claimed:
        return Outcome()
    rule_set, program = rule_sets.current()
    every = frozenset(rule.code for rule in program.rules) if blind else frozenset()
    bench = Bench(program=program, rule_set=rule_set, now=now, left_out=every, write=SET_ASIDE)
    judged = bench.judge(list(claimed))
    run_for(_DONE, list(claimed))
    outcome = Outcome(judged=len(judged), set_aside=len(judged))
    outcome.labels.update(row.label for row in judged)
    lost = [] if blind else _follow_apart(actor, program, judged, claimed, outcome)
    outcome.owed_again = _owe(program, claimed, _step(actor, judged, claimed, now))
    _write_down(actor, bench, judged, claimed, outcome)
    aside.write_down(actor=actor, pk=judged[0].pk, failure=failure, lost=lost, now=now)
    return outcome


def _follow_apart(actor: Actor, program: Program, judged: Sequence[Judged], claimed: dict[int, Claimed], outcome: Outcome) -> list[str]:
    """Let each consequence stand by itself; return the names of those that failed."""
    lost = []
    try:
        with transaction.atomic():
            followed = consequences.follow(actor=actor, program=program, judged=judged, claimed=claimed)
            outcome.hits, outcome.alerts = followed.hits, followed.alerts
    except Exception:
        logger.exception("what follows from the verdict on %s failed", judged[0].pk)
        lost.append("alerts")
    try:
        with transaction.atomic():
            register.refresh(actor=actor, program=program, judged=judged)
    except Exception:
        logger.exception("the large-value register could not take in %s", judged[0].pk)
        lost.append("register")
    return lost


# Which rows owe is asked of rows that their keys have found. Asked plainly, the server would read the partial index of everything that
# owes, because it believes that little does: then each decision would cost as much as the backlog is long.
_CLAIMED = """{first}
SELECT t.id, t.reference, t.customer_id, t.account_id, t.direction, t.status, t.owed_cause, t.occurred_at, t.amount_cny, c.reference
  FROM {held} transactions_transaction t JOIN customers_customer c ON c.id = t.customer_id
 WHERE t.id {chosen} AND coalesce(t.screening, '') = 'owed' ORDER BY t.id FOR NO KEY UPDATE OF t SKIP LOCKED"""
_OWED = _CLAIMED.format(first="", held="", chosen="= ANY(%(ids)s::bigint[])")
# Counting the customer first has it locked before the row is; one that was judged while we waited for the customer is let go.
_FIRST = """WITH first AS MATERIALIZED (
  SELECT id FROM customers_customer
   WHERE id = (SELECT customer_id FROM transactions_transaction WHERE id = %(id)s::bigint) FOR NO KEY UPDATE)"""
_ONE_OWED = _CLAIMED.format(first=_FIRST, held="(SELECT count(*) FROM first) held CROSS JOIN", chosen="= %(id)s::bigint")
_DONE = (
    "UPDATE transactions_transaction SET screening = 'judged', owed_attempts = 0, owed_retry_at = NULL WHERE id = ANY(%(ids)s::bigint[])"
)


_HOLD = (
    "SELECT id FROM customers_customer WHERE id = ANY(ARRAY(SELECT customer_id FROM transactions_transaction"
    " WHERE id = ANY(%(ids)s::bigint[]))) ORDER BY id FOR NO KEY UPDATE"
)


# Nobody is waited for, so the order in which customers are taken does not matter.
_HOLD_FREE = """
WITH due AS MATERIALIZED (
  SELECT id, customer_id FROM transactions_transaction WHERE id = ANY(%(ids)s::bigint[]) AND coalesce(screening, '') = 'owed'
), free AS MATERIALIZED (
  SELECT h.id FROM (SELECT DISTINCT customer_id FROM due) d
   CROSS JOIN LATERAL (SELECT c.id FROM customers_customer c WHERE c.id = d.customer_id FOR NO KEY UPDATE SKIP LOCKED) h)
SELECT due.id, free.id IS NOT NULL FROM due LEFT JOIN free ON free.id = due.customer_id ORDER BY due.id"""


def _claim(ids: Sequence[int]) -> dict[int, Claimed]:
    """Hold the customers, then the rows that still owe. What others commit on these customers is thereafter known to us.

    Judging is a later statement: a lock taken inside it would still read what stood before the lock.
    """
    if len(ids) == 1 and (found := run(_ONE_OWED, {"id": ids[0]})):
        return {row[0]: Claimed(*row) for row in found}
    # Also for a single one that owed nothing when that statement began: it may owe by now, and only a new statement can know.
    run_for(_HOLD, ids)
    return {row[0]: Claimed(*row) for row in run_for(_OWED, ids)}


def _step(actor: Actor, judged: Sequence[Judged], claimed: dict[int, Claimed], now: datetime) -> list[int]:
    """Let statuses follow the labels; return the rows that count otherwise than before because of it."""
    wanted: dict[Status, list[int]] = {Status.HELD: [], Status.DECLINED: [], Status.APPROVED: []}
    for row in judged:
        status = STEPS.get(Label(row.label), Status.APPROVED)
        if claimed[row.pk].status == Status.RECEIVED or status != Status.APPROVED:
            wanted[status].append(row.pk)
    altered = []
    for status, pks in wanted.items():
        for pk in follow_verdicts(actor=actor, ids=pks, status=status, at=now) if pks else []:
            counted = COUNTED_DEBITS if claimed[pk].direction == Direction.DEBIT else COUNTED_CREDITS
            if (claimed[pk].status in counted) != (status in counted):
                altered.append(pk)
    return altered


def _owe(program: Program, claimed: dict[int, Claimed], altered: list[int]) -> int:
    """Mark the judged events whose windows contain what was new here, or counts otherwise since; return how many.

    Corrections and reversals of stored rows did this when they happened (``risk.receivers``).
    """
    fresh = [row.pk for row in claimed.values() if row.cause == OwedCause.NEW]
    # Rows of one sitting have seen each other already, but not what their own verdicts changed.
    owed = spread(program, fresh, OwedCause.LATE, without=list(claimed))
    owed += spread(program, altered, OwedCause.CORRECTED, without=altered if len(altered) == 1 else ())
    return len(owed)


def _write_down(actor: Actor, bench: Bench, judged: Sequence[Judged], claimed: dict[int, Claimed], outcome: Outcome) -> None:
    leaves = [(claimed[row.pk].reference, row.seal) for row in judged if row.assessment is not None]
    data = {
        "rule_set": bench.rule_set,
        "judged": outcome.judged,
        "unchanged": outcome.unchanged,
        "labels": dict(sorted(outcome.labels.items())),
        "causes": dict(sorted(Counter(row.cause for row in claimed.values()).items())),
        "hits": outcome.hits,
        "alerts": outcome.alerts,
        "owed_again": outcome.owed_again,
        "failed_rules": sorted(bench.failures(judged)),
    }
    if len(judged) == 1:
        row = claimed[judged[0].pk]
        only, sealed = log.RowTold(Transaction._meta.label_lower, row.reference), {**data, "seal": judged[0].seal.hex()}
        log.record(actor=actor, action="transaction.judged", target=only, customer=row.customer, data=sealed)
    else:
        log.record_batch(actor=actor, action="transaction.judged", leaves=leaves, data=data)


_LATEST = """
SELECT DISTINCT ON (a.transaction_id) a.transaction_id, a.label, a.actions, a.points, a.revision,
       (SELECT coalesce(array_agg(h.reason_code ORDER BY h.id), '{}') FROM risk_hit h WHERE h.assessment_id = a.id AND NOT h.shadow)
  FROM risk_assessment a WHERE a.transaction_id = ANY(%(ids)s::bigint[]) ORDER BY a.transaction_id, a.revision DESC"""


def latest_verdicts(ids: Sequence[int]) -> dict[int, Verdict]:
    """Return the latest verdict of each transaction that has one."""
    if not ids:
        return {}
    return {
        pk: Verdict(label=label, reasons=tuple(reasons), actions=tuple(actions), points=points, revision=revision)
        for pk, label, actions, points, revision, reasons in run_for(_LATEST, ids)
    }
