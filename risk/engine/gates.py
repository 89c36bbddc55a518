"""Which events a fact is needed for: where a rule does not apply, or an event alone decides a condition, no past is looked up.

Only for looks that store no facts. A gate never changes an answer: left out is what stands beside a part of an ``and`` that the event
already makes false, or in a rule that does not apply.
"""

from risk.engine.binding import Binder
from risk.engine.expressions import Rows, sql_of
from risk.engine.program import Program, Rule
from risk.facts.expressions import Expression, names_of

Gates = dict[str, str]
EVENT = Rows("c")


def gates_of(program: Program, binder: Binder) -> Gates:
    """Return, by fact identity, the condition on the event ``c`` under which any rule needs the fact; without one: always."""
    found: dict[str, set[str | None]] = {}
    for rule in program.rules:
        applies = sql_of(rule.definition.applies, EVENT, binder) if rule.definition.applies is not None else None
        for name, fact in rule.definition.facts.items():
            for part in _conditions(rule):
                if name in names_of(part, "fact"):
                    found.setdefault(fact.identity, set()).add(_both(applies, _needed(part, name, binder)))
    return {identity: " OR ".join(sorted(f"({one})" for one in ways if one)) for identity, ways in found.items() if None not in ways}


def _conditions(rule: Rule) -> list[Expression]:
    definition = rule.definition
    return [*(band.when for band in definition.bands), *(way.when for way in definition.exits)]


def _needed(tree: Expression, name: str, binder: Binder) -> str | None:
    """When the fact can matter to an expression that holds it; None: whenever."""
    if tree[0] not in ("and", "or"):
        return None
    inside = [part for part in tree[1:] if name in names_of(part, "fact")]
    ways = [_needed(part, name, binder) for part in inside]
    told = None if None in ways else " OR ".join(sorted(f"({way})" for way in ways if way))
    if tree[0] == "or":
        return told
    beside = [part for part in tree[1:] if not names_of(part, "fact")]
    for part in beside:
        told = _both(told, f"({sql_of(part, EVENT, binder)}) IS NOT FALSE")
    return told


def _both(one: str | None, other: str | None) -> str | None:
    parts = [part for part in (one, other) if part]
    return " AND ".join(f"({part})" for part in parts) or None


def gated(lateral: str, gate: str) -> str:
    """Return a lateral of a plan behind a gate: where it is closed, nothing is read and its columns are unknown."""
    head, tail = "CROSS JOIN LATERAL (\n", "\n) AS "
    inner, alias = lateral.removeprefix(head).rsplit(tail, 1)
    # OFFSET 0 keeps the gate before the look: without it the planner looks first and joins by the gate.
    return f"LEFT JOIN LATERAL (SELECT x.* FROM (\n{inner}\n) x WHERE {gate} OFFSET 0) AS {alias} ON true"
