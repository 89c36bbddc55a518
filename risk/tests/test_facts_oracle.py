"""Every fact of every transaction, by both plans, against an independent computation in plain Python."""

import itertools
from decimal import Decimal
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings

from products.models import Account
from risk.engine.binding import Binder
from risk.engine.compiler import compile_facts
from risk.engine.cursor import run
from risk.engine.planner import split
from risk.facts.declarations import fact_of
from risk.rules.catalogue import shipped
from risk.rules.definition import definition_of
from risk.tests.oracle import fact
from risk.tests.worlds import plant, worlds
from transactions.models import Source

pytestmark = pytest.mark.django_db

SPANS: list[dict[str, int]] = [{"hours": 1}, {"hours": 24}, {"days": 7}, {"bank_days": 1}, {"business_days": 3}, {"days_before": 5}]
FORMULAS = ["count", "sum", "mean", "stddev", "max", "min"]
SMALL = ["<=", ["field", "amount_cny"], ["number", "1100"]]
ALIKE = [">=", ["field", "amount_cny"], ["*", ["number", "0.9"], ["current", "amount_cny"]]]


def _spec(kind: str, key: str, formula: str, **more: Any) -> dict[str, Any]:
    of = {} if formula in ("count", "gap", "distinct") else {"of": "amount_cny"}
    return {"kind": kind, "key": key, "formula": formula, **of, **more}


def all_specs() -> list[dict[str, Any]]:
    """Every formula over every span, some filters of each sort, and all facts of the shipped rules."""
    specs = []
    for (span, formula), key in zip(itertools.product(SPANS, FORMULAS), itertools.cycle(["account", "customer"]), strict=False):
        current = "days_before" not in span and formula in ("count", "sum", "mean")
        specs.append(_spec("window", key, formula, window=span, current=current, same=["direction"]))
        specs.append(_spec("window", key, formula, window=span, current=False, where=SMALL))
    specs += [
        _spec("window", "account", "gap", window={"days": 7}, current=False),
        _spec("window", "customer", "distinct", window={"hours": 24}, current=True, cap=2),
        _spec("window", "pair", "sum", window={"days": 7}, current=True),
        _spec("window", "account", "count", window={"days": 7}, current=True, same=["counterparty"]),
        _spec("window", "account", "count", window={"days": 7}, current=False, where=ALIKE),
        *(
            _spec("window", key, formula, window={**span, "ago": ago}, current=False, **more)
            for key, formula, more in (
                ("account", "count", {"where": SMALL}),
                ("customer", "sum", {"same": ["direction"]}),
                ("account", "mean", {}),
                ("customer", "stddev", {}),
                ("account", "max", {}),
                ("account", "gap", {}),
            )
            for span, ago in (({"hours": 24}, {"days": 7}), ({"days": 7}, {"hours": 24}), ({"hours": 31}, {"hours": 1}))
        ),
        _spec("window", "customer", "distinct", window={"days": 7, "ago": {"hours": 24}}, current=False, cap=2),
        _spec("last", "account", "sum", count=3, days=7, same=["direction"]),
        _spec("last", "account", "max", count=2, days=30, where=SMALL),
        _spec("daily_peak", "account", "count", days=14, where=SMALL),
        _spec("daily_peak", "customer", "sum", days=30, same=["direction"]),
    ]
    for rule in shipped():
        facts = definition_of(rule.definition, rule.parameters).facts.values()
        specs += [one.to_json() for one in facts if one.kind in ("window", "last", "daily_peak")]
    return specs


SPECS = all_specs()
FACTS = tuple(fact_of(spec) for spec in SPECS)


def computed(plan: Any, ids: list[int]) -> dict[int, list[Decimal | None]]:
    """What the engine says: the facts by transaction."""
    binder = Binder()
    tables = compile_facts(FACTS, plan, binder)
    columns = ", ".join(f"f{place}" for place in range(len(FACTS)))
    rows = run(f"WITH {tables} SELECT id, {columns} FROM facts", {**binder.values, "ids": ids}, prepare=plan == "rows")
    return {pk: list(values) for pk, *values in rows}


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(world=worlds)
def test_both_plans_agree_with_the_oracle(
    world: list[dict[str, Any]], core: Source, salary_account: Account, spare_account: Account, shanghai_account: Account
) -> None:
    with transaction.atomic():
        events = plant(world, core, [salary_account, spare_account, shanghai_account])
        expected = {event.pk: [fact(spec, event, events) for spec in SPECS] for event in events}
        ids = [event.pk for event in events]
        found = {"rows": computed("rows", ids)}
        for share in split(ids, frames_from=1):
            found[f"split {share.plan}"] = computed(share.plan, share.ids)
        for plan, rows in found.items():
            for pk, values in rows.items():
                wrong = [
                    (plan, SPECS[place], value, expected[pk][place]) for place, value in enumerate(values) if value != expected[pk][place]
                ]
                assert not wrong
        transaction.set_rollback(True)
