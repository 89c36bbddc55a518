"""Where the engine was inexact or could break, each with the smallest case that shows it."""

import json
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from products.models import Account, BalanceReport
from risk.engine.binding import Binder
from risk.engine.compiler import PlanName, compile_facts, compile_judgement
from risk.engine.cursor import run
from risk.engine.program import program_of
from risk.facts.declarations import fact_of
from risk.facts.errors import DefinitionError
from risk.facts.expressions import number_of, with_parameters
from risk.facts.spans import DAY
from risk.services import screening
from risk.services.owing import changed
from transactions.choices import OwedCause, Screening, Status
from transactions.models import Source, Transaction
from transactions.tests.personas import NOON, recorded

pytestmark = pytest.mark.django_db
Move = Callable[..., Transaction]


@pytest.fixture
def move(core: Source, salary_account: Account) -> Move:
    """Record a movement so many minutes after noon."""

    def made(number: int, amount: str = "100", minutes: float = 0, **changes: Any) -> Transaction:
        changes = {"source": "core", "amount": Decimal(amount), "occurred_at": NOON + timedelta(minutes=minutes)} | changes
        return recorded(salary_account, number, **changes)

    return made


def value(data: dict[str, Any], row: Transaction, plan: PlanName = "rows") -> Any:
    """One fact of one transaction."""
    binder = Binder()
    tables = compile_facts((fact_of(data),), plan, binder)
    return run(f"WITH {tables} SELECT f0 FROM facts", {**binder.values, "ids": [row.pk]}, prepare=False)[0][0]


def definition(when: Any, facts: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    """A rule with one band."""
    bands = [{"when": when, "band": "low", "reason": "test", "points": 1}]
    return {"language": 1, "subject": "account", "facts": facts or {}, "bands": bands, **more}


def verdict(row: Transaction, *versions: tuple[str, bool, dict[str, Any]]) -> dict[str, Any]:
    """What a program of (code, shadow, definition) says of a transaction."""
    program = program_of((place, code, place, shadow, data, {}) for place, (code, shadow, data) in enumerate(versions, 1))
    statement = compile_judgement(program, "rows")
    found = run(statement.then("SELECT to_jsonb(v)::text FROM verdict v"), {**statement.values, "ids": [row.pk]}, prepare=False)
    return dict(json.loads(found[0][0]))


COUNT = {"kind": "window", "key": "account", "formula": "count", "window": {"days": 7}, "current": True}


def test_a_threshold_behind_a_division_is_met_exactly(move: Move) -> None:
    """4 is not more than three times 4/3, also where 4/3 has to be written with so many places."""
    row = [move(number, minutes=number) for number in range(4)][-1]
    third = ["*", ["number", "3"], ["/", ["fact", "count"], ["number", "3"]]]
    assert verdict(row, ("more", False, definition([">", ["fact", "count"], third], {"count": COUNT})))["answers"] == [0]
    assert verdict(row, ("same", False, definition(["=", ["fact", "count"], third], {"count": COUNT})))["answers"] == [1]


def test_a_condition_before_a_division_keeps_it_from_a_zero(move: Move) -> None:
    nothing = ["-", ["field", "amount"], ["number", "100"]]
    guarded = ["and", ["!=", nothing, ["number", "0"]], [">", ["field", "amount"], ["/", ["number", "1"], nothing]]]
    assert verdict(move(1), ("guarded", False, definition(guarded)))["answers"] == [0]
    assert verdict(move(2, "101", 1), ("guarded", False, definition(guarded)))["answers"] == [1]


def test_more_rules_than_a_function_takes_arguments(move: Move) -> None:
    leaving = definition(["missing", ["number", "1"]], exits=[{"name": "unrated", "when": ["=", ["field", "amount"], ["number", "100"]]}])
    found = verdict(move(1), *((f"rule-{number:03}", False, leaving) for number in range(120)))
    assert len(found["exits"]) == 120
    assert set(found["exits"].values()) == {"unrated"}


def test_a_live_rule_keeps_its_exit_beside_its_shadow(move: Move) -> None:
    always = ["=", ["number", "1"], ["number", "1"]]
    never = ["missing", ["number", "1"]]
    live = definition(never, exits=[{"name": "unrated", "when": always}])
    assert verdict(move(1), ("both", False, live), ("both", True, definition(never)))["exits"] == {"both": "unrated"}


@pytest.mark.parametrize("kind", ["window", "last"])
def test_a_filter_may_speak_of_the_judged_event_alone(move: Move, kind: str) -> None:
    """An aggregate that names no column of the past rows would belong to the query around it, and the statement would not compile."""
    fact: dict[str, Any] = {"kind": kind, "key": "account", "formula": "count", "where": [">", ["current", "amount"], ["number", "50"]]}
    fact |= {"window": {"days": 7}, "current": True} if kind == "window" else {"count": 3, "days": 7}
    move(1)
    assert value(fact, move(2, minutes=1)) == 2
    assert value(fact, move(3, "50", minutes=2)) == 0


def test_a_deviation_is_rounded_once(move: Move) -> None:
    """Of large amounts `stddev_samp` keeps eight places, and rounding those again to six can go wrong."""
    amounts = ["18794438.24", "27581411.04", "43311457.52"]
    row = [move(place, amount, place) for place, amount in enumerate(amounts)][-1]
    fact = {"kind": "window", "key": "account", "formula": "stddev", "of": "amount_cny", "window": {"days": 7}, "current": True}
    numbers = [Decimal(amount) for amount in amounts]
    mean = sum(numbers, Decimal(0)) / len(numbers)
    exact = (sum(((number - mean) ** 2 for number in numbers), Decimal(0)) / (len(numbers) - 1)).sqrt()
    assert value(fact, row) == value(fact, row, "frames") == round(exact, 6)


def test_fixed_numbers_are_folded_without_rounding() -> None:
    values = {"a": Decimal(1234567890123456789012345678)}
    folded = with_parameters(("*", ("param", "a"), ("number", "1.000000000000000001")), values)
    assert folded == ("number", "1234567890123456790246913568.123456789012345678")


def test_a_product_with_too_many_places_stays_one() -> None:
    tiny = ("number", "0.000000000000000001")
    assert with_parameters(("*", tiny, tiny), {}) == ("*", tiny, tiny)
    counting = {"kind": "window", "key": "account", "formula": "count", "window": {"days": 7}, "current": True}
    where = [">", ["field", "amount"], ["*", list(tiny), list(tiny)]]
    data = definition([">", ["fact", "n"], ["number", "1"]], {"n": {**counting, "where": where}})
    assert program_of([(1, "tiny", 1, False, data, {})]).facts[0].in_frames


@pytest.mark.parametrize("text", ["1e-19", "1e-100000", "1e30", "NaN", "0.1234567890123456789"])
def test_a_number_without_end_is_refused(text: str) -> None:
    with pytest.raises(DefinitionError):
        number_of(text)


def test_what_was_undone_since_the_report_leaves_the_balance(move: Move, salary_account: Account) -> None:
    fact = {"kind": "balance", "days": 180}
    gone, kept = move(1, "300", 0, direction="C"), move(2, "50", 1)
    BalanceReport.objects.create(account=salary_account, balance=1000, reported_at=NOON + timedelta(minutes=10), source="core")
    before, after = move(3, "20", 20), move(4, "7", 40)
    Transaction.objects.filter(pk=gone.pk).update(status=Status.REVERSED, reversed_at=NOON + timedelta(minutes=30))
    assert value(fact, before) == 1000
    assert value(fact, after) == 1000 - 20 - 300
    assert value(fact, kept) is None


def test_a_reversal_long_after_owes_the_balances_that_follow(move: Move) -> None:
    """The reversed event itself lies further back than any window; its reversal does not."""
    old, later = move(1, occurred_at=NOON - timedelta(days=390)), move(2)
    screening.judge(ids=screening.owed_ids())
    Transaction.objects.filter(pk=old.pk).update(status=Status.REVERSED, reversed_at=NOON - timedelta(days=1))
    assert changed(ids=[old.pk], cause=OwedCause.REVERSED) >= 1
    assert Transaction.objects.get(pk=later.pk).screening == Screening.OWED


def test_facts_of_pairs_reach_as_far_as_they_say() -> None:
    fact = {"kind": "window", "key": "pair", "formula": "count", "window": {"days": 30}, "current": True}
    program = program_of([(1, "pair", 1, False, definition([">", ["fact", "n"], ["number", "1"]], {"n": fact}), {})])
    assert (program.reach("account"), program.reach("customer")) == (30 * DAY, 0)


def test_hundreds_of_events_in_one_microsecond_are_ordered_by_themselves(move: Move) -> None:
    """Some of them share their tie bits; who came first never matters, and both plans say the same."""
    rows = [move(number, str(number + 1)) for number in range(300)]
    orders = {row.pk: row.event_order for row in rows}
    assert len(set(orders.values())) < 300
    past = {**COUNT, "current": False}
    total = {"kind": "window", "key": "account", "formula": "sum", "of": "amount", "window": {"minutes": 1}, "current": True}
    for row in rows[::25]:
        mine = orders[row.pk]
        assert value(past, row) == value(past, row, "frames") == sum(order < mine for order in orders.values())
        expected = sum(Decimal(other.amount) for other in rows if orders[other.pk] <= mine)
        assert value(total, row) == value(total, row, "frames") == expected
