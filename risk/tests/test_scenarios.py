"""Each live scenario fires on its own story and not one fen, one microsecond or one transaction short of it.

Requirements: R005, R105, R106, R119, R121, R123, R126, R138, R139, R203.
"""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from products.models import Account
from risk.engine.branches import branches_of
from risk.models import DatedValue, Hit
from risk.services import screening
from transactions.models import Source
from transactions.tests.personas import NOON, recorded

pytestmark = pytest.mark.django_db
MICRO = timedelta(microseconds=1)
FEN = Decimal("0.01")
Move = dict[str, Any]


def move(amount: object, at: datetime = NOON, **changes: Any) -> Move:
    return {"amount": Decimal(str(amount)), "occurred_at": at, "kind": "transfer", "direction": "D", **changes}


def reasons(account: Account, moves: list[Move]) -> set[str]:
    """What the rules say of the last of these movements."""
    row = None
    for number, one in enumerate(moves):
        row = recorded(account, f"{account.pk}-{number}", source="core", **one)
    assert row is not None
    ids = screening.owed_ids()
    screening.judge(ids=ids)
    return set(Hit.objects.filter(transaction=row).values_list("reason_code", flat=True))


def days(count: int, **more: Any) -> datetime:
    return NOON + timedelta(days=count, **more)


def usual(count: int) -> list[Move]:
    return [move(500, days(-n)) for n in range(1, count + 1)]


def crowd(count: int, amount: object = 200) -> list[Move]:
    return [move(amount, days(0, minutes=n)) for n in range(count)]


CASES: list[tuple[str, str, list[Move], list[Move]]] = [
    (
        "5",
        "below_cash_limit",
        [move(40_000, days(n), instrument="cash", kind="deposit", direction="C") for n in (-4, -1, 0)],
        [move(a, days(n), instrument="cash", kind="deposit", direction="C") for n, a in ((-4, "39999.99"), (-1, 40_000), (0, 40_000))],
    ),
    (
        "5 window",
        "below_cash_limit",
        [move(45_000, days(n), instrument="cash") for n in (-11, -1, 0)],  # 9 November: the tenth business day back
        [move(45_000, days(n), instrument="cash") for n in (-14, -1, 0)],
    ),
    (
        "5 above",
        "below_cash_limit",
        [move(45_000, days(n), instrument="cash") for n in (-2, -1, 0)],
        [move(a, days(n), instrument="cash") for n, a in ((-3, 50_000), (-2, 45_000), (-1, 45_000), (0, 45_000))],
    ),
    (
        "6",
        "above_week_limit",
        [move(100_000, days(-7) + MICRO), move(100_000.01)],
        [move(100_000, days(-7)), move(100_000.01)],
    ),
    ("6 limit", "above_week_limit", [move(100_000, days(-1)), move("100000.01")], [move(100_000, days(-1)), move(100_000)]),
    (
        "9",
        "passes_through",
        [move(50_000, days(-1) + MICRO, direction="C"), move(45_000)],
        [move(50_000, days(-1), direction="C"), move(45_000)],
    ),
    (
        "9 share",
        "passes_through",
        [move(60_000, days(0, hours=-2), direction="C"), move(54_000)],
        [move(60_000, days(0, hours=-2), direction="C"), move("53999.99")],
    ),
    ("11", "above_own_mean", [*usual(5), move("1500.01")], [*usual(5), move(1500)]),
    ("11 high", "far_above_own_mean", [*usual(5), move("2500.01")], [*usual(5), move(2500)]),
    ("11 history", "above_own_mean", [*usual(5), move(2000)], [*usual(4), move(2000)]),
    (
        "13",
        "burst",
        [*[move(9 + n, days(-3, minutes=n)) for n in range(5)], *[move(10 + n, days(0, minutes=n)) for n in range(15)]],
        [*[move(9 + n, days(-3, minutes=n)) for n in range(5)], *[move(10 + n, days(0, minutes=n)) for n in range(14)]],
    ),
    (
        "13 similar",
        "similar_amounts",
        [move(1000, days(-2)), move(1100, days(-1)), move(1000)],
        [move(1000, days(-2)), move("1100.01", days(-1)), move(1000)],
    ),
    ("15", "round_amounts", [move(40_000, days(-40 + n)) for n in range(5)], [move(30_000, days(-40 + n)) for n in range(5)]),
    ("16", "high_risk_country_amount", [move(10_000, counterparty_country="KP")], [move("9999.99", counterparty_country="KP")]),
    ("33", "large_withdrawal", [move(50_000, kind="withdrawal")], [move("49999.99", kind="withdrawal")]),
    (
        "33 own",
        "above_own_withdrawals",
        [move(100, days(-5), kind="withdrawal"), move("300.01", kind="withdrawal")],
        [move(100, days(-5), kind="withdrawal"), move(300, kind="withdrawal")],
    ),
    (
        "33 hour",
        "many_withdrawals",
        [move(10, days(0, hours=-1) + MICRO, kind="withdrawal"), *[move(10, days(0, minutes=-n), kind="withdrawal") for n in (1, 0)]],
        [move(10, days(0, hours=-1), kind="withdrawal"), *[move(10, days(0, minutes=-n), kind="withdrawal") for n in (1, 0)]],
    ),
    ("34", "unusual_hour", [move(5_000, NOON - timedelta(hours=11))], [move(5_000, NOON - timedelta(hours=11) - MICRO)]),
    ("34 end", "unusual_hour", [move(5_000, NOON - timedelta(hours=7) - MICRO)], [move(5_000, NOON - timedelta(hours=7))]),
    (
        "34 habit",
        "unusual_hour",
        [move(5_000, days(-n, hours=-10)) for n in (2, 1, 0)],
        [move(5_000, days(-n, hours=-10)) for n in (3, 2, 1, 0)],
    ),
    ("35", "many_small", crowd(20), crowd(19)),
    ("35 small", "many_small", crowd(20), crowd(20, 200 + FEN)),
    ("no rate", "no_rate", [move(5, currency="XXX")], [move(5)]),
]


@pytest.mark.parametrize(("reason", "story", "near_miss"), [pytest.param(*case[1:], id=case[0]) for case in CASES])
def test_fires_on_its_story_and_not_just_short_of_it(
    reason: str, story: list[Move], near_miss: list[Move], core: Source, salary_account: Account, shanghai_account: Account
) -> None:
    assert reason in reasons(salary_account, story)
    assert reason not in reasons(shanghai_account, near_miss)


def test_a_withdrawal_of_four_fifths_of_the_balance_drains(core: Source, salary_account: Account, shanghai_account: Account) -> None:
    for account in (salary_account, shanghai_account):
        account.balance_reports.create(balance=Decimal(15_000), reported_at=NOON - timedelta(days=3), source="core")
    received = move(5_000, days(-1), direction="C")
    assert "drains_account" in reasons(salary_account, [received, move(16_000, kind="withdrawal")])
    assert "drains_account" not in reasons(shanghai_account, [received, move("15999.99", kind="withdrawal")])


def test_a_dated_reference_is_read_at_the_events_date(core: Source, salary_account: Account) -> None:
    DatedValue.objects.create(table="high_risk_country", key="FR", value=1, valid_from=days(0).date(), valid_until=days(1).date())
    assert "high_risk_country" not in reasons(salary_account, [move(5, days(-1), counterparty_country="FR")])
    rows = [recorded(salary_account, f"x{n}", source="core", **move(5, days(n), counterparty_country="FR")) for n in (0, 1)]
    screening.judge(ids=[row.pk for row in rows])
    assert [Hit.objects.filter(transaction=row).exists() for row in rows] == [True, False]


@pytest.mark.parametrize("story", [pytest.param(case[2], id=case[0]) for case in CASES])
def test_what_hit_is_told_as_met_by_its_own_values(core: Source, salary_account: Account, story: list[Move]) -> None:
    """The page works out each condition from what was kept: it must come to what the engine found (R127)."""
    reasons(salary_account, story)
    for hit in Hit.objects.select_related("rule_version", "transaction__customer"):
        branches, _settings = branches_of(hit)
        assert [branch.fired for branch in branches] == [True] + [False] * (len(branches) - 1)
        before = [branch for branch in branches[1:] if branch.number < branches[0].number]
        assert "met" not in {branch.state for branch in before}
        assert "—" not in {line.value for line in branches[0].lines}
