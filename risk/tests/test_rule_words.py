"""Whatever the rule language can show has words in both languages: no reader meets a code (R041, R127)."""

import re
from collections.abc import Iterable, Iterator
from typing import Any

import pytest
from django.utils import translation
from django.utils.translation import gettext

from risk.facts.declarations import FORMULAS, KEYS, KINDS, fact_of
from risk.facts.fields import FIELDS, SAME
from risk.rules.catalogue import shipped
from risk.rules.definition import ENGINE_ERROR, EXITS, UNITS, UNKNOWN_VALUE, definition_of
from risk.rules.labels import FACT_LABELS
from risk.rules.references import shipped_references
from risk.rules.text import (
    EXIT_LABELS,
    FIELD_LABELS,
    FORMULA_LABELS,
    KEY_LABELS,
    TABLE_LABELS,
    UNIT_LABELS,
    applies_text,
    band_text,
    condition_text,
    fact_text,
)

CHINESE = re.compile(r"[\u4e00-\u9fff]")
NOT_READ_BY_RULES = {"label_points"}
"""A table of the engine's own."""
STAY = {"CNY", "USD", "USDCNY"}
"""Codes that a bank's people read as they are."""

LABELLED: list[tuple[str, Iterable[str], dict[str, Any]]] = [
    ("attribute", [*FIELDS, *SAME], FIELD_LABELS),
    ("key", KEYS, KEY_LABELS),
    ("formula", FORMULAS, FORMULA_LABELS),
    ("exit", [*EXITS, UNKNOWN_VALUE, ENGINE_ERROR], EXIT_LABELS),
    ("unit", UNITS, UNIT_LABELS),
    ("table", {row.table for row in shipped_references()} - NOT_READ_BY_RULES, TABLE_LABELS),
    ("fact", {name for rule in shipped() for name in rule.definition["facts"]}, FACT_LABELS),
]


@pytest.mark.parametrize(("names", "labels"), [row[1:] for row in LABELLED], ids=[row[0] for row in LABELLED])
def test_every_name_has_a_label_in_both_languages(names: Iterable[str], labels: dict[str, Any]) -> None:
    assert set(names) - set(labels) == set()
    with translation.override("en"):
        assert all(str(label) for label in labels.values())
    with translation.override("zh-hans"):
        bare = {str(label) for label in labels.values() if not CHINESE.search(str(label))}
    assert bare <= STAY


def _facts() -> Iterator[dict[str, Any]]:
    """One declaration for each formula, kind and thing two events may share."""
    for formula in FORMULAS:
        of = {"of": "amount_cny"} if formula in ("sum", "mean", "stddev", "max", "min") else {}
        more = {"cap": 10} if formula == "distinct" else {}
        yield {"kind": "window", "key": "pair", "formula": formula, "window": {"days": 7}, "current": False, **of, **more}
    yield from ({"kind": "last", "key": "customer", "formula": "count", "count": 5, "days": 9, "same": [name]} for name in SAME)
    yield {"kind": "daily_peak", "key": "account", "formula": "sum", "of": "amount_cny", "days": 30}
    yield {"kind": "dated", "table": "week_limit", "of": "customer_segment"}
    yield {"kind": "balance", "days": 30}


def test_every_kind_of_fact_reads_in_chinese_without_a_code() -> None:
    facts = [fact_of(data) for data in _facts()]
    assert {fact.kind for fact in facts} == set(KINDS)
    with translation.override("zh-hans"):
        for fact in facts:
            assert _latin(fact_text(fact)) == set(), fact_text(fact)


@pytest.mark.parametrize("rule", list(shipped()), ids=lambda rule: rule.code)
def test_a_shipped_rule_reads_in_chinese_without_a_code(rule: Any) -> None:
    definition = definition_of(rule.definition, rule.parameters)
    with translation.override("zh-hans"):
        texts = [applies_text(definition), *(fact_text(fact) for fact in definition.facts.values())]
        texts += [band_text(band)["when"] for band in definition.bands] + [condition_text(way.when) for way in definition.exits]
        texts += [gettext(item.label) for item in definition.parameters.values()] + [gettext(rule.name)]
        assert {text for text in texts if _latin(text)} == set()


def test_a_word_is_called_what_its_field_calls_it() -> None:
    with translation.override("zh-hans"):
        for name in ("customer_segment", "account_kind", "customer_kind", "kind", "instrument", "channel", "direction"):
            code = {"customer_segment": "retail", "account_kind": "class_1", "customer_kind": "person", "direction": "D"}.get(name, "")
            code = code or {"kind": "transfer", "instrument": "transfer", "channel": "counter"}[name]
            assert _latin(condition_text(("=", ("field", name), ("text", code)))) == set()


def _latin(text: str) -> set[str]:
    return set(re.findall(r"[A-Za-z][A-Za-z_]*", text)) - STAY
