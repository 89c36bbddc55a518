"""The judging statement: facts, answers, verdict and the stored assessment in one go; failing rules are cut out."""

import logging
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar

import psycopg
from django.db import transaction

from risk.engine.compiler import GIVEN, ONE, PlanName, Statement, compile_judgement
from risk.engine.cursor import run
from risk.engine.planner import split
from risk.engine.program import Program
from risk.engine.reading import PRESENT, Reading

logger = logging.getLogger(__name__)
Row = TypeVar("Row")

FAILURES = (psycopg.DataError, psycopg.errors.QueryCanceled)
"""What a rule can do to a statement: divide by zero, overflow, take too long. Anything else is not the rule's fault."""
PATIENCE = 12
"""So many single rows of one batch are looked at for a failing rule; then the rule is left out for the rest of the batch."""

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
    """Runs a program over rows; rules that fail are cut out, and named with the rows they failed on."""

    program: Program
    failed: dict[str, list[int]] = field(default_factory=dict)
    left_out: frozenset[str] = frozenset()

    def answer(self, ids: list[int], plan: PlanName, without: frozenset[str]) -> list[Row]:
        """Run the statement over the rows."""
        raise NotImplementedError

    def statement(self, plan: PlanName, without: frozenset[str], *, one: bool = False) -> Statement:
        """Return the statement to run."""
        return compiled(self.program, plan, without, one=one)

    def attempt(self, ids: list[int], plan: PlanName) -> list[Row]:
        """Return the answers on the rows, those of a failing rule left out."""
        try:
            with transaction.atomic():
                return self.answer(ids, plan, self.left_out)
        except FAILURES as failure:
            logger.warning("judging %s rows failed: %s", len(ids), failure)
        if len(ids) == 1:
            return self._alone(ids[0])
        middle = len(ids) // 2
        return self.attempt(ids[:middle], plan) + self.attempt(ids[middle:], plan)

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
        others = frozenset(rule.code for rule in self.program.rules if rule.code != code)
        statement = self.statement("rows", others)
        try:
            with transaction.atomic():
                run(statement.then("SELECT id FROM verdict"), {**statement.values, "ids": [pk]}, prepare=False)
        except FAILURES:
            return True
        return False


@dataclass(kw_only=True)
class Bench(Bisecting[Judged]):
    """One sitting of judging: its rule set and time."""

    rule_set: int
    now: datetime
    write: str = WRITE

    def judge(self, ids: Sequence[int]) -> list[Judged]:
        """Judge the rows, each by the cheaper plan, and store their assessments."""
        return [row for share in split(ids) for row in self.attempt(share.ids, share.plan)]

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
