"""Makes the demo world: the same seed, last day and size give the same world, byte for byte."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from random import Random

from demo.bank import BRANCHES, make_staff
from demo.clock import BusinessDay, Span, midnight, weekday_ordinal
from demo.ledger import Book, balance_reports, settle_openings
from demo.lives import business, retail
from demo.lives.stage import Stage
from demo.people import make_customers
from demo.plants import write_plots
from demo.world import Customer, World

SEED = 20_260_101
LIVES: dict[str, Callable[[Stage, Customer], None]] = {
    "lively": retail.lively,
    "quiet": retail.quiet,
    "student": retail.student,
    "pensioner": retail.pensioner,
    "idle": retail.idle,
    "idle_firm": retail.idle,
    "shop": business.shop,
    "stall": business.stall,
    "firm": business.firm,
    "large_firm": business.large_firm,
    "plot": retail.idle,
    "plot_firm": retail.idle,
}
"""Who writes which life; a customer kept free for a story that is not told leads an idle one."""


def make_world(last_day: date, *, seed: int = SEED, scale: int = 1, business_day: BusinessDay = weekday_ordinal) -> World:
    """Return the world whose last day is *last_day*: 120 days, of which the last 30 are to be judged.

    *scale* multiplies the 2,000 customers; *business_day* is the bank's calendar, which structuring is counted by.
    """
    random = Random(seed)
    span = Span(last_day, business_day=business_day)
    staff = make_staff(random)
    registry, customers = make_customers(random, staff, last_day, scale)
    book = Book()
    labels = write_plots(span, book, random, registry, customers)
    stage = Stage.set(span, book, random)
    told = {label.customer for label in labels}
    for customer in customers:
        if customer.core_number not in told:
            LIVES[customer.life](stage, customer)
    accounts = [account for customer in customers for account in customer.accounts]
    transactions = book.sorted()
    settle_openings(accounts, transactions)
    balances = balance_reports(accounts, transactions, (midnight(span.first_day), span.judged_from))
    return World(seed, span.first_day, last_day, span.judged_from, list(BRANCHES), staff, customers, transactions, balances, labels)
