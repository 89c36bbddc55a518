"""Scenario 33: large or draining withdrawals."""

from __future__ import annotations

from datetime import timedelta

from demo.clock import MICROSECOND
from demo.plants.plot import Case, Plot

HOUR = timedelta(hours=1)
NOON = "11:25:00"


def large(plot: Plot) -> None:
    """From 50,000."""
    with plot.planted(33, "exactly-50000", "hold", "a withdrawal of exactly 50,000 to an account elsewhere") as case:
        case.withdraw_elsewhere(case.ago(0, NOON), "50,000.00")
    with plot.planted(33, "cash", "hold", "cash of 60,000 at the counter") as case:
        case.withdraw(case.ago(0, NOON), "60,000.00")
    with plot.near_miss(33, "one-fen-under", "hold", "a withdrawal of 49,999.99") as case:
        case.withdraw_elsewhere(case.ago(0, NOON), "49,999.99")
    with plot.near_miss(33, "not-a-withdrawal", "hold", "50,000 paid to somebody else is a payment, not a withdrawal") as case:
        case.pay(case.ago(0, NOON), "50,000.00", kind="payment")


def draining(plot: Plot) -> None:
    """From 80 % of the balance, if that is at least 10,000."""
    with plot.planted(33, "exactly-80-percent", "hold", "10,000.00 of a balance of 12,500.00", opening="12,500.00") as case:
        case.withdraw(case.ago(0, NOON), "10,000.00")
    with plot.planted(33, "everything", "hold", "the whole balance of 31,000.00", opening="31,000.00") as case:
        case.withdraw(case.ago(0, NOON), "31,000.00")
    with plot.near_miss(33, "under-80-percent", "hold", "10,000.00 of a balance of 12,500.01: 79.9999 %", opening="12,500.01") as case:
        case.withdraw(case.ago(0, NOON), "10,000.00")
    with plot.near_miss(33, "one-fen-under-10000", "hold", "the whole balance of 9,999.99", opening="9,999.99") as case:
        case.withdraw(case.ago(0, NOON), "9,999.99")


def own_largest(plot: Plot) -> None:
    """Over 3 times the own largest withdrawal of the 90 days before today."""
    usual = ((70, "1,500.00"), (50, "2,000.00"), (35, "1,750.00"))
    with plot.planted(33, "over-three-times", "hold", "6,000.01; the largest in 90 days was 2,000") as case:
        for back, amount in usual:
            case.withdrawn_before(case.ago(back, "10:00:00"), amount)
        case.withdraw(case.ago(0, NOON), "6,000.01")
    with plot.planted(
        33, "larger-one-just-outside", "hold", "6,000.01; one of 4,000 in the last microsecond of the 91st day before"
    ) as case:
        case.withdrawn_before(case.ago(91, "23:59:59.999999"), "4,000.00")
        case.withdrawn_before(case.ago(50, "10:00:00"), "2,000.00")
        case.withdraw(case.ago(0, NOON), "6,000.01")
    with plot.near_miss(33, "exactly-three-times", "hold", "6,000.00; the largest in 90 days was 2,000") as case:
        for back, amount in usual:
            case.withdrawn_before(case.ago(back, "10:00:00"), amount)
        case.withdraw(case.ago(0, NOON), "6,000.00")
    with plot.near_miss(33, "larger-one-just-inside", "hold", "6,000.01; one of 4,000 in the first moment of the 90th day before") as case:
        case.withdrawn_before(case.ago(90, "00:00:00"), "4,000.00")
        case.withdrawn_before(case.ago(50, "10:00:00"), "2,000.00")
        case.withdraw(case.ago(0, NOON), "6,000.01")


def _three(case: Case, length: timedelta) -> None:
    at = case.ago(0, NOON)
    case.withdraw(at, "3,100.00")
    case.withdraw(at + length / 2, "2,600.00")
    case.withdraw(at + length, "2,850.00")


def many(plot: Plot) -> None:
    """At least 3 in one hour."""
    with plot.planted(
        33, "three-in-an-hour", "hold", "three withdrawals, the last a microsecond less than an hour after the first"
    ) as case:
        _three(case, HOUR - MICROSECOND)
    with plot.near_miss(33, "three-in-just-over", "hold", "three withdrawals, the last exactly an hour after the first") as case:
        _three(case, HOUR)


STORIES = (large, draining, own_largest, many)
