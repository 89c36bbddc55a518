"""The rule language: typed, bounded, without evaluation; windows are exact to the microsecond.

Requirements: R215.
"""

import copy
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.calendar.models import BusinessDay
from risk.facts.declarations import fact_of
from risk.facts.errors import DefinitionError
from risk.facts.expressions import Scope, check
from risk.facts.spans import DAY, STRIDE, TIES, back, order_of, span_of
from risk.rules.catalogue import shipped
from risk.rules.definition import definition_of
from risk.rules.text import applies_text, band_text, fact_text

MOMENT = datetime(2026, 11, 20, tzinfo=UTC)


@given(
    now=st.integers(0, 10**15),
    ago=st.integers(-3, 3),
    micros=st.integers(1, 10**14),
    tie=st.integers(0, TIES - 1),
    other=st.integers(0, TIES - 1),
)
def test_the_offset_separates_a_microsecond_whatever_the_tie_bits(now: int, ago: int, micros: int, tie: int, other: int) -> None:
    past = now - micros + ago
    inside = past * STRIDE + other >= now * STRIDE + tie - back(micros)
    assert inside == (past > now - micros)


def test_event_order_counts_microseconds_since_2000() -> None:
    assert order_of(datetime(2000, 1, 1, tzinfo=UTC)) == 0
    assert order_of(MOMENT + timedelta(microseconds=1), 5) - order_of(MOMENT, 5) == STRIDE


@pytest.mark.parametrize(
    ("expression", "code"),
    [
        (["field", "password"], "unknown_field"),
        (["fact", "nothing"], "unknown_fact"),
        ([">", ["field", "amount"], ["param", "nothing"]], "unknown_parameter"),
        ([">", ["field", "amount"], ["text", "7"]], "type"),
        ([">", ["field", "kind"], ["text", "a"]], "type"),
        (["eval", ["text", "1"]], "operator"),
        (["current", "amount"], "operator"),
        (["and", ["field", "cross_border"]], "operands"),
        ([">", ["number", "1e99"], ["number", "1"]], "number"),
        ([">", ["number", "NaN"], ["number", "1"]], "number"),
        ([">", ["number", 0.1], ["number", "1"]], "number"),
        (["field", "amount"], "type"),
        ("1=1", "expression"),
        ([], "expression"),
    ],
)
def test_what_is_not_well_formed_is_refused_in_words(expression: Any, code: str) -> None:
    with pytest.raises(DefinitionError) as refusal:
        check(expression, Scope())
    assert refusal.value.code == f"definition.{code}"
    assert str(refusal.value)


def test_depth_and_size_are_limited() -> None:
    deep: Any = ["field", "cross_border"]
    for _level in range(5000):
        deep = ["not", deep]
    with pytest.raises((DefinitionError, RecursionError)):
        check(deep, Scope())
    wide = ["and", *[["field", "cross_border"]] * 24]
    huge = ["or", *[copy.deepcopy(wide) for _place in range(20)]]
    with pytest.raises(DefinitionError) as refusal:
        check(huge, Scope())
    assert refusal.value.code == "definition.too_large"


@pytest.mark.parametrize(
    "change",
    [
        {"kind": "episode"},
        {"key": "branch"},
        {"formula": "median"},
        {"of": "customer_segment"},
        {"window": {"days": 0}},
        {"window": {"days": 5000}},
        {"window": {"fortnights": 1}},
        {"same": ["name"]},
        {"where": ["=", ["field", "customer_kind"], ["text", "person"]]},
        {"cap": 3},
        {"sql": "1"},
    ],
)
def test_a_fact_that_is_not_well_declared_is_refused(change: dict[str, Any]) -> None:
    good = {"kind": "window", "key": "account", "formula": "sum", "of": "amount", "window": {"days": 7}, "current": True}
    assert fact_of(good).to_json() == good
    with pytest.raises(DefinitionError):
        fact_of({**good, **change})


@pytest.mark.django_db
@pytest.mark.parametrize("days", [1, 2, 3, 5, 10, 20, 60])
def test_business_days_never_reach_further_than_the_index_range_we_read(days: int) -> None:
    first_days: dict[int, Any] = {}
    last_days: dict[int, Any] = {}
    for day, ordinal in BusinessDay.objects.order_by("day").values_list("day", "ordinal"):
        first_days.setdefault(ordinal, day)
        last_days[ordinal] = day
    widest = max((last_days[o] - first_days[o - days + 1]).days + 1 for o in last_days if o - days + 1 in first_days)
    assert widest * DAY <= span_of({"business_days": days}).reach


def test_every_shipped_rule_is_proved_names_its_sources_and_reads_in_words() -> None:
    rules = list(shipped())
    assert {rule.scenario for rule in rules if rule.state == "live"} == {None, 1, 2, 3, 4, 5, 6, 9, 11, 13, 15, 16, 33, 34, 35}
    for rule in rules:
        definition = definition_of(rule.definition, rule.parameters)
        assert rule.source
        assert applies_text(definition)
        assert all(fact_text(fact) for fact in definition.facts.values())
        assert all(band_text(band)["when"] for band in definition.bands)
        assert all(item.unit and item.label and item.source for item in definition.parameters.values())
