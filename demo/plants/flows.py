"""Scenarios 9, 15 and 16: money that passes through, round sums, and countries on the list."""

from __future__ import annotations

from datetime import timedelta

from demo.clock import MICROSECOND
from demo.plants.plot import Case, Plot

DAY = timedelta(days=1)


def _through(case: Case, days: int, received: str, *paid: str) -> None:
    """Receive in the morning, pay in the afternoon and at night of the same day."""
    case.receive(case.ago(days, "09:05:00"), received)
    for clock, amount in zip(("15:20:00", "21:45:00"), paid, strict=True):
        case.pay(case.ago(days, clock), amount)


def rapid_pass_through(plot: Plot) -> None:
    """Scenario 9: at least 50,000 in, at least 90 % out within 24 hours; twice in 10 days is high."""
    with plot.planted(9, "exactly-90-percent", "freeze", "60,000 in, 54,000.00 out on the same day") as case:
        _through(case, 0, "60,000.00", "30,000.00", "24,000.00")
    with plot.planted(9, "exactly-50000", "freeze", "50,000.00 in, 45,000.00 out") as case:
        _through(case, 0, "50,000.00", "25,000.00", "20,000.00")
    with plot.planted(9, "just-inside", "freeze", "the last payment one microsecond less than 24 hours after the receipt") as case:
        at = case.ago(1, "14:00:00")
        case.receive(at, "66,000.00")
        case.pay(at + timedelta(hours=9), "32,500.00")
        case.pay(at + DAY - MICROSECOND, "27,100.00")
    with plot.planted(9, "twice", "freeze", "twice within 10 days") as case:
        _through(case, 6, "80,000.00", "43,000.00", "36,500.00")
        _through(case, 0, "90,000.00", "47,000.00", "41,500.00")
    with plot.near_miss(9, "one-fen-under-90-percent", "freeze", "60,000 in, 53,999.99 out") as case:
        _through(case, 0, "60,000.00", "30,000.00", "23,999.99")
    with plot.near_miss(9, "one-fen-under-50000", "freeze", "49,999.99 in, 49,000 out") as case:
        _through(case, 0, "49,999.99", "26,000.00", "23,000.00")
    with plot.near_miss(9, "just-outside", "freeze", "the last payment exactly 24 hours after the receipt") as case:
        at = case.ago(1, "14:00:00")
        case.receive(at, "66,000.00")
        case.pay(at + timedelta(hours=9), "32,500.00")
        case.pay(at + DAY, "27,100.00")


_SMALL = ("812.35", "655.10", "934.90", "520.75", "731.20")


def _rounds(case: Case, rounds: tuple[str, ...], others: tuple[str, ...] = _SMALL) -> None:
    """Receive the round sums among others, a day apart; a round one is last."""
    amounts = [*others[: len(others) // 2], *rounds[:2], *others[len(others) // 2 :], *rounds[2:]]
    for place, amount in enumerate(amounts):
        case.receive(case.ago(len(amounts) - 1 - place, "10:40:00"), amount)


def round_amounts(plot: Plot) -> None:
    """Scenario 15: at least 5 of the last 10 are multiples of 10,000 and add up to at least 200,000."""
    with plot.planted(15, "five-of-ten", "score", "30,000 + 40,000 + 30,000 + 50,000 + 50,000 among ten") as case:
        _rounds(case, ("30,000.00", "40,000.00", "30,000.00", "50,000.00", "50,000.00"))
    with plot.planted(15, "six-of-ten", "score", "six round sums of 240,000 among ten") as case:
        _rounds(case, ("20,000.00", "40,000.00", "30,000.00", "60,000.00", "50,000.00", "40,000.00"), _SMALL[:4])
    with plot.near_miss(15, "four-of-ten", "score", "four round sums of 210,000; the fifth is 40,000.01") as case:
        _rounds(case, ("40,000.01", "50,000.00", "60,000.00", "40,000.00", "60,000.00"))
    with plot.near_miss(15, "one-step-under", "score", "five round sums of 190,000") as case:
        _rounds(case, ("20,000.00", "40,000.00", "30,000.00", "50,000.00", "50,000.00"))
    with plot.near_miss(15, "eleventh", "score", "the fifth round sum lies eleven transactions back") as case:
        case.receive(case.ago(11, "09:40:00"), "60,000.00")
        _rounds(case, ("40,000.00", "50,000.00", "30,000.00", "50,000.00"), (*_SMALL, "468.15"))


def high_risk_country(plot: Plot) -> None:
    """Scenario 16: a counterparty in a listed country scores; from 10,000 it is reviewed."""
    for country, amount in (("KP", "10,000.00"), ("IR", "18,400.00"), ("MM", "12,750.00")):
        with plot.planted(16, f"review-{country.lower()}", "review", f"{amount} from a listed country") as case:
            case.receive(case.ago(0, "14:10:00"), amount, cross_border=True, counterparty_country=country, counterparty_bank="境外银行")
    with plot.planted(16, "score", "score", "a small sum from a listed country") as case:
        case.receive(case.ago(0, "14:10:00"), "860.00", cross_border=True, counterparty_country="IR", counterparty_bank="境外银行")
    with plot.near_miss(16, "one-fen-under", "review", "9,999.99 from a listed country scores but is not reviewed") as case:
        case.receive(case.ago(0, "14:10:00"), "9,999.99", cross_border=True, counterparty_country="KP", counterparty_bank="境外银行")
    with plot.near_miss(16, "not-listed", "score", "18,400 from a country that is not listed") as case:
        case.receive(case.ago(0, "14:10:00"), "18,400.00", cross_border=True, counterparty_country="SG", counterparty_bank="境外银行")


STORIES = (rapid_pass_through, round_amounts, high_risk_country)
