"""The oracle can fail: the compiled statement is spoilt in one place after another, and each time a drawn world shows it.

A mutation whose pattern is no longer part of any statement fails as well: it guards nothing then and must be written anew.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from products.models import Account
from risk.engine import compiler
from risk.engine.program import program_of
from risk.tests.exactness import compare
from risk.tests.test_verdict_oracle import cases, drawn_bank, writable_history
from risk.tests.verdict_oracle import RuleData
from transactions.models import Source

pytestmark = pytest.mark.django_db
__all__ = ["drawn_bank", "writable_history"]

MOST = 1_500
"""So many worlds are drawn at most; those whose statements do not hold the place are not looked at."""
Spoil = Callable[[compiler.Statement], compiler.Statement]


@dataclass(frozen=True)
class Spoilt:
    """One place of the statement, and what a slip would have made of it."""

    name: str
    pattern: str
    slip: str
    quick: bool = False


HIS, NOW = r"h\.event_order", r"c\.event_order"
SLIPS = [
    Spoilt("the event itself is part of its past", rf"{HIS} < {NOW}", "h.event_order <= c.event_order", quick=True),
    Spoilt("the event is no part of its own window", rf"{HIS} <= {NOW}(?! -)", "h.event_order < c.event_order"),
    Spoilt("tie bits dropped", rf"{HIS} < {NOW}", "(h.event_order >> 12) < (c.event_order >> 12)"),
    Spoilt("a reversal is ignored", r"h\.reversed_at IS NULL OR h\.reversed_at > c\.occurred_at", "true", quick=True),
    Spoilt("a reversal acts a microsecond late", r"h\.reversed_at > c\.occurred_at", "h.reversed_at >= c.occurred_at"),
    Spoilt("a reversed event never counted", r"h\.reversed_at IS NULL OR h\.reversed_at > c\.occurred_at", "h.reversed_at IS NULL"),
    Spoilt("a pending credit counts", r"\(h\.direction = 'D' AND (h\.status IN)", r"(true AND \1"),
    Spoilt("a pending debit does not count", r"\(h\.direction = 'D' AND h\.status IN", "(false AND h.status IN"),
    Spoilt("an event that does not count is left out of its own window", r"\) OR h\.id = c\.id\)", ") OR false)"),
    Spoilt("business day off by one", r"h\.business_day > c\.business_day", "h.business_day >= c.business_day"),
    Spoilt("the bank day before counts as today", r"h\.bank_date IS NOT DISTINCT FROM c\.bank_date", "h.bank_date >= c.bank_date - 1"),
    Spoilt("today counts among the days before", r"h\.bank_date < c\.bank_date", "h.bank_date <= c.bank_date", quick=True),
    Spoilt("the first of the days before is left out", r"h\.bank_date >= c\.bank_date -", "h.bank_date > c.bank_date -"),
    Spoilt("the same direction is not asked for", r"h\.direction = c\.direction", "true"),
    Spoilt("the same currency group is not asked for", r"h\.currency (?== 'CNY' THEN 'CNY' ELSE 'USD' END\) =)", "c.currency "),
    Spoilt("a mean is cut, not rounded", r", 8\)", " - 0.000000005, 8)"),
    Spoilt("the deviation of a population", r"::numeric \* \((\S+) - 1\)", r"::numeric * (\1)"),
    Spoilt("an unknown amount is nothing", r"\bmin\(h\.amount_cny\)", "min(coalesce(h.amount_cny, 0))"),
    Spoilt("a gap is counted from the first event", r"max\(h\.event_order\)", "min(h.event_order)"),
    Spoilt("the last events are the first ones", r"ORDER BY h\.event_order DESC, h\.external_id", "ORDER BY h.event_order, h.external_id"),
    Spoilt("equal events by arrival", r"h\.external_id DESC, h\.source_id DESC", "h.id DESC"),
    Spoilt(
        "an unknown counterparty is one more",
        r"SELECT DISTINCT (h\.counterparty_index .*?) AND h\.counterparty_index IS NOT NULL",
        r"SELECT DISTINCT \1",
    ),
    Spoilt("a reference holds on its last day", r"v\.valid_until > ", "v.valid_until >= "),
    Spoilt("the older reference wins", r"ORDER BY v\.valid_from DESC", "ORDER BY v.valid_from"),
    Spoilt("a report of the same moment is before", r"b\.reported_at < c\.occurred_at", "b.reported_at <= c.occurred_at"),
    Spoilt("the older report wins", r"ORDER BY b\.reported_at DESC", "ORDER BY b.reported_at"),
    Spoilt("what was undone since stays in the balance", r"h\.reversed_at > b\.reported_at", "false"),
    Spoilt("thresholds exclude", r"\((\S+) ([<>])= (\S+)\)", r"(\1 \2 \3)"),
    Spoilt("an unknown condition is a no", r"IS NULL THEN -100", "IS NULL THEN 0", quick=True),
    Spoilt("a multiple of nothing is none", r"mod\((.*?)\) = 0\)", r"mod(\1) <> 0)"),
    Spoilt("money that moved is held", r"CASE WHEN k\.has_moved THEN", "CASE WHEN false THEN"),
    Spoilt("points above the threshold only", r"s\.points >= ", "s.points > "),
    Spoilt("who is held is told to nobody", r"\(d\.rank >= 2 AND", "(false AND"),
    Spoilt("customers as they are today", r"coalesce\(cw\.segment, cu\.segment\)", "cu.segment"),
    Spoilt("the hour on another clock", r"AT TIME ZONE %\(zone\)s::text", "AT TIME ZONE 'UTC'"),
    Spoilt("frames: the event itself is part of its past", r"AND 1 PRECEDING\)", "AND CURRENT ROW)"),
    Spoilt("frames: all directions in one partition", r"(PARTITION BY h\.\w+.*?), h\.direction", r"\1"),
    Spoilt("frames: a day of holidays is a day of its own", r"ORDER BY h\.business_day", "ORDER BY (h.bank_date - DATE '2000-01-01')"),
]


class Caught(Exception):
    """A drawn world showed the slip."""


def survives(spoilt: Spoil, monkeypatch: pytest.MonkeyPatch, bank: Any) -> int | None:
    """How many worlds a slip survived whose statements hold its place; None when one showed it."""
    seen = [0]
    exact = compiler.compile_judgement

    def wrapped(*args: Any, **more: Any) -> compiler.Statement:
        return spoilt(exact(*args, **more))

    @settings(
        max_examples=MOST,
        derandomize=True,
        deadline=None,
        database=None,
        phases=[Phase.generate],
        report_multiple_bugs=False,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=cases())
    def look(case: Any) -> None:
        if not _holds(exact, spoilt, case[1]):
            return
        seen[0] += 1
        if compare(*case, *bank)[0]:
            raise Caught

    monkeypatch.setattr(compiler, "compile_judgement", wrapped)
    try:
        look()
    except Caught:
        return None
    return seen[0]


def _holds(exact: Callable[..., compiler.Statement], spoilt: Spoil, rules: list[RuleData]) -> bool:
    """Whether a slip changes what is compiled of some rules: no other world is worth storing."""
    ordered = sorted(enumerate(rules), key=lambda pair: (pair[1].code, pair[0]))
    program = program_of((number, rule.code, number, rule.shadow, rule.definition, rule.parameters) for number, rule in ordered)
    statements = [exact(program, "rows"), exact(program, "frames")]
    return any(spoilt(statement) != statement for statement in statements)


def spoiling(slip: Spoilt) -> Spoil:
    """A statement with a slip."""
    return lambda statement: replace(statement, tables=re.sub(slip.pattern, slip.slip, statement.tables))


@pytest.mark.parametrize("slip", [pytest.param(one, id=one.name, marks=() if one.quick else pytest.mark.slow) for one in SLIPS])
def test_a_slip_is_caught(slip: Spoilt, monkeypatch: pytest.MonkeyPatch, drawn_bank: tuple[list[Source], list[Account]]) -> None:
    survived = survives(spoiling(slip), monkeypatch, drawn_bank)
    assert survived != 0, f"no statement holds {slip.pattern} any more"
    assert survived is None, f"{survived} worlds did not show it"


@pytest.mark.slow
@pytest.mark.parametrize("micros", [-4096, 4096, -2048, 2048])
def test_a_window_of_another_length_is_caught(
    micros: int, monkeypatch: pytest.MonkeyPatch, drawn_bank: tuple[list[Source], list[Account]]
) -> None:
    """One microsecond more or less, or tie bits that move an edge."""

    def spoilt(statement: compiler.Statement) -> compiler.Statement:
        moved = {name: value + micros if _is_offset(value) else value for name, value in statement.values.items()}
        return replace(statement, values=moved)

    assert survives(spoilt, monkeypatch, drawn_bank) is None


def _is_offset(value: Any) -> bool:
    """Distances in event order are the only great whole numbers that a statement binds."""
    return isinstance(value, int) and value > 4096 * 1_000_000
