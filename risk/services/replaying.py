"""Judging again without writing: what the rules say of any transactions, as known at the time or as corrected since.

*As known*: each transaction with the eyes of its first judgement, down to the rows, steps, rates, balance reports and references that its
database snapshot could see. *As corrected*: with everything the ledger says today. Two equalities prove the engine, and `differences`
looks for exceptions to them: as known is revision 1; once nothing is owed, as corrected is the latest revision.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from crm.access.errors import DomainError
from crm.fields.history import as_of
from risk.choices import RuleState
from risk.engine.compiler import PlanName, Statement
from risk.engine.cursor import run
from risk.engine.planner import split
from risk.engine.program import Program, program_of
from risk.engine.reading import CORRECTED, KNOWN, SETTLED, Reading
from risk.engine.settled import settled
from risk.models import RuleSet, RuleVersion
from risk.services.judging import Bisecting, compiled

BATCH = 5_000


class UnknownRuleSet(DomainError):
    """The states that its versions had cannot be told any more."""

    code = "unknown_rule_set"


@dataclass(frozen=True, slots=True)
class Replayed:
    """What the rules say of one transaction. ``facts`` and ``answers`` are in the order of the program's facts and rules."""

    pk: int
    facts: list[Decimal | None]
    answers: list[int]
    label: str
    points: int
    actions: list[str]
    exits: Mapping[str, str]


_READ = "SELECT v.id, v.facts, v.answers, v.label, v.points, v.actions, v.exits FROM verdict v"


@dataclass(kw_only=True)
class _Reader(Bisecting[Replayed]):
    reading: Reading

    def statement(self, plan: PlanName, without: frozenset[str], *, one: bool = False) -> Statement:
        return compiled(self.program, plan, without, one=one, reading=self.reading)

    def answer(self, ids: list[int], plan: PlanName, without: frozenset[str]) -> list[Replayed]:
        statement = self.statement(plan, without)
        return [Replayed(*row) for row in run(statement.then(_READ), {**statement.values, "ids": ids}, prepare=False)]


def replay(program: Program, ids: Iterable[int], *, known: bool, quick: bool = True) -> Iterator[Replayed]:
    """Yield what a program says of each of these transactions, in no particular order; nothing is written.

    A transaction that was never judged is judged, as known, by what was there when it arrived. ``quick=False`` reads every past the
    long way, which must give the same.
    """
    wanted = list(ids)
    for start in range(0, len(wanted), BATCH):
        for reading, share in readings(wanted[start : start + BATCH], known=known, quick=quick):
            for part in split(share) if reading is not KNOWN else [None]:
                reader = _Reader(program=program, reading=reading)
                yield from reader.attempt(part.ids, part.plan) if part else reader.attempt(share, "rows")


def readings(ids: Sequence[int], *, known: bool, quick: bool = True) -> list[tuple[Reading, list[int]]]:
    """Return the rows by the reading that each needs."""
    if not known:
        return [(CORRECTED, list(ids))]
    at_rest = settled(ids) if quick else set()
    shares = [(SETTLED, [pk for pk in ids if pk in at_rest]), (KNOWN, [pk for pk in ids if pk not in at_rest])]
    return [(reading, share) for reading, share in shares if share]


@lru_cache(maxsize=64)
def program_of_set(rule_set_id: int) -> Program:
    """Return the program that assessments of a rule set were made by; its digest proves that it is the one."""
    rule_set = RuleSet.objects.get(pk=rule_set_id)
    versions = list(rule_set.versions.select_related("rule"))
    for shadows in _shadows(rule_set, versions):
        program = program_of((v.pk, v.rule.code, v.number, v.pk in shadows, v.definition, v.parameters) for v in versions)
        if program.digest == rule_set.digest:
            return program
    raise UnknownRuleSet(str(rule_set.number))


def _shadows(rule_set: RuleSet, versions: Sequence[RuleVersion]) -> Iterator[set[int]]:
    """Which versions ran in the shadow then: as they are now, or as they were when the set was made."""
    yield {version.pk for version in versions if version.state == RuleState.SHADOW}
    then = as_of(RuleVersion, rule_set.created_at).filter(pgh_obj__in=[version.pk for version in versions])
    yield set(then.filter(state=RuleState.SHADOW).values_list("pgh_obj_id", flat=True))


@dataclass(frozen=True, slots=True)
class Difference:
    """Where what is stored and what a replay says part."""

    pk: int
    revision: int
    what: str
    stored: Any
    replayed: Any


_STORED = """
SELECT DISTINCT ON (a.transaction_id) a.transaction_id, a.revision, a.rule_set_id, a.facts, a.label, a.points, a.actions, a.exits
  FROM risk_assessment a WHERE a.transaction_id = ANY(%(ids)s::bigint[]) ORDER BY a.transaction_id, a.revision"""
NOT_REPEATABLE = "consequences"
"""The exit of a verdict that was forced because what followed from it failed: no rule said it, so no replay does."""


def differences(ids: Iterable[int], *, known: bool) -> list[Difference]:
    """Return every difference between stored assessments and a replay of the rules they were made by: none, if the engine is right.

    ``known``: revision 1 against as known; else the latest revision against as corrected, which must agree once nothing is owed.
    """
    stored = {row[0]: row for row in run(_STORED + ("" if known else " DESC"), {"ids": list(ids)}, prepare=False)}
    sets: dict[int, list[int]] = {}
    for pk, row in stored.items():
        if NOT_REPEATABLE not in row[7]:
            sets.setdefault(row[2], []).append(pk)
    found: list[Difference] = []
    for rule_set, pks in sets.items():
        program = program_of_set(rule_set)
        for again in replay(program, pks, known=known):
            found += _parted(program, stored[again.pk], again)
    return found


def _parted(program: Program, stored: tuple[Any, ...], again: Replayed) -> Iterator[Difference]:
    pk, revision, _rule_set, facts, *rest = stored
    for fact, was, now in zip(program.facts, facts, again.facts, strict=True):
        if was != now:
            yield Difference(pk, revision, fact.identity, was, now)
    said = (again.label, again.points, again.actions, again.exits)
    for what, before, after in zip(("label", "points", "actions", "exits"), rest, said, strict=True):
        if before != after:
            yield Difference(pk, revision, what, before, after)
