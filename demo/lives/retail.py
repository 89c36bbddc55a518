"""Ordinary persons: the lively ones who pay by phone all day, and the quieter ones."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from demo.clock import midnight
from demo.ledger import Ladder
from demo.lives.stage import Stage
from demo.world import Account, Customer

PAYMENTS_A_DAY = (3, 4, 5, 6, 7, 8, 9, 10)
PAYMENT_WEIGHTS = (64, 19, 8, 4, 2, 1, 1, 1)
SLOTS = 24
SLOT = timedelta(minutes=40)
"""Payments of one person keep at least half an hour apart, so that three never fall into one hour."""
_PRICES = tuple(range(200, 1_000, 50)) + tuple(range(1_000, 4_000, 90)) * 2 + tuple(range(4_000, 19_000, 700))
_RED_PACKETS = (520, 660, 888, 1_314, 5_200, 6_666, 8_888, 16_800, 18_888, 20_000)
_RETIRED_CASH = (50_000, 80_000, 60_000, 90_000, 70_000)
MORTGAGE: dict[str, Any] = {
    "kind": "loan_repayment",
    "counterparty_name": "个人住房贷款",
    "counterparty_bank": "本行",
    "remark": "房贷扣款",
}
CARD_BILL: dict[str, Any] = {"counterparty_name": "信用卡中心", "counterparty_bank": "本行", "remark": "信用卡还款"}
FUND_PLAN: dict[str, Any] = {"kind": "wealth_purchase", "counterparty_name": "基金定投", "counterparty_bank": "本行", "remark": "定投扣款"}


def lively(stage: Stage, customer: Customer) -> None:
    """Write a life with 3 to 10 phone payments a day from a class II account, filled from the salary account.

    Some began to pay by phone within the world's first weeks; from then on they do so every day.
    """
    random = stage.random
    salary, wallet = customer.accounts[0], customer.accounts[1]
    savings = next((other for other in customer.accounts[2:] if other.kind == "class_2"), None)
    ladder = Ladder(random, random.randrange(90_000, 240_000), steps=9)
    begins = stage.span.first_day + timedelta(days=random.randrange(0, 84))
    pay, home, employer = ladder.top * random.randrange(30, 42) // 10, random.random(), random.randrange(60)
    left = 0
    for day in stage.span:
        _month(stage, salary, day, ladder, pay, employer, home)
        if savings and day.day == 12:
            stage.book.move(salary, savings, stage.moment(day, 19, 21), ladder.next(), "转存")
        if day >= begins:
            if left < 40_000:
                amount = ladder.next()
                left += amount
                stage.book.move(salary, wallet, stage.moment(day, 6.2, 6.9), amount, "充值")
            left -= _phone_day(stage, wallet, day)
        stage.interest(salary, day)


def _month(stage: Stage, account: Account, day: date, ladder: Ladder, pay: int, employer: int, home: float) -> None:
    """Salary on the 10th, the mortgage at 02:00 of the 20th or the rent on the 3rd, the card bill, the insurance, a fund plan."""
    if day.day == 10:
        at = midnight(day) + timedelta(hours=9, seconds=stage.random.randrange(5_400))
        stage.batch(account, at, "C", pay, kind="salary", remark="代发工资", **stage.employers.of(employer))
    elif day.day == 20 and home < 0.45:
        at = midnight(day) + timedelta(hours=2, seconds=stage.random.randrange(900))
        stage.batch(account, at, "D", ladder.top, **MORTGAGE)
    elif day.day == 3 and home >= 0.45:
        stage.book.write(account, stage.moment(day, 9, 20), "D", ladder.top, remark="房租", **stage.people.of(employer))
    elif day.day == 18:
        stage.book.write(account, stage.moment(day, 12, 22), "D", ladder.next(), **CARD_BILL)
    elif day.day == 27:
        at = midnight(day) + timedelta(hours=11)
        stage.batch(account, at, "D", ladder.next(), kind="payment", counterparty_name="安心人寿保险", remark="保费代扣")
    elif day.day == 25 and home < 0.3:
        at = midnight(day) + timedelta(hours=10)
        stage.batch(account, at, "D", ladder.next(), **FUND_PLAN)


def _phone_day(stage: Stage, wallet: Account, day: date) -> int:
    """Write one day of phone payments and return what they cost."""
    random = stage.random
    count = random.choices(PAYMENTS_A_DAY, PAYMENT_WEIGHTS)[0]
    start = midnight(day) + timedelta(hours=7)
    spent = 0
    for slot in sorted(random.sample(range(SLOTS), count)):
        at = start + slot * SLOT + timedelta(seconds=random.randrange(540))
        cents = random.choice(_PRICES) - random.randrange(0, 50, 5)
        status = "completed"
        if at < stage.span.judged_from and random.random() < 0.0001:
            status = random.choice(("failed", "aborted", "revoked", "reversed"))
        stage.book.write(wallet, at, "D", cents, status=status, **stage.shop())
        spent += cents
    if random.random() < 0.045:
        at = stage.moment(day, 23.2, 23.9)
        direction = "D" if random.random() < 0.5 else "C"
        cents = random.choice(_RED_PACKETS)
        spent += cents if direction == "D" else -cents
        stage.book.write(
            wallet, at, "D" if direction == "D" else "C", cents, channel="third_party", counterparty_name="微信零钱", remark="红包"
        )
    return spent


def quiet(stage: Stage, customer: Customer) -> None:
    """Write a life with a salary, a home and a handful of purchases a month."""
    random = stage.random
    account = customer.main
    ladder = Ladder(random, random.randrange(28_000, 62_000), steps=9)
    pay, home, employer = ladder.top * random.randrange(30, 48) // 10, random.random(), random.randrange(60)
    cash = random.random() < 0.25
    foreign = next((other for other in customer.accounts if other.currency != "CNY"), None)
    savings = next((other for other in customer.accounts if other.kind == "class_2"), None)
    for day in stage.span:
        _month(stage, account, day, ladder, pay, employer, home)
        if random.random() < 0.145:
            details = stage.big_shops.any()
            channel = random.choice(("pos", "mobile", "web", "third_party"))
            stage.book.write(account, stage.moment(day, 8, 22), "D", ladder.next(), kind="payment", channel=channel, **details)
        if cash and day.day == 6:
            _cash(stage, account, day, random.choice((30_000, 50_000, 80_000)))
        if savings and day.day == 12:
            stage.book.move(account, savings, stage.moment(day, 19, 21), ladder.next(), "转存")
        if foreign and day.day == 8:
            _from_abroad(stage, foreign, day, employer)
        stage.interest(account, day)


def _cash(stage: Stage, account: Account, day: date, cents: int) -> None:
    at = stage.moment(day, 8, 21)
    stage.book.write(account, at, "D", cents, kind="withdrawal", instrument="cash", channel="atm", remark="ATM取款")


def _from_abroad(stage: Stage, account: Account, day: date, place: int) -> None:
    """A relative's remittance, of the size that needs no report."""
    country = ("US", "SG", "GB", "AU", "CA", "JP")[place % 6]
    details = stage.people.of(place)
    details["counterparty_bank"] = "境外银行"
    stage.book.write(
        account, stage.moment(day, 9, 17), "C", stage.random.randrange(20_000, 90_000), channel="web", cross_border=True,
        counterparty_country=country, customer_initiated=False, remark="境外汇入", **details,
    )  # fmt: skip


def student(stage: Stage, customer: Customer) -> None:
    """Write an allowance from home at the month's beginning and small campus payments."""
    random = stage.random
    ladder = Ladder(random, random.randrange(900, 3_600))
    allowance, family = random.randrange(120_000, 240_000, 10_000), random.randrange(40)
    for day in stage.span:
        if day.day == 1:
            stage.book.write(
                customer.main,
                stage.moment(day, 8, 22),
                "C",
                allowance,
                customer_initiated=False,
                remark="生活费",
                **stage.people.of(family),
            )
        if random.random() < 0.34:
            stage.book.write(customer.main, stage.moment(day, 7, 22.5), "D", ladder.next(), **stage.shop())
        stage.interest(customer.main, day)


def pensioner(stage: Stage, customer: Customer) -> None:
    """Write a pension on the 15th, cash from the counter, the market, the pharmacy, the bills."""
    random = stage.random
    account = customer.main
    ladder = Ladder(random, random.randrange(4_000, 15_000))
    pension, counter = random.randrange(240_000, 620_000), random.random() < 0.5
    for day in stage.span:
        if day.day == 15:
            stage.batch(account, stage.moment(day, 8, 9), "C", pension, kind="salary", counterparty_name="社会保险基金", remark="养老金")
        if day.day == 17:
            cents = _RETIRED_CASH[day.month % 5]
            at = stage.moment(day, 9, 16)
            stage.book.write(
                account, at, "D", cents, kind="withdrawal", instrument="cash", channel="counter" if counter else "atm",
                operator=f"{account.branch}-{day.day % 4 + 1:02d}" if counter else "", remark="取款",
            )  # fmt: skip
        if random.random() < 0.12:
            stage.book.write(account, stage.moment(day, 7, 19), "D", ladder.next(), kind="payment", channel="pos", **stage.big_shops.any())
        if day.day == 22:
            stage.batch(account, stage.moment(day, 10, 11), "D", ladder.next(), kind="payment", remark="代扣", **stage.utilities.any())
        stage.interest(account, day)


def idle(stage: Stage, customer: Customer) -> None:
    """Write nothing but interest."""
    for day in stage.span:
        stage.interest(customer.main, day)
