"""Scenarios 1 to 4: the large-value sums of a customer's calendar day (PBoC Order [2016] No. 3, article 5)."""

from __future__ import annotations

from demo.plants.plot import Plot

LAST_MOMENT = "23:59:59.999999"
FIRST_MOMENT = "00:00:00"


def cash(plot: Plot) -> None:
    """Scenario 1: cash of one day and one direction, from 50,000 CNY or 10,000 USD."""
    with plot.planted(1, "one-deposit", "report", "one cash deposit of exactly 50,000") as case:
        case.deposit(case.ago(0, "10:12:00"), "50,000.00")
    with plot.planted(
        1, "whole-day-two-accounts", "report", "25,000 in the day's first moment and 25,000 in its last, on two accounts"
    ) as case:
        case.deposit(case.ago(0, FIRST_MOMENT), "25,000.00")
        case.deposit(case.ago(0, LAST_MOMENT), "25,000.00", case.account("CNY", "1,000.00"))
    with plot.planted(1, "withdrawals", "report", "two cash withdrawals of one day, 30,000 and 20,000") as case:
        case.withdraw(case.ago(0, "09:40:00"), "30,000.00")
        case.withdraw(case.ago(0, "15:05:00"), "20,000.00")
    with plot.planted(1, "dollars", "report", "cash of exactly 10,000 US dollars") as case:
        case.deposit(case.ago(0, "11:00:00"), "10,000.00", case.account("USD", "500.00"))
    with plot.near_miss(1, "one-fen-under", "report", "cash of 49,999.99 in two deposits") as case:
        case.deposit(case.ago(0, "10:00:00"), "26,000.00")
        case.deposit(case.ago(0, "16:00:00"), "23,999.99")
    with plot.near_miss(1, "across-midnight", "report", "25,000 in the last microsecond of a day, 25,000 in the first of the next") as case:
        case.deposit(case.ago(1, LAST_MOMENT), "25,000.00")
        case.deposit(case.ago(0, FIRST_MOMENT), "25,000.00")
    with plot.near_miss(1, "in-and-out", "report", "30,000 paid in and 30,000 taken out: receipts and payments are not added") as case:
        case.deposit(case.ago(0, "09:30:00"), "30,000.00")
        case.withdraw(case.ago(0, "14:30:00"), "30,000.00")
    with plot.near_miss(1, "two-currencies", "report", "49,999.99 yuan and 9,999.99 dollars: never added together") as case:
        case.deposit(case.ago(0, "10:30:00"), "49,999.99")
        case.deposit(case.ago(0, "10:45:00"), "9,999.99", case.account("USD", "500.00"))
    with plot.near_miss(1, "not-cash", "report", "49,999.99 in cash and a transfer of 50,000") as case:
        case.receive(case.ago(0, "10:30:00"), "50,000.00")
        case.deposit(case.ago(0, "13:30:00"), "49,999.99")


def organisation_transfer(plot: Plot) -> None:
    """Scenario 2: transfers of an organisation, from 2,000,000 CNY or 200,000 USD a day."""
    with plot.planted(2, "one-transfer", "report", "one transfer of exactly 2,000,000", firm=True) as case:
        case.receive(case.ago(0, "10:12:00"), "2,000,000.00")
    with plot.planted(2, "two-accounts", "report", "1,200,000 and 800,000 on two accounts of one organisation", firm=True) as case:
        case.receive(case.ago(0, "09:12:00"), "1,200,000.00")
        case.receive(case.ago(0, "17:12:00"), "800,000.00", case.account("CNY", "10,000.00"))
    with plot.planted(2, "dollars", "report", "one transfer of exactly 200,000 US dollars", firm=True) as case:
        case.receive(case.ago(0, "10:12:00"), "200,000.00", case.account("USD", "10,000.00"))
    with plot.near_miss(2, "one-fen-under", "report", "transfers of 1,999,999.99", firm=True) as case:
        case.receive(case.ago(0, "10:12:00"), "1,100,000.00")
        case.receive(case.ago(0, "11:12:00"), "899,999.99")
    with plot.near_miss(2, "across-midnight", "report", "1,000,000 on each side of midnight", firm=True) as case:
        case.receive(case.ago(1, LAST_MOMENT), "1,000,000.00")
        case.receive(case.ago(0, FIRST_MOMENT), "1,000,000.00")
    with plot.near_miss(2, "two-currencies", "report", "1,999,999.99 yuan and 199,999.99 dollars", firm=True) as case:
        case.receive(case.ago(0, "10:12:00"), "1,999,999.99")
        case.receive(case.ago(0, "12:12:00"), "199,999.99", case.account("USD", "10,000.00"))


def person_transfer(plot: Plot) -> None:
    """Scenario 3: domestic transfers of a person, from 500,000 CNY or 100,000 USD a day."""
    with plot.planted(3, "one-transfer", "report", "one domestic transfer of exactly 500,000") as case:
        case.receive(case.ago(0, "10:12:00"), "500,000.00")
    with plot.planted(3, "whole-day-two-accounts", "report", "250,000 in the day's first moment and 250,000 in its last") as case:
        case.receive(case.ago(0, FIRST_MOMENT), "250,000.00")
        case.receive(case.ago(0, LAST_MOMENT), "250,000.00", case.account("CNY", "1,000.00"))
    with plot.planted(3, "dollars", "report", "one domestic transfer of exactly 100,000 US dollars") as case:
        case.receive(case.ago(0, "10:12:00"), "100,000.00", case.account("USD", "500.00"))
    with plot.near_miss(3, "one-fen-under", "report", "domestic transfers of 499,999.99") as case:
        case.receive(case.ago(0, "10:12:00"), "270,000.00")
        case.receive(case.ago(0, "13:12:00"), "229,999.99")
    with plot.near_miss(3, "across-midnight", "report", "250,000 on each side of midnight") as case:
        case.receive(case.ago(1, LAST_MOMENT), "250,000.00")
        case.receive(case.ago(0, FIRST_MOMENT), "250,000.00")
    with plot.near_miss(
        3, "partly-abroad", "report", "400,000 from within China and 199,999.99 from abroad are two different sums"
    ) as case:
        case.receive(case.ago(0, "10:12:00"), "400,000.00")
        case.receive(case.ago(0, "12:12:00"), "199,999.99", cross_border=True, counterparty_country="SG", counterparty_bank="境外银行")


def person_transfer_abroad(plot: Plot) -> None:
    """Scenario 4: cross-border transfers of a person, from 200,000 CNY or 10,000 USD a day."""
    with plot.planted(4, "one-transfer", "report", "one cross-border transfer of exactly 200,000") as case:
        case.receive(case.ago(0, "10:12:00"), "200,000.00", cross_border=True, counterparty_country="SG", counterparty_bank="境外银行")
    with plot.planted(4, "dollars", "report", "cross-border receipts of 6,000 and 4,000 US dollars on one day") as case:
        dollars = case.account("USD", "500.00")
        case.receive(
            case.ago(0, "10:12:00"), "6,000.00", dollars, cross_border=True, counterparty_country="US", counterparty_bank="境外银行"
        )
        case.receive(
            case.ago(0, "15:12:00"), "4,000.00", dollars, cross_border=True, counterparty_country="GB", counterparty_bank="境外银行"
        )
    with plot.near_miss(4, "one-fen-under", "report", "a cross-border transfer of 199,999.99") as case:
        case.receive(case.ago(0, "10:12:00"), "199,999.99", cross_border=True, counterparty_country="SG", counterparty_bank="境外银行")
    with plot.near_miss(4, "one-cent-under", "report", "cross-border receipts of 9,999.99 US dollars") as case:
        dollars = case.account("USD", "500.00")
        case.receive(
            case.ago(0, "10:12:00"), "6,000.00", dollars, cross_border=True, counterparty_country="US", counterparty_bank="境外银行"
        )
        case.receive(
            case.ago(0, "15:12:00"), "3,999.99", dollars, cross_border=True, counterparty_country="GB", counterparty_bank="境外银行"
        )
    with plot.near_miss(4, "domestic", "report", "200,000 from within China") as case:
        case.receive(case.ago(0, "10:12:00"), "200,000.00")


STORIES = (cash, organisation_transfer, person_transfer, person_transfer_abroad)
