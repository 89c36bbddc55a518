"""Live and shadow rules joined to one program: which facts they need, in one order, whoever asked for them."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from risk.facts.declarations import KEYS, Fact
from risk.rules.definition import Definition, definition_of


@dataclass(frozen=True)
class Rule:
    """One rule version, ready to be compiled."""

    version_id: int
    code: str
    number: int
    shadow: bool
    definition: Definition


@dataclass(frozen=True)
class Program:
    """Rules in the order of their codes and facts in the order of their identities."""

    rules: tuple[Rule, ...]
    facts: tuple[Fact, ...]

    @cached_property
    def places(self) -> dict[str, int]:
        """Return each fact's place in ``Assessment.facts`` by its identity."""
        return {fact.identity: place for place, fact in enumerate(self.facts)}

    @cached_property
    def statements(self) -> dict[Any, Any]:
        """Return the place where compiled statements of this program are kept."""
        return {}

    @cached_property
    def digest(self) -> str:
        """Return what tells one program from another: versions, states, definitions as proved."""
        parts = [(rule.version_id, rule.shadow) for rule in self.rules]
        text = json.dumps([parts, [fact.identity for fact in self.facts]])
        return hashlib.sha256(text.encode()).hexdigest()

    def reach(self, key: str) -> int:
        """Return how many microseconds after an event of a key (account or customer) judgements can depend on it."""
        reaches = [fact.reach for fact in self.facts if KEYS[getattr(fact, "key", "account")][0] == f"{key}_id"]
        return max(reaches, default=0)


def program_of(versions: Iterable[tuple[int, str, int, bool, Mapping[str, Any], Mapping[str, Any]]]) -> Program:
    """Return the program of (version id, rule code, number, shadow, definition, parameters)."""
    rules = sorted(
        (Rule(pk, code, number, shadow, definition_of(data, values)) for pk, code, number, shadow, data, values in versions),
        key=lambda rule: (rule.code, rule.number),
    )
    facts = {fact.identity: fact for rule in rules for fact in rule.definition.facts.values()}
    return Program(tuple(rules), tuple(facts[identity] for identity in sorted(facts)))
