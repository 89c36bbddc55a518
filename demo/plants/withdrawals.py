"""Scenario 33: large or draining withdrawals."""

from __future__ import annotations

from datetime import timedelta

from demo.clock import MICROSECOND
from demo.plants.plot import Plot

DAY = timedelta(days=1)


def large(plot: Plot) -> None:
    """From 50,000."""
    with plot.planted(33, "exactly-50000", "hold", "one transfer of exactly 50,000") as case:
        case.pay(case.ago(0, "11:25:00"), "50,000.00")
    with plot.planted(33, "cash", "hold", "cash of 60,000 at the counter") as case:
        case.withdraw(case.ago(0, "11:25:00"), "60,000.00")
    with plot.near_miss(33, "one-fen-under", "hold", "one transfer of 49,999.99") as case:
        case.pay(case.ago(0, "11:25:00"), "49,999.99")


def draining(plot: Plot) -> None:
    """From 80 % of the balance, if that is at least 10,000."""
    with plot.planted(33, "exactly-80-percent", "hold", "10,000.00 of a balance of 12,500.00", opening="12,500.00") as case:
        case.pay(case.ago(0, "11:25:00"), "10,000.00")
    with plot.planted(33, "everything", "hold", "the whole balance of 31,000.00", opening="31,000.00") as case:
        case.pay(case.ago(0, "11:25:00"), "31,000.00")
    with plot.near_miss(33, "under-80-percent", "hold", "10,000.00 of a balance of 12,500.01: 79.9999 %", opening="12,500.01") as case:
        case.pay(case.ago(0, "11:25:00"), "10,000.00")
    with plot.near_miss(33, "one-fen-under-10000", "hold", "the whole balance of 9,999.99", opening="9,999.99") as case:
        case.pay(case.ago(0, "11:25:00"), "9,999.99")


def own_largest(plot: Plot) -> None:
    """Over 3 times the own largest of 90 days."""
    with plot.planted(33, "over-three-times", "hold", "6,000.01; the largest in 90 days was 2,000") as case:
        for back, amount in ((70, "1,500.00"), (50, "2,000.00"), (35, "1,750.00")):
            case.before(case.ago(back, "10:00:00"), amount)
        case.pay(case.ago(0, "11:25:00"), "6,000.01")
    with plot.planted(33, "larger-one-just-outside", "hold", "6,000.01; one of 4,000 lies exactly 90 days back") as case:
        at = case.ago(0, "11:25:00")
        case.before(at - 90 * DAY, "4,000.00")
        case.before(case.ago(50, "10:00:00"), "2,000.00")
        case.pay(at, "6,000.01")
    with plot.near_miss(33, "exactly-three-times", "hold", "6,000.00; the largest in 90 days was 2,000") as case:
        for back, amount in ((70, "1,500.00"), (50, "2,000.00"), (35, "1,750.00")):
            case.before(case.ago(back, "10:00:00"), amount)
        case.pay(case.ago(0, "11:25:00"), "6,000.00")
    with plot.near_miss(33, "larger-one-just-inside", "hold", "6,000.01; one of 4,000 lies a microsecond less than 90 days back") as case:
        at = case.ago(0, "11:25:00")
        case.before(at - 90 * DAY + MICROSECOND, "4,000.00")
        case.before(case.ago(50, "10:00:00"), "2,000.00")
        case.pay(at, "6,000.01")


STORIES = (large, draining, own_largest)
