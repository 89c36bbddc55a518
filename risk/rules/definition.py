"""The definition of a rule, proved before it is stored: facts, when it applies, bands that hit, exits that say why not."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from risk.choices import Action, Band, Label
from risk.facts.declarations import Fact, fact_of
from risk.facts.errors import DefinitionError
from risk.facts.expressions import Expression, Scope, check, names_of, number_of, with_parameters

LANGUAGE = 1
MAX_FACTS = 16
MAX_BANDS = 8
UNKNOWN_VALUE = "unknown_value"
ENGINE_ERROR = "engine_error"
EXITS = ("not_enough_history", "unrated", "no_reference_value", "no_recent_balance")
"""Named reasons why a rule gave no answer; ``unknown_value`` and ``engine_error`` are the engine's own."""
UNITS = ("CNY", "USD", "times", "share", "transactions", "hours", "days", "points", "parts")


@dataclass(frozen=True)
class BandSpec:
    """One way to hit: when, how high, what follows."""

    when: Expression
    band: str
    points: int
    label: str
    actions: tuple[str, ...]
    reason: str


@dataclass(frozen=True)
class ExitSpec:
    """One way not to answer: when, its name, and the label it forces, if any."""

    when: Expression
    name: str
    label: str


@dataclass(frozen=True)
class Parameter:
    """A threshold: its value, unit, and what it is, in English."""

    name: str
    value: Decimal
    unit: str
    label: str
    source: str


@dataclass(frozen=True)
class Definition:
    """A proved definition with its parameters filled in; ``facts`` are by the rule's own names."""

    subject: str
    applies: Expression | None
    facts: Mapping[str, Fact]
    bands: tuple[BandSpec, ...]
    exits: tuple[ExitSpec, ...]
    evidence: tuple[str, ...]
    parameters: Mapping[str, Parameter]
    never_suppressed: bool
    register: str


KEYS = {"language", "subject", "applies", "facts", "bands", "exits", "evidence", "never_suppressed", "register"}


def definition_of(data: Any, parameters: Any) -> Definition:
    """Return the proved definition; `DefinitionError` names the first thing that is wrong."""
    _object(data, KEYS, {"language", "subject", "facts", "bands"})
    if data["language"] != LANGUAGE:
        raise DefinitionError("language", data["language"])
    if data["subject"] not in ("account", "customer"):
        raise DefinitionError("band", data["subject"])
    known = parameters_of(parameters)
    values = {name: parameter.value for name, parameter in known.items()}
    facts = _facts(data["facts"], values)
    scope = Scope(facts=dict.fromkeys(facts, "number"), parameters=frozenset(values))

    def condition(expression: Any) -> Expression:
        return with_parameters(check(expression, scope), values)

    definition = Definition(
        subject=data["subject"],
        applies=condition(data["applies"]) if "applies" in data else None,
        facts=facts,
        bands=tuple(_band(band, condition) for band in _rows(data["bands"], at_least=1)),
        exits=tuple(_exit(row, condition) for row in _rows(data.get("exits", []))),
        evidence=tuple(data.get("evidence", [])),
        parameters=known,
        never_suppressed=data.get("never_suppressed") is True,
        register=data.get("register", ""),
    )
    for name in (*definition.evidence, *([definition.register] if definition.register else [])):
        if name not in facts:
            raise DefinitionError("unknown_fact", name)
    if definition.applies is not None and names_of(definition.applies, "fact"):
        raise DefinitionError("operator", "fact")  # what a rule applies to is told by the event alone
    return definition


def parameters_of(data: Any) -> dict[str, Parameter]:
    """Return the parameters by name, proved."""
    if not isinstance(data, dict) or len(data) > 40:
        raise DefinitionError("missing_key", "parameters")
    found = {}
    for name, row in data.items():
        _object(row, {"value", "unit", "label", "source"}, {"value", "unit", "label"})
        if row["unit"] not in UNITS:
            raise DefinitionError("unknown_key", row["unit"])
        found[name] = Parameter(name, number_of(row["value"]), row["unit"], row["label"], row.get("source", ""))
    return found


def _object(data: Any, allowed: set[str], required: set[str]) -> None:
    if not isinstance(data, dict):
        raise DefinitionError("missing_key", data)
    for name in data:
        if name not in allowed:
            raise DefinitionError("unknown_key", name)
    for name in sorted(required):
        if name not in data:
            raise DefinitionError("missing_key", name)


def _rows(data: Any, *, at_least: int = 0) -> list[Any]:
    if not isinstance(data, list) or not at_least <= len(data) <= MAX_BANDS:
        raise DefinitionError("band", data)
    return data


def _facts(data: Any, values: Mapping[str, Decimal]) -> dict[str, Fact]:
    if not isinstance(data, dict) or len(data) > MAX_FACTS:
        raise DefinitionError("fact", "facts")
    found = {}
    for name, row in data.items():
        if not name.isidentifier():
            raise DefinitionError("fact", name)
        found[name] = fact_of(_filled(row, values))
    return found


def _filled(row: Any, values: Mapping[str, Decimal]) -> Any:
    """Fill the rule's parameters into a fact's filter, so that the stored fact says what it counts."""
    if not isinstance(row, dict) or "where" not in row:
        return row
    scope = Scope(parameters=frozenset(values), of_history=True)
    return {**row, "where": with_parameters(check(row["where"], scope), values)}


def _band(data: Any, condition: Any) -> BandSpec:
    _object(data, {"when", "band", "points", "label", "actions", "reason"}, {"when", "band", "reason"})
    points, actions, label = data.get("points", 0), tuple(data.get("actions", [])), data.get("label", Label.ALLOW.value)
    if isinstance(points, bool) or not isinstance(points, int) or not 0 <= points <= 1000:
        raise DefinitionError("band", points)
    if data["band"] not in Band.values or label not in Label.values or not set(actions) <= set(Action.values):
        raise DefinitionError("band", data["reason"])
    if not isinstance(data["reason"], str) or not 0 < len(data["reason"]) <= 40:
        raise DefinitionError("band", data["reason"])
    return BandSpec(condition(data["when"]), data["band"], points, label, actions, data["reason"])


def _exit(data: Any, condition: Any) -> ExitSpec:
    _object(data, {"when", "name", "label"}, {"when", "name"})
    label = data.get("label", "")
    if data["name"] not in EXITS or (label and label not in Label.values):
        raise DefinitionError("band", data["name"])
    return ExitSpec(condition(data["when"]), data["name"], label)
