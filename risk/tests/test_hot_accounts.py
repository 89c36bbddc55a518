"""Thousands of events of one account in a sitting: what stands is asked for once, a day is summed once, the index alone is read.

Requirements: R339.
"""

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection

from products.models import Account, Freeze
from products.services.freezes import place_freeze
from risk.choices import Band
from risk.engine import day_sums as summing
from risk.engine.binding import Binder
from risk.engine.compiler import compile_facts
from risk.engine.cursor import run
from risk.engine.expressions import common_floor
from risk.facts.declarations import WindowFact, fact_of
from risk.models import Alert, Hit
from risk.services import consequences, rule_sets, screening
from transactions.models import Source, Transaction
from transactions.tests.personas import NOON, recorded

pytestmark = pytest.mark.django_db
Move = Callable[..., Transaction]


@pytest.fixture
def move(core: Source, salary_account: Account) -> Move:
    """Record a movement so many seconds after noon."""

    def made(number: int | str, amount: str = "100", seconds: float = 0, **changes: Any) -> Transaction:
        changes = {"source": "core", "amount": Decimal(amount), "occurred_at": NOON + timedelta(seconds=seconds)} | changes
        return recorded(salary_account, number, **changes)

    return made


def test_a_freeze_that_stands_is_asked_for_once_in_a_sitting(move: Move, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def counted(**what: Any) -> Freeze:
        asked.append(what["origin"])
        return place_freeze(**what)

    monkeypatch.setattr(consequences, "place_freeze", counted)
    rows = [move("in", "80000", direction="C"), *(move(f"out{number}", "79000", seconds=60 + number) for number in range(12))]
    screening.judge(ids=[row.pk for row in rows])
    hits = Hit.objects.filter(rule_version__rule__code="rapid-pass-through", band=Band.HIGH)
    assert hits.count() > 6
    assert len(asked) == Freeze.objects.standing().count() == 1
    assert Alert.objects.filter(rule__code="rapid-pass-through").get().hits == hits.count()


def test_a_day_is_summed_once_however_many_of_it_are_judged(move: Move, monkeypatch: pytest.MonkeyPatch) -> None:
    """The nodes of the plan that read the day run once for each of its sums, not once a transaction."""
    rows = [move(number, "100", seconds=number, instrument="cash", kind="deposit", direction="C") for number in range(40)]
    rows += [move(f"b{number}", "7", seconds=number, instrument="cash", kind="withdrawal") for number in range(3)]
    _rule_set, program = rule_sets.current()
    fact = next(rule for rule in program.rules if rule.code == "large-cash").definition.facts["day_sum"]
    assert isinstance(fact, WindowFact)
    plans: list[Any] = []

    def explained(sql: str, values: dict[str, Any], **how: Any) -> list[tuple[Any, ...]]:
        plans.extend(run(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}", values, prepare=False)[0][0])
        return run(sql, values, **how)

    monkeypatch.setattr(summing, "run", explained)
    sums = summing.day_sums(fact, [row.pk for row in rows])
    assert sorted((one.direction, one.total, len(one.ids)) for one in sums) == [("C", Decimal(4000), 40), ("D", Decimal(21), 3)]
    loops = [node["Actual Loops"] for node in nodes(plans[0]["Plan"]) if node.get("Alias", "").startswith("h")]
    assert loops
    assert max(loops) == 2


def nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    """A node of a plan and all below it."""
    return [plan, *(each for below in plan.get("Plans", ()) for each in nodes(below))]


LAST = {"kind": "last", "key": "account", "count": 3, "days": 90, "formula": "sum", "of": "amount"}


def test_the_last_events_are_the_same_whoever_arrived_first_where_the_last_place_is_shared(move: Move) -> None:
    """Four hundred events of one microsecond: some share their place in the order, and their ids decide."""
    rows = [move(number, str(number + 1)) for number in range(400)]
    ties: dict[int, list[Transaction]] = {}
    for row in rows:
        ties.setdefault(row.event_order, []).append(row)
    shared = [twins for twins in ties.values() if len(twins) > 1]
    assert len(shared) > 5
    binder = Binder()
    tables = compile_facts((fact_of(LAST),), "rows", binder)
    found = dict(run(f"WITH {tables} SELECT id, f0 FROM facts", {**binder.values, "ids": [row.pk for row in rows]}, prepare=False))
    decided = 0
    for row in rows:
        before = [other for other in rows if other.event_order <= row.event_order and other.pk != row.pk]
        before.sort(key=lambda other: (other.event_order, other.external_id), reverse=True)
        assert found[row.pk] == row.amount + sum(other.amount for other in before[:2])
        decided += len(before) > 2 and before[1].event_order == before[2].event_order
    assert decided > 5


def test_the_last_events_are_read_from_the_index_alone(move: Move) -> None:
    rows = [move(number, seconds=number) for number in range(30)]
    binder = Binder()
    tables = compile_facts((fact_of(LAST),), "rows", binder)
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_bitmapscan = off")
    told = run(f"EXPLAIN (ANALYZE, FORMAT JSON) WITH {tables} SELECT * FROM facts", {**binder.values, "ids": [rows[-1].pk]}, prepare=False)
    read = [node for node in nodes(told[0][0][0]["Plan"]) if node.get("Index Name") == "transaction_account_order"]
    assert [node["Node Type"] for node in read if node["Actual Loops"]] == ["Index Only Scan"], json.dumps(read, default=str)


CNY = ("field", "amount_cny")


def test_what_all_filters_of_a_scan_demand_is_asked_first_only_where_that_changes_nothing() -> None:
    high, low = (">=", CNY, ("number", "500")), (">", CNY, ("number", "49.5"))
    cash = ("=", ("field", "instrument"), ("text", "cash"))
    assert common_floor([("and", high, cash), ("and", cash, low)]) == (">=", CNY, ("number", "49.5"))
    assert common_floor([("and", high, low)]) == (">=", CNY, ("number", "500"))
    assert common_floor([high, None]) is None
    assert common_floor([high, cash]) is None
    assert common_floor([high, ("or", high, cash)]) is None
    assert common_floor([high, ("<=", CNY, ("number", "9"))]) is None
    assert common_floor([high, (">=", ("field", "amount"), ("number", "9"))]) is None
    assert common_floor([high, ("and", high, ("multiple_of", CNY, ("number", "100")))]) is None
