"""The main path as a story, in Chromium, with a real worker: from a file with bad rows to a lifted freeze and a mailed report.

Read this first; `docs/main-path.md` says where each beat lives.

Requirements: R144, R210, R243.
"""

import email
import io
from collections.abc import Callable
from datetime import timedelta
from email.policy import default
from typing import Any

import pytest
from django.utils import timezone
from openpyxl import load_workbook
from playwright.sync_api import Page

from crm.access.actor import SYSTEM
from crm.calendar.services import bank_zone
from crm.log.models import Event
from crm.staff.models import User
from crm.tests.worker import mails, until, worker
from crm.ui.tests.browser import chromium, open_page
from products.models import Account, Freeze
from reports import services as reports
from reports.definitions.periods import Span, today
from reports.models import ReportRun, Subscription
from risk.models import Alert, Case, Inquiry
from transactions.choices import Status
from transactions.models import Source, Transaction

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
__all__ = ["chromium", "open_page", "worker"]
Open = Callable[..., Page]
NUMBER = "6222020000001238821"


def bank_file() -> bytes:
    """Three cash deposits just below the limit, between a row with a bad amount and one of an unknown account."""
    now = timezone.now().astimezone(bank_zone()) - timedelta(hours=1)
    rows = [
        ("A1", NUMBER, "", "48,600.00", now),
        ("A2", NUMBER, "", "48,7OO.00", now),
        ("A3", NUMBER, "", "49,000.00", now + timedelta(minutes=10)),
        ("A4", "6222029999999999999", "", "49,000.00", now),
        ("A5", NUMBER, "", "49,900.00", now + timedelta(minutes=20)),
    ]
    lines = ["交易流水号,账号,借方,贷方,交易时间,现转标志,交易渠道,交易类型"]
    lines += [f'{key},{account},{debit},"{credit}",{at:%Y-%m-%d %H:%M:%S},现金,柜面,存款' for key, account, debit, credit, at in rows]
    return "\n".join(lines).encode("gb18030")


class Story:
    """The people, each in a window of the browser."""

    def __init__(self, open_page: Open, **people: User) -> None:
        self.open_page = open_page
        self.page: Page | None = None
        self.people = people

    def as_person(self, name: str, path: str) -> Page:
        """Return a page opened by somebody, in English."""
        self.page = self.open_page(path, user=self.people[name], language="en")
        return self.page


@pytest.fixture
def story(open_page: Open, operations: User, zhou_min: User, supervisor: User, sun_yue: User, auditor: User, branch_manager: User) -> Story:
    """Everybody the story needs."""
    return Story(
        open_page, operations=operations, officer=zhou_min, supervisor=supervisor, manager=sun_yue, auditor=auditor, branch=branch_manager
    )


def load_the_file(story: Story) -> None:
    """Operations uploads the file, reads which rows are bad and why, and loads it without them."""
    page = story.as_person("operations", "/transactions/files/new/")
    page.locator("[name=source]").select_option("core")
    page.locator("[name=file]").set_input_files({"name": "20261121.csv", "mimeType": "text/csv", "buffer": bank_file()})
    page.get_by_role("button", name="Upload").click()
    page.get_by_role("button", name="Check the file").click()
    page.get_by_text("Some rows are bad").wait_for(timeout=60_000)
    bad = page.locator("#import tbody").inner_text()
    assert "贷方" in bad
    assert "账号" in bad
    page.reload()
    page.locator("[name=mode][value=skip_bad_rows]").check()
    page.get_by_role("button", name="Load", exact=True).click()
    until(lambda: Transaction.objects.count() == 3, 60, "the good rows are stored")


def the_officer_is_told(story: Story) -> Alert:
    """Within a minute the alert stands in the queue and the mail has left."""
    began = timezone.now()
    until(lambda: Alert.objects.filter(rule__code="structuring").exists(), 60, "the alert is raised")
    alert = Alert.objects.get(rule__code="structuring")
    until(lambda: any(alert.reference in text and "82001@bank.test" in text for text in mails()), 60, "the mail has left")
    assert timezone.now() - began < timedelta(seconds=60)
    return alert


def work_the_case(story: Story, alert: Alert) -> Case:
    """The officer claims, opens a case and asks; the relationship manager answers without seeing why."""
    page = story.as_person("officer", "/risk/alerts/")
    page.get_by_role("button", name="Claim the next").click()
    page.wait_for_url(f"**/risk/alerts/{alert.reference}/")
    page.locator("[name=summary]").fill("Cash just below the limit, three times")
    page.get_by_role("button", name="Open a case").click()
    page.wait_for_url("**/risk/cases/**")
    case = Case.objects.get()
    page.locator("[name=questions]").fill("Where does the cash come from?")
    page.get_by_role("button", name="Ask the relationship manager").click()
    page.get_by_text("The relationship manager has been asked").wait_for()
    inquiry = Inquiry.objects.get()
    hers = story.as_person("manager", f"/risk/inquiries/{inquiry.reference}/")
    assert "structuring" not in hers.content().lower()
    hers.locator("[name=text]").fill("He sold a car and was paid in cash.")
    hers.get_by_role("button", name="Send the answer").click()
    hers.get_by_text("Your answer is on its way").wait_for()
    return case


def freeze_twice(story: Story, case: Case) -> tuple[Freeze, Freeze]:
    """Our payment stop waits for the core and comes into force; the court's freeze stands beside it."""
    page = story.as_person("officer", f"/risk/cases/{case.reference}/")
    page.get_by_text("He sold a car").first.wait_for()
    page.locator("summary", has_text="Freeze").click()
    page.locator("[name=account]").select_option(index=1)
    page.locator("[name=kind]").select_option("payment_stop")
    page.locator("form[action$='/freeze/'] [name=reason]").fill("Structured cash deposits")
    page.get_by_role("button", name="Place the freeze").click()
    page.get_by_text("The freeze stands").wait_for()
    ours = Freeze.objects.get()
    until(lambda: Freeze.objects.get(pk=ours.pk).state == "in_force", 60, "the core has answered")
    account = Account.objects.get()
    page = story.as_person("officer", f"/products/accounts/{account.reference}/freeze/")
    page.locator("[name=kind]").select_option("authority_freeze")
    page.locator("[name=authority]").select_option("court")
    page.locator("[name=document]").fill("(2026)京01执123号")
    page.locator("[name=reason]").fill("Notice of assistance in enforcement")
    page.get_by_role("button", name="Place the freeze").click()
    page.get_by_text("The freeze stands").wait_for()
    return ours, Freeze.objects.exclude(pk=ours.pk).get()


def try_to_pay(story: Story, account: Account) -> Transaction:
    """A payment entered at the counter is refused, and kept as evidence."""
    page = story.as_person("operations", "/transactions/new/")
    page.locator("[name=account]").fill(account.reference)
    page.locator("[name=direction][value=D]").check()
    page.locator("[name=amount]").fill("500.00")
    page.locator("main form button[type=submit]").last.click()
    page.wait_for_url("**/transactions/T-*/**")
    refused = Transaction.objects.get(status=Status.REFUSED)
    assert refused.amount == 500
    return refused


def lift_ours(story: Story, case: Case, ours: Freeze, courts: Freeze) -> None:
    """The officer asks and cannot decide; the supervisor does; the court's freeze stays."""
    page = story.as_person("officer", f"/risk/cases/{case.reference}/")
    page.locator("summary", has_text="Ask to lift").click()
    page.locator("[name=freeze]").select_option(str(ours.pk))
    page.locator("form[action$='/lift/'] [name=reason]").fill("Explained by the sale of a car")
    page.get_by_role("button", name="Ask a second person").click()
    page.get_by_text("A second person has been asked").wait_for()
    page.locator("a[href*='/approvals/']", has_text="CR-").first.click()
    page.get_by_text("Another person decides").wait_for()
    assert page.get_by_role("button", name="Approve").count() == 0
    request = page.url
    second = story.as_person("supervisor", request[request.index("/approvals/") :])
    second.locator("[name=reason]").fill("Agreed, documents seen")
    second.get_by_role("button", name="Approve").click()
    second.get_by_role("button", name="Approve").wait_for(state="detached")
    assert Freeze.objects.get(pk=ours.pk).state == "lifted"
    assert Freeze.objects.get(pk=courts.pk).ended_at is None


def everything_is_in_the_log(story: Story) -> None:
    """The auditor finds every step, and by whom."""
    steps = [
        "alert.raised",
        "alert.claimed",
        "case.opened",
        "inquiry.asked",
        "inquiry.answered",
        "freeze.placed",
        "core.answered",
        "approval.proposed",
        "freeze.lifted",
    ]
    written = set(Event.objects.values_list("action", flat=True))
    assert [step for step in steps if step not in written] == []
    lifted = Event.objects.get(action="freeze.lifted")
    assert (lifted.actor_number, lifted.data["asked_by"]) == ("82002", "82001")
    page = story.as_person("auditor", "/audit/")
    assert page.get_by_text("Freeze lifted").count() > 0


def the_report_agrees(story: Story) -> None:
    """Page, workbook and mail tell the same numbers."""
    day = today(timezone.now())
    Subscription.objects.create(definition="risk", period="day", recipient=story.people["branch"])
    reports.make_nightly(actor=SYSTEM, at=Span(day, day).ends + timedelta(hours=2))
    until(lambda: any("Content-Disposition: attachment" in text for text in mails()), 90, "the report is mailed")
    run = ReportRun.objects.get()
    assert run.first_day == day
    letter = next(text for text in mails() if "Content-Disposition: attachment" in text)
    message: Any = email.message_from_string(letter.split("-" * 79)[0].strip(), policy=default)
    assert "81001@bank.test" in message["To"]
    mailed = load_workbook(io.BytesIO(next(message.iter_attachments()).get_content()))
    page = story.as_person("branch", f"/reports/{run.reference}/")
    shown = {row.locator("small").inner_text(): row.locator("strong").inner_text() for row in page.locator(".figure").all()}
    with page.expect_download() as waiting:
        page.locator("summary", has_text="Excel").click()
        page.locator("select[name=purpose]").select_option("review")
        page.locator("input[name=words]").fill("例会")
        page.get_by_role("button", name="Export as Excel").click()
    downloaded = load_workbook(io.BytesIO(waiting.value.path().read_bytes()))
    numbers = [int(shown[name]) for name in ("Transactions received", "Refused", "Alerts raised", "Freezes placed", "Freezes lifted")]
    assert numbers == [4, 1, Alert.objects.count(), 2, 1]
    for book in (mailed, downloaded):
        figures = [row[1] for row in book[book.sheetnames[0]].iter_rows(min_row=6, values_only=True)]
        totals = run.figures["totals"]
        assert sorted(float(str(figure)) for figure in figures[: len(totals)]) == sorted(map(float, totals.values()))


def test_from_a_file_to_a_lifted_freeze_and_a_mailed_report(story: Story, worker: Any, salary_account: Account, mail_folder: None) -> None:
    """R004, R105, R107, R109–R112, R127, R130, R132, R136, R137."""
    Source.objects.get_or_create(code="core", defaults={"name": "Core banking", "already_completed": True})
    load_the_file(story)
    alert = the_officer_is_told(story)
    case = work_the_case(story, alert)
    ours, courts = freeze_twice(story, case)
    refused = try_to_pay(story, salary_account)
    lift_ours(story, case, ours, courts)
    assert Transaction.objects.get(pk=refused.pk).status == Status.REFUSED
    everything_is_in_the_log(story)
    the_report_agrees(story)


@pytest.fixture
def mail_folder() -> None:
    """Mails of other tests are not of this story."""
    import shutil

    from django.conf import settings

    shutil.rmtree(settings.EMAIL_FILE_PATH, ignore_errors=True)
