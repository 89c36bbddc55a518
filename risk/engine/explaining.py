"""How the engine computes facts, told from its own plans: which scan or pass, which index, what it cost on given transactions."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from django.db import transaction

from risk.engine.binding import Binder
from risk.engine.compiler import GIVEN, ONE, PlanName, Statement, compile_facts, compile_judgement
from risk.engine.cursor import run
from risk.engine.frames import Frames
from risk.engine.ledger import LEDGER
from risk.engine.per_row import PerRow, Plan
from risk.engine.program import Program
from risk.facts.declarations import BalanceFact, DatedFact, Fact, LastFact, WindowFact
from risk.facts.spans import BusinessDays

_ALIAS = re.compile(r"\b(g\d+|frames_[a-z]+)\.")
LOOK_UP = "look-up"
"""What is no scan of the past: one row of a reference table."""


@dataclass(frozen=True)
class Measured:
    """What EXPLAIN (ANALYZE, BUFFERS) said about a statement over some transactions."""

    plan: PlanName
    transactions: int
    planning_ms: float
    execution_ms: float
    buffers_hit: int
    buffers_read: int
    indexes: tuple[str, ...]
    failed: str = ""
    """Why it could not be measured: a rule failed on these transactions."""


def scans(facts: Sequence[Fact], plan_name: PlanName) -> dict[str, str]:
    """Return the scan or pass that computes each fact, by the fact's identity; facts under one name share it.

    Facts that a plan leaves to the other one are missing under ``frames``.
    """
    plan, binder = Plan(), Binder()
    if plan_name == "frames":
        Frames(LEDGER, binder).compile([fact for fact in facts if fact.in_frames], plan)
    else:
        PerRow(LEDGER, binder).compile(facts, plan)
    found = {}
    for identity, column in plan.columns.items():
        alias = _ALIAS.search(column)
        found[identity] = alias[1] if alias else LOOK_UP
    return found


def never_framed(fact: Fact) -> str:
    """Return why one sorted pass cannot compute a fact; nothing where it can."""
    if fact.in_frames:
        return ""
    if isinstance(fact, DatedFact):
        return "a look-up in a reference table needs no history"
    if isinstance(fact, BalanceFact):
        return "it begins at the last reported balance, another moment for each event"
    if isinstance(fact, LastFact):
        return "it counts events, not time: the last of the same kind"
    if fact.key == "pair" or "counterparty" in fact.same:
        return "its history is that of one counterparty, a partition per pair"
    if fact.looks_at_current:
        return "its filter compares past events with the one being judged"
    if isinstance(fact, WindowFact) and isinstance(fact.span, BusinessDays):
        return "a deviation cannot be put together from the days of a window"
    return f"a frame cannot keep a {fact.formula}"


def statement_of(program: Program, plan: PlanName, *, one: bool = False) -> Statement:
    """Return the statement that judges, without what it writes."""
    return compile_judgement(program, plan, events=ONE if one else GIVEN)


def cost(program: Program, plan: PlanName, ids: Sequence[int]) -> Measured:
    """Return what judging some transactions costs, or that it failed and why."""
    try:
        with transaction.atomic():
            return _measure(program, plan, ids)
    except (psycopg.DataError, psycopg.errors.QueryCanceled) as failure:
        return Measured(plan, len(ids), 0, 0, 0, 0, (), str(failure).splitlines()[0])


def _measure(program: Program, plan: PlanName, ids: Sequence[int]) -> Measured:
    """Run the judging of some transactions without writing, and return what it cost: the second run, as the first warms the memory."""
    one = len(ids) == 1 and plan == "rows"
    statement = statement_of(program, plan, one=one)
    sql = statement.then("SELECT id, facts, answers, label, points, actions, exits FROM verdict")
    values = {**statement.values, "ids": list(ids), "id": ids[0]}
    for _time in range(2):
        ((found,),) = run(f"EXPLAIN (ANALYZE, BUFFERS, TIMING OFF, FORMAT JSON) {sql}", values, prepare=False)
    top = _plan_of(found)
    root = top["Plan"]
    return Measured(
        plan=plan,
        transactions=len(ids),
        planning_ms=top["Planning Time"],
        execution_ms=top["Execution Time"],
        buffers_hit=root.get("Shared Hit Blocks", 0),
        buffers_read=root.get("Shared Read Blocks", 0),
        indexes=tuple(_ways(root)),
    )


def ways(facts: Sequence[Fact], plan: PlanName, ids: Sequence[int]) -> tuple[str, ...]:
    """Return the indexes (or the table read whole) by which the planner would reach the past for these facts and transactions."""
    binder = Binder()
    one = len(ids) == 1 and plan == "rows"
    tables = compile_facts(tuple(facts), plan, binder, events=ONE if one else GIVEN)
    values = {**binder.values, "ids": list(ids), "id": ids[0]}
    ((found,),) = run(f"EXPLAIN (FORMAT JSON) WITH {tables} SELECT * FROM facts", values, prepare=False)
    return tuple(_ways(_plan_of(found)["Plan"]))


def _plan_of(found: Any) -> dict[str, Any]:
    plans = json.loads(found) if isinstance(found, str) else found
    return dict(plans[0])


def _ways(node: dict[str, Any]) -> list[str]:
    """The ways into the past and into references, each once, in the order of the plan; the events themselves (``t``) are no past."""
    found: dict[str, None] = {}
    for part in _nodes(node):
        if "Relation Name" in part and part["Alias"].startswith(("h", "b", "v")):
            indexes = [below["Index Name"] for below in _nodes(part) if "Index Name" in below]
            found |= dict.fromkeys(indexes or [f"{part['Relation Name']}, read whole"])
    return list(found)


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for part in node.get("Plans", []):
        yield from _nodes(part)
