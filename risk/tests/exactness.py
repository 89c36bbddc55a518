"""Compares the engine with the oracle on one drawn world: every fact, answer and verdict of every transaction, by both plans."""

import contextlib
import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from django.conf import settings
from django.db import transaction
from django.test import override_settings

from products.models import Account
from risk.engine import compiler, matches, planner
from risk.engine.binding import Binder
from risk.engine.cursor import run, settle
from risk.engine.program import Program, program_of
from risk.facts.declarations import BalanceFact, DatedFact
from risk.tests.drawn_worlds import Drawn, Planted, plant
from risk.tests.verdict_oracle import Expected, RuleData, counted, filled, verdict
from transactions.models import Source

CAP = 100
Answers = dict[int, tuple[Any, ...]]


def compare(
    drawn: Drawn, rules: Sequence[RuleData], failing: frozenset[str], sources: list[Source], accounts: list[Account]
) -> tuple[list[str], Counter[str]]:
    """Return what differs, in words, and how much was compared. Nothing is left in the database."""
    ordered = sorted(enumerate(rules, 1), key=lambda pair: (pair[1].code, pair[0]))
    rules = [rule for _number, rule in ordered]
    tally: Counter[str] = Counter(worlds=1)
    with _zone(drawn.zone), transaction.atomic():
        settle(60_000)
        planted = plant(drawn, sources, accounts)
        program = program_of((number, rule.code, number, rule.shadow, rule.definition, rule.parameters) for number, rule in ordered)
        expected = {event.pk: verdict(rules, event, planted.events, planted.books, failing) for event in planted.events}
        wrong = [
            text
            for plan, found in judged(program, failing, sorted(expected)).items()
            for text in _differences(plan, program, rules, failing, found, expected, tally)
        ]
        wrong += _evidence(program, rules, planted, tally)
        tally["transactions"] += len(expected)
        transaction.set_rollback(True)
    return wrong, tally


def _zone(zone: str) -> contextlib.AbstractContextManager[Any]:
    return contextlib.nullcontext() if zone == settings.BANK_ZONE else override_settings(BANK_ZONE=zone)


def judged(program: Program, failing: frozenset[str], ids: list[int]) -> dict[str, Answers]:
    """What the engine says by each plan: all rows by sub-selects, the planner's choice by frames, and one alone."""
    found = {"rows": _run(program, "rows", failing, ids)}
    for share in planner.split(ids, frames_from=1):
        if share.plan == "frames":
            found["frames"] = _run(program, "frames", failing, share.ids)
    found["one"] = _run(program, "rows", failing, ids[len(ids) // 2 :][:1], events=compiler.ONE)
    return found


def _run(program: Program, plan: compiler.PlanName, failing: frozenset[str], ids: list[int], events: str = compiler.GIVEN) -> Answers:
    statement = compiler.compile_judgement(program, plan, without=failing, events=events)
    query = statement.then("SELECT id, facts, answers, points, label, actions, exits FROM verdict")
    rows = run(query, {**statement.values, "ids": ids, "id": ids[0]}, prepare=False)
    return dict.fromkeys(ids, ()) | {pk: (*values, json.loads(exits)) for pk, *values, exits in rows}


def _differences(
    plan: str,
    program: Program,
    rules: Sequence[RuleData],
    failing: frozenset[str],
    found: Answers,
    expected: dict[int, Expected],
    tally: Counter[str],
) -> Iterator[str]:
    for pk, told_of in found.items():
        if not told_of:
            yield f"{plan} {pk}: did not come back"
            continue
        (facts, answers, points, label, actions, exits), want = told_of, expected[pk]
        for (place, name), value in want.facts.items():
            if rules[place].code in failing:
                continue
            declared = program.rules[place].definition.facts[name]
            tally[f"fact values by {plan}"] += 1
            if (got := facts[program.places[declared.identity]]) != value:
                yield f"{plan} {pk} {declared.identity}: {got}, not {value}"
        told = [_told(program, place, answer) for place, answer in enumerate(answers)]
        pairs = {
            "answers": (told, want.answers),
            "points": (points, want.points),
            "label": (label, want.label),
            "actions": (sorted(actions), sorted(want.actions)),
            "exits": (exits, want.exits),
        }
        tally[f"verdicts by {plan}"] += 1
        yield from (f"{plan} {pk} {what}: {got}, not {wanted}" for what, (got, wanted) in pairs.items() if got != wanted)


def _told(program: Program, place: int, answer: int) -> tuple[str, Any]:
    """An answer in the oracle's words."""
    if answer > 0:
        return "band", answer - 1
    if answer in (-100, -101):
        return "exit", {-100: "unknown_value", -101: "engine_error"}[answer]
    return ("way", -answer - 1) if answer else ("no", None)


def _evidence(program: Program, rules: Sequence[RuleData], planted: Planted, tally: Counter[str]) -> Iterator[str]:
    """The transactions shown for the first fact that counts any."""
    for place, rule in enumerate(rules):
        for name, spec in rule.definition["facts"].items():
            declared = program.rules[place].definition.facts[name]
            if isinstance(declared, DatedFact | BalanceFact):
                continue
            binder = Binder()
            sql = matches.matches_sql(declared, binder, CAP) or ""
            ids = [event.pk for event in planted.events]
            for pk, shown in run(sql, {**binder.values, "ids": ids}, prepare=False):
                now = next(event for event in planted.events if event.pk == pk)
                tally["lists of evidence"] += 1
                if set(shown) != (wanted := counted(filled(spec, rule.parameters), now, planted.events)):
                    yield f"evidence {pk} {declared.identity}: {sorted(shown)}, not {sorted(wanted)}"
            return
