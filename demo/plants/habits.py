"""Scenarios 11, 13, 34 and 35: what is unusual for this very customer."""

from __future__ import annotations

from datetime import datetime, timedelta

from demo.clock import MICROSECOND
from demo.ledger import Details
from demo.plants.plot import Case, Plot, cents

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


def _paid_before(case: Case, *days: int, amount: str = "400.00") -> None:
    for day in days:
        case.before(case.ago(day, "12:30:00"), amount)


def own_amount(plot: Plot) -> None:
    """Scenario 11: over 3 times the own mean of 30 days, from 1,000, with at least 5 in the window; over 5 times is high."""
    now = "19:20:00"
    with plot.planted(11, "over-three-times", "score", "1,200.01 after five payments of 400") as case:
        _paid_before(case, 20, 16, 12, 8, 4)
        case.pay(case.ago(0, now), "1,200.01")
    with plot.planted(11, "over-five-times", "score", "2,000.01 after five payments of 400: the high step") as case:
        _paid_before(case, 20, 16, 12, 8, 4)
        case.pay(case.ago(0, now), "2,000.01")
    with plot.planted(11, "just-inside", "score", "the first of the five one microsecond less than 30 days before") as case:
        at = case.ago(0, now)
        case.before(at - 30 * DAY + MICROSECOND, "400.00")
        _paid_before(case, 16, 12, 8, 4)
        case.pay(at, "1,300.00")
    with plot.planted(11, "exactly-1000", "score", "1,000.00 after five payments of 200") as case:
        _paid_before(case, 20, 16, 12, 8, 4, amount="200.00")
        case.pay(case.ago(0, now), "1,000.00")
    with plot.near_miss(11, "exactly-three-times", "score", "1,200.00 after five payments of 400") as case:
        _paid_before(case, 20, 16, 12, 8, 4)
        case.pay(case.ago(0, now), "1,200.00")
    with plot.near_miss(11, "one-fewer", "score", "only four payments in the window") as case:
        _paid_before(case, 16, 12, 8, 4)
        case.pay(case.ago(0, now), "1,300.00")
    with plot.near_miss(11, "just-outside", "score", "the first of the five exactly 30 days before") as case:
        at = case.ago(0, now)
        case.before(at - 30 * DAY, "400.00")
        _paid_before(case, 16, 12, 8, 4)
        case.pay(at, "1,300.00")
    with plot.near_miss(11, "one-fen-under-1000", "score", "999.99 after five payments of 200") as case:
        _paid_before(case, 20, 16, 12, 8, 4, amount="200.00")
        case.pay(case.ago(0, now), "999.99")


def _small(case: Case, at: datetime, place: int) -> None:
    """One small phone payment, never twice the same amount running."""
    case.pay(at, 2_310 + place * 790, kind="payment", channel="third_party", counterparty_name="快骑单车")


def _pay_by_phone(case: Case, busiest: int) -> None:
    """Pay now and then over 60 days; on one of them *busiest* times."""
    details = Details(kind="payment", channel="third_party", counterparty_name="鲜果时间")
    for day in range(4, 58, 3):
        case.before(case.ago(day, "12:10:00"), 1_850 + day * 40, **details)
    for place in range(1, busiest):
        case.before(case.ago(31, f"{12 + place}:45:00"), 2_050 + place * 300, **details)


def _burst(case: Case, count: int) -> None:
    for place in range(count):
        _small(case, case.ago(0, "08:00:00") + place * timedelta(minutes=41), place)


def velocity(plot: Plot) -> None:
    """Scenario 13: in 24 hours at least 15, and at least 3 times the own busiest day of 60."""
    with plot.planted(13, "fifteen", "review", "15 payments in 24 hours; the busiest day had 5") as case:
        _pay_by_phone(case, 5)
        _burst(case, 15)
    with plot.planted(13, "three-times", "review", "18 payments in 24 hours; the busiest day had 6") as case:
        _pay_by_phone(case, 6)
        _burst(case, 18)
    with plot.planted(13, "just-inside", "review", "the 15th one microsecond less than 24 hours after the first") as case:
        _pay_by_phone(case, 5)
        _around_the_clock(case, MICROSECOND)
    with plot.near_miss(13, "one-fewer", "review", "14 payments in 24 hours") as case:
        _pay_by_phone(case, 4)
        _burst(case, 14)
    with plot.near_miss(13, "under-three-times", "review", "17 payments in 24 hours; the busiest day had 6") as case:
        _pay_by_phone(case, 6)
        _burst(case, 17)
    with plot.near_miss(13, "just-outside", "review", "the 15th exactly 24 hours after the first") as case:
        _pay_by_phone(case, 5)
        _around_the_clock(case, timedelta(0))


def _around_the_clock(case: Case, early: timedelta) -> None:
    """One payment at noon, thirteen the next morning, the 15th *early* before noon."""
    noon = case.ago(1, "12:00:00")
    _small(case, noon, 0)
    for place in range(1, 14):
        _small(case, noon + 15 * HOUR + place * timedelta(minutes=39), place)
    _small(case, noon + DAY - early, 14)


def unusual_hour(plot: Plot) -> None:
    """Scenario 34: started by the customer from 01:00 to 05:00, from 5,000, with fewer than 3 such in the own 90 days."""
    for name, clock, why in (
        ("night", "02:41:00", "5,000.00 at 02:41"),
        ("first-moment", "01:00:00", "5,000.00 at 01:00:00 sharp"),
        ("last-moment", "04:59:59.999999", "5,000.00 in the last microsecond before 05:00"),
    ):
        with plot.planted(34, name, "review", why) as case:
            case.pay(case.ago(0, clock), "5,000.00")
    with plot.planted(34, "third-time", "review", "two such nights in the 90 days before, a third exactly 90 days before") as case:
        at = case.ago(0, "03:15:00")
        for back in (90 * DAY, 70 * DAY, 45 * DAY):
            case.before(at - back, "6,100.00")
        case.pay(at, "6,400.00")
    with plot.near_miss(34, "one-microsecond-early", "review", "5,000.00 one microsecond before 01:00") as case:
        case.pay(case.ago(0, "00:59:59.999999"), "5,000.00")
    with plot.near_miss(34, "five-sharp", "review", "5,000.00 at 05:00:00 sharp") as case:
        case.pay(case.ago(0, "05:00:00"), "5,000.00")
    with plot.near_miss(34, "one-fen-under", "review", "4,999.99 at 02:41") as case:
        case.pay(case.ago(0, "02:41:00"), "4,999.99")
    with plot.near_miss(34, "habit", "review", "three such nights in the 90 days before: it is a habit") as case:
        at = case.ago(0, "03:15:00")
        for back in (90 * DAY - MICROSECOND, 70 * DAY, 45 * DAY):
            case.before(at - back, "6,100.00")
        case.pay(at, "6,400.00")
    with plot.near_miss(34, "by-the-bank", "review", "a mortgage instalment taken by the bank's batch at 02:00") as case:
        case.pay(
            case.ago(0, "02:00:07"), "6,250.00", kind="loan_repayment", channel="batch", customer_initiated=False,
            counterparty_name="个人住房贷款", counterparty_bank="本行", remark="房贷扣款",
        )  # fmt: skip


def _many(case: Case, count: int, length: timedelta, largest: str = "") -> None:
    """Pay *count* small sums; the last comes *length* after the first, and one may be *largest*."""
    first = case.ago(0, "20:10:00")
    for place in range(count):
        at = first + (length if place == count - 1 else place * timedelta(minutes=2, seconds=50))
        amount = cents(largest) if largest and place == 9 else 1_250 + place * 620
        case.pay(at, amount, kind="payment", channel="third_party", counterparty_name="云端音乐会员")


def many_small(plot: Plot) -> None:
    """Scenario 35: at least 20 of up to 200 in one hour, and at least 5 times the own habit."""
    inside = HOUR - MICROSECOND
    with plot.planted(
        35, "twenty", "review", "20 payments of up to 200.00, the last a microsecond less than an hour after the first"
    ) as case:
        _pay_by_phone(case, 2)
        _many(case, 20, inside, largest="200.00")
    with plot.planted(35, "twenty-six", "review", "26 payments within the hour") as case:
        _pay_by_phone(case, 2)
        first = case.ago(0, "21:10:00")
        for place in range(26):
            case.pay(
                first + place * timedelta(minutes=2), 900 + place * 510, kind="payment", channel="third_party", counterparty_name="同城外卖"
            )
    with plot.near_miss(35, "one-fewer", "review", "19 payments within the hour") as case:
        _pay_by_phone(case, 2)
        _many(case, 19, inside)
    with plot.near_miss(35, "just-outside", "review", "the 20th exactly an hour after the first") as case:
        _pay_by_phone(case, 2)
        _many(case, 20, HOUR)
    with plot.near_miss(35, "one-fen-over", "review", "one of the 20 is 200.01") as case:
        _pay_by_phone(case, 2)
        _many(case, 20, inside, largest="200.01")


STORIES = (own_amount, velocity, unusual_hour, many_small)
