"""The judging statement: facts, answers, verdict and the stored assessment in one go; failing rules are cut out."""

import logging
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

import psycopg
from django.db import transaction

from risk.engine.answers import ERROR
from risk.engine.compiler import GIVEN, ONE, PlanName, Statement, compile_judgement
from risk.engine.cursor import run, within
from risk.engine.planner import split
from risk.engine.program import Program
from risk.engine.reading import PRESENT, Reading

logger = logging.getLogger(__name__)
Row = TypeVar("Row")

FAILURES = (psycopg.DataError, psycopg.errors.QueryCanceled)
"""What a rule can do to a statement: divide by zero, overflow, take too long. Anything else is not the rule's fault."""
PATIENCE = 12
"""So many single rows of one batch are looked at for a failing rule; then the rule is left out for the rest of the batch."""
FIRST_MS, ROW_MS = 2_000, 5
"""A statement may take so many milliseconds, and so many more for each of its rows: some fifty times what it takes."""
RULE_MS, SAMPLE = 1_000, 5
"""Where rows took too long, each rule alone is given so many milliseconds with so many of them."""

WRITE = """,
written AS (
  INSERT INTO risk_assessment
    (transaction_id, revision, rule_set_id, label, points, actions, exits, facts, cause, snapshot, judged_at)
  SELECT v.id, coalesce(p.revision, 0) + 1, %(rule_set)s::bigint, v.label, v.points, v.actions, v.exits, v.facts,
         t.owed_cause, pg_current_snapshot()::text, %(now)s::timestamptz
    FROM verdict v JOIN transactions_transaction t ON t.id = v.id
    LEFT JOIN LATERAL (SELECT a.* FROM risk_assessment a WHERE a.transaction_id = v.id ORDER BY a.revision DESC LIMIT 1) p ON true
   WHERE p.revision IS NULL
      OR (p.rule_set_id, p.facts, p.label, p.points, p.actions, p.exits)
         IS DISTINCT FROM (%(rule_set)s::bigint, v.facts, v.label::varchar, v.points, v.actions::varchar[], v.exits)
  RETURNING id, transaction_id, revision)
SELECT v.id, w.id, w.revision, v.label, v.points, v.actions, v.answers,
       CASE WHEN w.revision > 1 OR 0 < ANY (v.answers) THEN v.facts END,
       sha256(convert_to(concat_ws('|', w.revision, v.label, v.points, v.answers::text, v.facts::text), 'UTF8'))
  FROM verdict v LEFT JOIN written w ON w.transaction_id = v.id"""

_ASIDE = """,
aside AS (
  SELECT v.id, v.facts, v.answers, v.points, CASE WHEN v.label IN ('hold', 'decline') THEN v.label ELSE 'review' END AS label,
         v.actions, v.exits || jsonb_build_object('consequences', 'engine_error') AS exits
    FROM verdict v)"""
SET_ASIDE = _ASIDE + WRITE.replace("verdict v", "aside v")
"""The same for a row whose consequences failed: at least a review, with the exit that says so."""


@dataclass(frozen=True, slots=True)
class Judged:
    """What was found about one transaction; ``assessment`` is None where a new look found nothing new."""

    pk: int
    assessment: int | None
    revision: int | None
    label: str
    points: int
    actions: list[str]
    answers: list[int]
    facts: list[Any] | None
    seal: bytes


@dataclass(kw_only=True)
class Bisecting(Generic[Row]):
    """Runs a program over rows; rules that fail are cut out, and named with the rows they failed on.

    ``left_out`` begins with the rules that need not be tried; those that are given up on the way join it, the ``slow`` among them.
    """

    program: Program
    failed: dict[str, list[int]] = field(default_factory=dict)
    left_out: frozenset[str] = frozenset()
    slow: frozenset[str] = frozenset()

    def answer(self, ids: list[int], plan: PlanName, without: frozenset[str]) -> list[Row]:
        """Run the statement over the rows."""
        raise NotImplementedError

    def statement(self, plan: PlanName, without: frozenset[str], *, one: bool = False) -> Statement:
        """Return the statement to run."""
        return compiled(self.program, plan, without, one=one)

    def attempt(self, ids: list[int], plan: PlanName) -> list[Row]:
        """Return the answers on the rows, those of a failing rule left out."""
        try:
            with transaction.atomic(), within(FIRST_MS + ROW_MS * len(ids)):
                return self.answer(ids, plan, self.left_out)
        except FAILURES as failure:
            logger.warning("judging %s rows failed: %s", len(ids), failure)
            late = isinstance(failure, psycopg.errors.QueryCanceled)
        if late and (slow := self._slow(ids)):
            # Halving the rows would only find that every half is too slow, each after its own time.
            self.slow |= slow
            self.left_out |= slow
            return self.attempt(ids, plan)
        if plan == "frames":  # it reads more of the past than these rows ask for: perhaps only that fails
            return self.attempt(ids, "rows")
        if len(ids) == 1:
            return self._alone(ids[0])
        middle = len(ids) // 2
        return self.attempt(ids[:middle], plan) + self.attempt(ids[middle:], plan)

    def _slow(self, ids: list[int]) -> frozenset[str]:
        """Return the rules that take too long alone, or far longer than the others, with a few of the rows."""
        few = ids[:: max(len(ids) // SAMPLE, 1)][:SAMPLE]
        taken = {rule.code: self._took(rule.code, few) for rule in self.program.rules if rule.code not in self.left_out}
        usual = statistics.median(took for took in taken.values() if took is not None) if any(taken.values()) else 0.0
        bearable = max(ROW_MS * len(few) / 1000, 3 * usual)
        return frozenset(code for code, took in taken.items() if took is None or (took > bearable and len(few) > 1))

    def _took(self, code: str, ids: list[int]) -> float | None:
        """Return the seconds a rule takes alone; None where its time ran out."""
        began = time.perf_counter()
        try:
            self._try(code, ids)
        except psycopg.errors.QueryCanceled:
            return None
        except FAILURES:
            return 0.0
        return time.perf_counter() - began

    def _alone(self, pk: int) -> list[Row]:
        """Judge one row without the rules that fail on it; they are named and answer ``engine_error``."""
        culprits = {rule.code for rule in self.program.rules if rule.code not in self.left_out and self._fails(rule.code, pk)}
        for code in culprits:
            self.failed.setdefault(code, []).append(pk)
            if len(self.failed[code]) >= PATIENCE:
                self.left_out |= {code}
        if not culprits:
            # Each rule alone is quick enough but not all together: the row is too heavy, no rule can be blamed.
            culprits = {rule.code for rule in self.program.rules}
            self.failed.setdefault("", []).append(pk)
        with transaction.atomic():
            return self.answer([pk], "rows", self.left_out | culprits)

    def _fails(self, code: str, pk: int) -> bool:
        try:
            self._try(code, [pk])
        except FAILURES:
            return True
        return False

    def _try(self, code: str, ids: list[int]) -> None:
        others = frozenset(rule.code for rule in self.program.rules if rule.code != code)
        statement = self.statement("rows", others)
        with transaction.atomic(), within(RULE_MS):
            run(statement.then("SELECT id FROM verdict"), {**statement.values, "ids": ids}, prepare=False)


@dataclass(kw_only=True)
class Bench(Bisecting[Judged]):
    """One sitting of judging: its rule set and time."""

    rule_set: int
    now: datetime
    write: str = WRITE

    def judge(self, ids: Sequence[int]) -> list[Judged]:
        """Judge the rows, each by the cheaper plan, and store their assessments."""
        return [row for share in split(ids) for row in self.attempt(share.ids, share.plan)]

    def failures(self, judged: Sequence[Judged]) -> dict[str, list[int]]:
        """Return the rows that each rule gave no answer on because it failed or was left out; under no code those on which all did."""
        if not self.failed and not self.left_out:
            return {}
        whole = set(self.failed.get("", ()))
        found = {"": sorted(whole)} if whole else {}
        for place, rule in enumerate(self.program.rules):
            rows = [row.pk for row in judged if row.answers[place] == ERROR and row.pk not in whole]
            if rows:
                found[rule.code] = rows
        return found

    def answer(self, ids: list[int], plan: PlanName, without: frozenset[str]) -> list[Judged]:
        """Judge and store."""
        statement = self.statement(plan, without, one=len(ids) == 1)
        values = {**statement.values, "ids": ids, "id": ids[0], "rule_set": self.rule_set, "now": self.now}
        rows = run(statement.tables_with(self.write), values, prepare=plan == "rows" and not without)
        return [Judged(*row) for row in rows]


def compiled(
    program: Program, plan: PlanName, without: frozenset[str] = frozenset(), *, one: bool = False, reading: Reading = PRESENT
) -> Statement:
    """Return the statement of a program, compiled once; for ``ids``, or for ``one`` event, ``id``."""
    key = (plan, without, one, reading.name)
    if key not in program.statements:
        program.statements[key] = compile_judgement(program, plan, without=without, events=ONE if one else GIVEN, reading=reading)
    return program.statements[key]  # type: ignore[no-any-return]
