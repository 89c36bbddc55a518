"""Scenarios 5 and 6: many below a limit, and much within a week."""

from __future__ import annotations

from datetime import datetime, timedelta

from demo.clock import MICROSECOND, midnight
from demo.ledger import Details
from demo.plants.plot import Case, Plot, cents, spread

FIRST_BACK = 27
"""Structuring starts this many days before the end, so that eleven business days fit in, public holidays included."""


def _business_moments(plot: Plot, *steps: int) -> list[datetime]:
    """Return 10:20 on the business days that lie *steps* after the first one."""
    span = plot.span
    start = (span.ago(FIRST_BACK)).date()
    while span.business_day(start) == span.business_day(start - timedelta(days=1)):
        start += timedelta(days=1)
    return [midnight(span.business_date(start, step)) + timedelta(hours=10, minutes=20) for step in steps]


def _deposits(case: Case, moments: list[datetime], *amounts: str) -> None:
    for moment, amount in zip(moments, amounts, strict=True):
        case.deposit(moment, amount)


def _receipts(case: Case, moments: list[datetime], details: Details, *amounts: str) -> None:
    for moment, amount in zip(moments, amounts, strict=True):
        case.receive(moment, amount, **details)


def below_a_limit(plot: Plot) -> None:
    """Scenario 5: at least 3 in 10 business days, each from 80 % of a limit to just below it, none at or above it."""
    ten = _business_moments(plot, 0, 4, 9)
    with plot.planted(
        5, "cash", "review", "cash of 40,000.00 (exactly 80 %), 45,300.00 and 49,999.99 on the 1st, 5th and 10th business day"
    ) as case:
        _deposits(case, ten, "40,000.00", "45,300.00", "49,999.99")
    with plot.planted(5, "cash-daily", "review", "five cash deposits of 41,000 to 49,900 on five business days running") as case:
        _deposits(case, _business_moments(plot, 0, 1, 2, 3, 4), "41,000.00", "49,900.00", "46,700.00", "43,500.00", "48,200.00")
    with plot.planted(5, "cross-border", "review", "three receipts from abroad of 160,000 to 199,999.99") as case:
        abroad = Details(cross_border=True, counterparty_country="SG", counterparty_bank="境外银行")
        _receipts(case, ten, abroad, "160,000.00", "182,000.00", "199,999.99")
    with plot.planted(5, "person-transfer", "review", "three domestic transfers of 400,000 to 499,999.99") as case:
        _receipts(case, ten, Details(), "400,000.00", "452,000.00", "499,999.99")
    with plot.planted(5, "organisation", "review", "three transfers to an organisation of 1,600,000 to 1,999,999.99", firm=True) as case:
        _receipts(case, ten, Details(), "1,600,000.00", "1,800,000.00", "1,999,999.99")
    with plot.near_miss(5, "one-fen-under-80-percent", "review", "the third is 39,999.99: one fen below the band") as case:
        _deposits(case, ten, "45,300.00", "49,999.99", "39,999.99")
    with plot.near_miss(5, "eleventh-business-day", "review", "the third comes on the 11th business day") as case:
        _deposits(case, _business_moments(plot, 0, 4, 10), "40,000.00", "45,300.00", "49,999.99")
    with plot.near_miss(5, "one-fewer", "review", "only two deposits") as case:
        _deposits(case, _business_moments(plot, 0, 9), "45,300.00", "49,999.99")
    with plot.near_miss(5, "one-at-the-limit", "review", "a deposit of 50,000.00 among them: nothing was avoided") as case:
        _deposits(case, _business_moments(plot, 0, 3, 6, 9), "45,300.00", "50,000.00", "41,000.00", "49,999.99")
    with plot.near_miss(5, "one-not-cash", "review", "two in cash, the third by transfer") as case:
        _deposits(case, ten[:2], "45,300.00", "41,000.00")
        case.receive(ten[2], "49,999.99")


def _week(case: Case, total: str, parts: int, first: datetime, last: datetime) -> None:
    """Receive *total* in *parts* from *first* to *last*, evenly spaced."""
    step = (last - first) / (parts - 1)
    for place, amount in enumerate(spread(cents(total), parts)):
        case.receive(last if place == parts - 1 else first + place * step, amount)


def much_in_a_week(plot: Plot) -> None:
    """Scenario 6: more than the segment's limit in 7 days (retail 200,000, corporate 5,000,000)."""
    week = timedelta(days=7)
    with plot.planted(6, "retail-one-fen-over", "review", "200,000.01 in seven receipts of six days") as case:
        _week(case, "200,000.01", 7, case.ago(5, "11:00:00"), case.ago(0, "18:00:00"))
    with plot.planted(6, "retail-just-inside", "review", "200,000.01, the first one microsecond less than 7 days before the last") as case:
        last = case.ago(0, "18:00:00")
        _week(case, "200,000.01", 6, last - week + MICROSECOND, last)
    with plot.planted(6, "corporate", "review", "5,000,000.01 in five receipts", firm=True) as case:
        _week(case, "5,000,000.01", 5, case.ago(4, "09:30:00"), case.ago(0, "16:00:00"))
    with plot.near_miss(6, "retail-at-the-limit", "review", "exactly 200,000.00: the limit is not exceeded") as case:
        _week(case, "200,000.00", 7, case.ago(5, "11:00:00"), case.ago(0, "18:00:00"))
    with plot.near_miss(6, "retail-just-outside", "review", "200,000.01, the first exactly 7 days before the last") as case:
        last = case.ago(0, "18:00:00")
        _week(case, "200,000.01", 6, last - week, last)
    with plot.near_miss(6, "corporate-at-the-limit", "review", "exactly 5,000,000.00 in five receipts", firm=True) as case:
        _week(case, "5,000,000.00", 5, case.ago(4, "09:30:00"), case.ago(0, "16:00:00"))


STORIES = (below_a_limit, much_in_a_week)
