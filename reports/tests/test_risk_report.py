"""The risk report: figures by hand, the same again, every number with its list, each branch its own.

Requirements: R136, R137, R259.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from django.http import QueryDict
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from crm.access.actor import SYSTEM
from crm.access.errors import NotVisible
from crm.access.services import get_visible
from crm.lists.requests import Asked
from crm.lists.testing import check_list
from crm.money import services as money
from crm.money.models import Rate
from crm.staff.models import User
from crm.tests.personas import Bank, as_actor, browser
from customers.models import Customer
from customers.tests.personas import person
from products.models import Account
from products.services import place_freeze
from products.tests.personas import account_of
from products.views.lists import FreezeList
from reports import services
from reports.definitions.page import shown
from reports.definitions.periods import Span, today
from reports.definitions.risk_report import RiskReport
from reports.definitions.workbook import workbook
from reports.models import ReportRun
from reports.services.runs import BranchOutOfReach
from reports.views import RunList
from risk.models import Alert, Assessment
from risk.services import cases, queue, screening
from risk.tests.work import cash_in, waiting
from risk.views.lists import AlertList, AssessmentList, CaseList
from risk.views.register import RegisterList
from transactions.models import Source, Transaction
from transactions.services.rating import rate_waiting
from transactions.tests.personas import recorded
from transactions.views.lists import TransactionList

pytestmark = pytest.mark.django_db
LISTS = {
    "/risk/alerts/": AlertList,
    "/risk/verdicts/": AssessmentList,
    "/risk/cases/": CaseList,
    "/risk/register/": RegisterList,
    "/transactions/": TransactionList,
    "/products/freezes/": FreezeList,
}


@dataclass(frozen=True)
class Cut(Span):
    """A period of today that ended at a moment."""

    moment: datetime = datetime.max

    @property
    def ends(self) -> datetime:
        """Return the moment."""
        return self.moment


def day() -> date:
    return today(timezone.now())


@pytest.fixture
def world(
    core: Source, salary_account: Account, shanghai_account: Account, zhang_wei: Customer, li_na: Customer, zhou_min: User
) -> list[Alert]:
    """Four deposits of 49,000 in Beijing, a debit of 100 in Shanghai; one alert dismissed, one in a case with a freeze."""
    rows = [*cash_in(salary_account), recorded(shanghai_account, 9, source="core")]
    screening.judge(ids=[row.pk for row in rows])
    Alert.objects.update(state="closed")  # what the rules raised is told by the engine's tests; this world counts its own
    Alert.objects.all().update(disposition="useful", finished_at=timezone.now())
    actor, first, second = as_actor(zhou_min), waiting(zhang_wei, 0), waiting(li_na, 1)
    queue.dismiss(actor=actor, alert=second, reason="已核实来源")
    case = cases.open_case(actor=actor, alerts=[first], summary="现金化整为零")
    cases.freeze_in_case(actor=actor, case=case, kind="payment_stop", reason="核实中", account=salary_account)
    return list(Alert.objects.all())


def made(person: User, branch: Any = None) -> ReportRun:
    """Order today's report and make it."""
    run = services.ask_for_report(actor=as_actor(person), period="day", first_day=day(), last_day=day(), branch=branch)
    done = services.make_report(actor=SYSTEM, run_id=run.pk)
    assert done is not None
    assert done.state == "done"
    return ReportRun.objects.select_related("branch").get(pk=run.pk)


def test_figures_by_hand(world: list[Alert], supervisor: User) -> None:
    raised_by_rules = len(world) - 2
    totals = made(supervisor).figures["totals"]
    assert (totals["transactions"], totals["judged"], totals["refused"], totals["unrated"]) == (5, 5, 0, 0)
    assert (Decimal(totals["credit"]), Decimal(totals["debit"])) == (Decimal(196_000), Decimal(100))
    assert totals["alerts"] == raised_by_rules + 2
    assert (totals["cases_opened"], totals["cases_closed"]) == (1, 0)
    assert (totals["freezes_placed"], totals["freezes_lifted"], totals["freezes_lapsed"]) == (1, 0, 0)
    assert totals["large_value_rows"] == 1


def test_branches_and_dispositions_add_up(world: list[Alert], supervisor: User) -> None:
    figures = made(supervisor).figures
    rows = {row["code"]: (row["transactions"], Decimal(row["amount"]), row["freezes"]) for row in figures["branches"]}
    assert rows == {"110001": (4, Decimal(196_000), 1), "310001": (1, Decimal(100), 0)}
    ends = {row["key"]: row["count"] for row in figures["dispositions"]}
    assert ends["false_positive"] == 1
    assert ends["useful"] == len(world) - 2
    assert sum(row["count"] for row in figures["labels"]) == 5
    assert figures["days"] == [{"day": day().isoformat(), "transactions": 5, "alerts": len(world), "freezes": 1}]


def test_running_again_gives_the_same_numbers(
    world: list[Alert], salary_account: Account, shanghai_account: Account, zhang_wei: Customer, li_na: Customer, zhou_min: User
) -> None:
    """Late arrivals, later hits, dispositions and freezes belong to later reports."""
    cut = Cut(day(), day(), timezone.now())
    before = RiskReport(cut, None).figures()
    late = [*cash_in(salary_account, first=20), *cash_in(shanghai_account, first=30)]
    screening.judge(ids=[row.pk for row in late])
    waiting(li_na, 5)
    case = next(alert.case for alert in Alert.objects.select_related("case") if alert.case)
    cases.close_case(actor=as_actor(zhou_min), case=case, disposition="confirmed", conclusion="确认可疑，上报。")
    place_freeze(actor=as_actor(zhou_min), customer=li_na, kind="payment_stop", reason="核实中")
    assert RiskReport(cut, None).figures() == before
    assert RiskReport(Span(day(), day()), None).figures() != before


def test_a_customer_who_moves_takes_no_figure_along(world: list[Alert], zhang_wei: Customer, bank: Bank) -> None:
    """Per branch and for one branch, twice moved: what came before stays where it was, what comes after counts at the new place."""
    cut = Cut(day(), day(), timezone.now())
    trees = [None, bank.branches["110"], bank.branches["310001"]]
    before = [RiskReport(cut, tree).figures() for tree in trees]
    Customer.objects.filter(pk=zhang_wei.pk).update(opening_branch=bank.branches["310001"])
    assert [RiskReport(cut, tree).figures() for tree in trees] == before
    between = Cut(day(), day(), timezone.now())
    waiting(zhang_wei, 5)
    second = Cut(day(), day(), timezone.now())
    assert RiskReport(second, trees[2]).figures()["totals"]["alerts"] == before[2]["totals"]["alerts"] + 1
    after = [RiskReport(second, tree).figures() for tree in trees]
    Customer.objects.filter(pk=zhang_wei.pk).update(opening_branch=bank.branches["110001"])
    assert [RiskReport(between, tree).figures() for tree in trees] == before
    assert [RiskReport(second, tree).figures() for tree in trees] == after


def test_the_lists_agree_after_a_customer_moved(world: list[Alert], zhang_wei: Customer, supervisor: User, bank: Bank) -> None:
    """The page says so; the former branch's numbers open the rows of that time."""
    Customer.objects.filter(pk=zhang_wei.pk).update(opening_branch=bank.branches["310001"])
    run, actor, client = made(supervisor, bank.branches["110"]), as_actor(supervisor), browser(supervisor)
    assert run.figures["totals"]["transactions"] == 4
    for what, count, url in numbers(shown(run, actor)):
        path, _sep, query = url.partition("?")
        rows = Asked(LISTS[path](), actor, QueryDict(query), path).rows.count()
        assert count is None or rows == count, f"{what}: {url}"
    page = client.get(reverse("reports:run", args=[run.reference]), headers={"Accept-Language": "en"}).content.decode()
    assert "the branch its customer had when it came into being" in page


def test_a_rate_that_came_later_changes_no_report(core: Source, salary_account: Account) -> None:
    """What had no equivalent when the period ended is counted as such whenever the report is made."""
    row = recorded(salary_account, 1, source="core", currency="XTS")
    cut = Cut(day(), day(), timezone.now())
    before = RiskReport(cut, None).figures()
    assert before["totals"]["unrated"] == 1
    Rate.objects.create(currency="XTS", day=row.bank_date, cny_per_unit=Decimal(8), source="treasury")
    money.forget()
    assert rate_waiting(actor=SYSTEM) == 1
    money.forget()
    assert RiskReport(cut, None).figures() == before
    totals = RiskReport(Span(day(), day()), None).figures()["totals"]
    assert (totals["unrated"], Decimal(totals["debit"])) == (0, Decimal(800))


def test_a_branch_manager_gets_the_own_branch_only(world: list[Alert], branch_manager: User, other_branch_manager: User) -> None:
    """R259: on the page, in Excel, and nobody else's by address."""
    run = made(branch_manager)
    assert (run.branch.code if run.branch else "", run.figures["totals"]["transactions"]) == ("110", 4)
    client, address = browser(branch_manager), reverse("reports:run", args=[run.reference])
    page = client.get(address).content.decode()
    assert "张伟" in page
    said = {"purpose": "review", "words": "月度例会"}
    book = client.post(reverse("reports:run_excel", args=[run.reference]), said)
    cells = [str(cell) for sheet in load_workbook(BytesIO(book.content)) for row in sheet.values for cell in row]
    for hidden in ("李娜", "310001", "6217000155"):
        assert hidden not in page
        assert not [cell for cell in cells if hidden in cell]
    assert browser(other_branch_manager).get(address).status_code == 404
    assert browser(other_branch_manager).post(f"{address}excel/", said).status_code == 404
    with pytest.raises(NotVisible):
        get_visible(ReportRun.objects.all(), as_actor(other_branch_manager), reference=run.reference)
    with pytest.raises(BranchOutOfReach):
        made(branch_manager, other_branch_manager.branch)


def test_the_whole_bank_is_not_a_branch_managers(world: list[Alert], supervisor: User, branch_manager: User) -> None:
    run = made(supervisor)
    assert browser(branch_manager).get(reverse("reports:run", args=[run.reference])).status_code == 404


def test_the_workbook_holds_the_pages_numbers(world: list[Alert], supervisor: User) -> None:
    run = made(supervisor)
    book = load_workbook(BytesIO(workbook(run, as_actor(supervisor))))
    report = shown(run, as_actor(supervisor))
    summary = {row[0]: row[1] for row in book.worksheets[0].iter_rows(min_row=6, values_only=True)}
    for row in (*report["totals"], *({"label": r["label"], "value": r["count"]} for r in (*report["labels"], *report["dispositions"]))):
        assert Decimal(str(summary[row["label"]])) == Decimal(row["value"]), row["label"]
    by_rule = list(book.worksheets[1].iter_rows(min_row=6, values_only=True))
    expected = [(row["name"], row["hits"], row["alerts"], row["amount"], *[n for n, _url in row["ends"]]) for row in report["rules"]]
    assert [(*row[:3], Decimal(str(row[3])), *row[4:7]) for row in by_rule] == expected
    assert len(list(book.worksheets[4].iter_rows(min_row=6, values_only=True))) == report["events_total"]


def numbers(report: dict[str, Any]) -> Iterator[tuple[str, int | None, str]]:
    """Yield what a report says, how many rows its list should have (None for sums), and the address."""
    for row in report["totals"]:
        yield row["label"], None if row["money"] else row["value"], row["url"]
    for row in (*report["labels"], *report["dispositions"]):
        yield row["label"], row["count"], row["url"]
    for row in report["rules"]:
        yield f"hits {row['code']}", row["hits"], row["hits_url"]
        yield f"alerts {row['code']}", row["alerts"], row["url"]
        yield from ((f"ends {row['code']}", count, url) for count, url in row["ends"])
    for row in report["branches"]:
        for what in ("transactions", "alerts", "freezes"):
            yield f"{what} {row['code']}", row[what], row[f"{what}_url"]
    yield "events", report["events_total"], report["events_url"]
    charts = report["charts"]
    for what, urls in (("transactions", "transaction_urls"), ("alerts", "alert_urls"), ("freezes", "freeze_urls")):
        yield from ((f"chart {what}", n, url) for n, url in zip(charts[what][0]["data"], charts[urls], strict=True))


@pytest.mark.parametrize("role", ["supervisor", "branch_manager", "auditor"])
def test_every_number_opens_a_list_of_as_many_rows(
    role: str, request: pytest.FixtureRequest, world: list[Alert], supervisor: User, bank: Bank
) -> None:
    reader: User = request.getfixturevalue(role)
    higher_up = person(bank, "6217000777", opening_branch=bank.branches["110"])  # a branch with customers and with branches below
    recorded(account_of(higher_up, "6222020000007770001"), 7, source="core")
    run = made(reader if role != "auditor" else supervisor)
    client, actor, found = browser(reader), as_actor(reader), 0
    for what, count, url in numbers(shown(run, actor)):
        if not url:
            assert role == "branch_manager", f"{what} has no list"
            continue
        answer = client.get(url)
        assert answer.status_code == 200, f"{what}: {url}"
        path, _sep, query = url.partition("?")
        rows = Asked(LISTS[path](), actor, QueryDict(query), path).rows.count()
        assert count is None or rows == count, f"{what}: {url}"
        found += 1
    assert found > 20


def test_later_judgements_change_no_first_one(world: list[Alert]) -> None:
    assert Assessment.objects.filter(revision=1).count() == Transaction.objects.count()


def test_the_list_keeps_its_promises(supervisor: User) -> None:
    check_list(RunList(), path=reverse("reports:run_list"), user=supervisor, make_row=lambda _n: made(supervisor))
