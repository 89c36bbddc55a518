"""Those who trade: shops collecting by code, stalls paid once a week, small firms and large ones."""

from __future__ import annotations

from datetime import timedelta

from demo.clock import midnight
from demo.ledger import Ladder
from demo.lives.stage import Stage
from demo.world import Customer

PAYERS = ("微信支付", "支付宝", "云闪付", "数字人民币")
_TAKINGS = tuple(range(500, 4_000, 70)) * 2 + tuple(range(4_000, 16_000, 400))
_NEAR_PAYROLL = frozenset({9, 10, 11, 14, 15, 16})
"""Days on which a firm books no receipt, so that wages and tax are not paid from money of the same day."""


def shop(stage: Stage, customer: Customer) -> None:
    """Write a shop that collects a few small sums every day and pays its supplier once a week."""
    random = stage.random
    account = customer.main
    ladder = Ladder(random, random.randrange(30_000, 70_000))
    supplier = random.randrange(40)
    for day in stage.span:
        for _ in range(random.randrange(2, 6)):
            stage.book.write(
                account, stage.moment(day, 6.5, 22), "C", random.choice(_TAKINGS), kind="payment", channel="third_party",
                customer_initiated=False, counterparty_name=random.choice(PAYERS), remark="扫码收款",
            )  # fmt: skip
        if day.weekday() == 0:
            stage.book.write(account, stage.moment(day, 9, 18), "D", ladder.next(), remark="货款", **stage.suppliers.of(supplier))
        stage.interest(account, day)


def stall(stage: Stage, customer: Customer) -> None:
    """Write a merchant whose takings arrive in one sum a week."""
    random = stage.random
    account = customer.main
    ladder = Ladder(random, random.randrange(60_000, 180_000))
    for day in stage.span:
        if day.weekday() == 1:
            at = midnight(day) + timedelta(hours=6)
            stage.batch(account, at, "C", ladder.next(), kind="payment", counterparty_name=random.choice(PAYERS), remark="商户结算")
        if day.weekday() == 4:
            stage.book.write(account, stage.moment(day, 9, 18), "D", ladder.next(), remark="货款", **stage.suppliers.any())
        stage.interest(account, day)


def firm(stage: Stage, customer: Customer) -> None:
    """Write a small firm: receipts on Mondays, payments on Thursdays, wages on the 10th, tax on the 15th; all below 50,000."""
    random = stage.random
    account = customer.main
    ladder = Ladder(random, random.randrange(1_000_000, 1_600_000), steps=9)
    for day in stage.span:
        if day.weekday() == 0 and day.day not in _NEAR_PAYROLL:
            stage.book.write(
                account,
                stage.moment(day, 9, 17),
                "C",
                ladder.next(),
                channel="web",
                customer_initiated=False,
                remark="货款",
                **stage.employers.any(),
            )
        if day.weekday() == 3 and day.day not in _NEAR_PAYROLL:
            stage.book.write(account, stage.moment(day, 9, 17), "D", ladder.next(), channel="web", remark="货款", **stage.suppliers.any())
        if day.day == 10:
            stage.batch(
                account,
                stage.moment(day, 8, 9),
                "D",
                ladder.top,
                kind="salary",
                counterparty_name="代发工资户",
                counterparty_bank="本行",
                remark="代发工资",
            )
        if day.day == 15:
            stage.batch(account, stage.moment(day, 10, 11), "D", ladder.next(), kind="tax", counterparty_name="国家金库", remark="缴税")
        stage.interest(account, day)


def large_firm(stage: Stage, customer: Customer) -> None:
    """Write a larger firm that settles with its suppliers by file; a day stays below 2,000,000, a week below 5,000,000."""
    random = stage.random
    account, second = customer.accounts[0], customer.accounts[1]
    ladder, rent = Ladder(random, random.randrange(18_000_000, 36_000_000), steps=9), Ladder(random, 700_000)
    for day in stage.span:
        if day.weekday() == 0 and day.day not in _NEAR_PAYROLL:
            at = stage.moment(day, 9, 17)
            stage.book.write(
                account, at, "C", ladder.next(), channel="web", customer_initiated=False, remark="货款", **stage.employers.any()
            )
        if day.weekday() == 3 and day.day not in _NEAR_PAYROLL:
            stage.batch(account, stage.moment(day, 9, 11), "D", ladder.next(), remark="银企直联付款", **stage.suppliers.any())
        if day.day == 10:
            stage.batch(
                account,
                stage.moment(day, 8, 9),
                "D",
                ladder.top,
                kind="salary",
                counterparty_name="代发工资户",
                counterparty_bank="本行",
                remark="代发工资",
            )
        if day.day == 28:
            stage.book.write(second, stage.moment(day, 14, 16), "D", rent.next(), channel="web", remark="物业费", **stage.suppliers.of(3))
        stage.interest(account, day)
