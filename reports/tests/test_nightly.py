"""The nightly report: ordered once, waits until the day is settled, tried again, mailed with its workbook to each branch.

Requirements: R136, R137, R259.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from io import BytesIO
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone
from openpyxl import load_workbook

from crm.access.actor import SYSTEM
from crm.log.models import Event
from crm.notify import mailing
from crm.notify.models import Notice
from crm.notify.tests.smtp import Post, post_office
from crm.staff.models import User
from crm.tests.personas import as_actor, browser
from customers.models import Customer
from products.models import Account
from reports import services
from reports.definitions.periods import Span, today
from reports.definitions.risk_report import RiskReport
from reports.models import ReportRun, Subscription
from reports.services import nightly, runs
from risk.tests.work import waiting
from transactions.models import Source

pytestmark = pytest.mark.django_db


def broken(_report: RiskReport) -> dict[str, Any]:
    raise KeyError("gone")


def tomorrow(hour: int = 3) -> datetime:
    """Return an hour of the coming night on the bank's clock."""
    day = today(timezone.now())
    return Span(day, day).ends + timedelta(hours=hour)


def subscribe(*people: User) -> None:
    for person in people:
        services.set_subscription(actor=as_actor(person), person=person, period="day", active=True)


@pytest.fixture
def post(settings: Any) -> Iterator[Post]:
    """A real SMTP server that the product sends to."""
    with post_office() as office:
        settings.EMAIL_BACKEND = "crm.egress.mail.Mail"
        settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", office.port
        settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
        settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
        settings.DEFAULT_FROM_EMAIL = "CRM <crm@bank.test>"
        yield office


def test_each_subscribed_branch_is_ordered_once(branch_manager: User, other_branch_manager: User, supervisor: User, zhou_min: User) -> None:
    subscribe(branch_manager, other_branch_manager, supervisor, zhou_min)
    assert services.make_nightly(actor=SYSTEM, at=tomorrow(hour=0)) == 0
    assert [services.make_nightly(actor=SYSTEM, at=tomorrow()) for _twice in range(2)] == [3, 0]
    where = {run.branch.code if run.branch else "all" for run in ReportRun.objects.select_related("branch")}
    assert where == {"110", "310", "all"}
    assert {run.first_day for run in ReportRun.objects.all()} == {today(timezone.now())}


def test_a_failure_is_visible_and_tried_again(supervisor: User, monkeypatch: pytest.MonkeyPatch) -> None:
    subscribe(supervisor)
    services.make_nightly(actor=SYSTEM, at=tomorrow())
    with monkeypatch.context() as patched:
        patched.setattr(RiskReport, "figures", broken)
        assert services.make_owed(actor=SYSTEM) == 1
        assert services.make_owed(actor=SYSTEM) == 0, "tried again at once"
    run = ReportRun.objects.get()
    assert (run.state, run.error, run.attempts) == ("owed", "KeyError", 1)
    assert Event.objects.filter(action="report.failed", result="failed").count() == 1
    assert "KeyError" in browser(supervisor).get(reverse("reports:run", args=[run.reference])).content.decode()
    services.make_owed(actor=SYSTEM, at=run.next_attempt_at)
    run.refresh_from_db()
    assert (run.state, run.error) == ("done", "")


def test_after_its_last_attempt_a_run_has_failed_and_says_so(supervisor: User, monkeypatch: pytest.MonkeyPatch) -> None:
    subscribe(supervisor)
    services.make_nightly(actor=SYSTEM, at=tomorrow())
    monkeypatch.setattr(RiskReport, "figures", broken)
    for _attempt in range(runs.ATTEMPTS):
        services.make_owed(actor=SYSTEM, at=timezone.now() + timedelta(days=2))
    run = ReportRun.objects.get()
    assert (run.state, run.attempts) == ("failed", runs.ATTEMPTS)
    page = browser(supervisor).get(reverse("reports:run", args=[run.reference]), headers={"Accept-Language": "en"})
    assert 'data-level="high"' in page.content.decode()


@contextmanager
def writing() -> Iterator[None]:
    """Hold a database transaction open in another session."""
    begun, done = threading.Event(), threading.Event()

    def hold() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SELECT 1")
            begun.set()
            done.wait(20)
        connection.close()

    thread = threading.Thread(target=hold)
    thread.start()
    begun.wait(20)
    try:
        yield
    finally:
        done.set()
        thread.join()


@pytest.mark.django_db(transaction=True)  # PostgreSQL shows a transaction one picture of the sessions for as long as it lasts
def test_a_period_in_which_somebody_still_writes_waits(supervisor: User, monkeypatch: pytest.MonkeyPatch) -> None:
    run = services.ask_for_report(
        actor=as_actor(supervisor), period="day", first_day=today(timezone.now()), last_day=today(timezone.now()), branch=None
    )
    with writing():
        # The day ends now, while the other session's transaction has begun before.
        ended = timezone.now()
        monkeypatch.setattr(Span, "ends", property(lambda _span: ended))
        assert services.make_report(actor=SYSTEM, run_id=run.pk) is None
        run.refresh_from_db()
        assert (run.state, run.attempts) == ("owed", 0)
        assert run.error
    services.make_report(actor=SYSTEM, run_id=run.pk)
    run.refresh_from_db()
    assert (run.state, run.error) == ("done", "")


def test_the_mail_leaves_with_the_workbook_of_the_own_branch(
    core: Source,
    salary_account: Account,
    zhang_wei: Customer,
    li_na: Customer,
    branch_manager: User,
    supervisor: User,
    post: Post,
) -> None:
    waiting(zhang_wei)
    waiting(li_na)
    subscribe(branch_manager, supervisor)
    services.make_nightly(actor=SYSTEM, at=tomorrow())
    services.make_owed(actor=SYSTEM)
    for notice in Notice.objects.filter(kind="reports.risk"):
        assert mailing.send(actor=SYSTEM, notice_id=notice.pk)
    mails = {mail["To"]: mail for mail in post.mails}
    assert set(mails) == {"81001@bank.test", "82002@bank.test"}
    found = {to: _cells(mail) for to, mail in mails.items()}
    assert {"张伟", "李娜"} <= found["82002@bank.test"]
    assert "张伟" in found["81001@bank.test"]
    assert "李娜" not in found["81001@bank.test"]
    for mail in mails.values():
        part: Any = mail.get_body(("plain",))
        body = part.get_content()
        assert not [secret for secret in ("张伟", "李娜", "6217000133") if secret in f"{mail['Subject']}{body}"]
    assert Event.objects.filter(action="report.exported").count() == 2


def test_who_unsubscribes_gets_no_mail(supervisor: User) -> None:
    subscribe(supervisor)
    services.set_subscription(actor=as_actor(supervisor), person=supervisor, period="day", active=False)
    assert services.make_nightly(actor=SYSTEM, at=tomorrow()) == 0


def _cells(mail: Any) -> set[str]:
    (attached,) = list(mail.iter_attachments())
    book = load_workbook(BytesIO(attached.get_content()))
    return {str(cell) for sheet in book for row in sheet.values for cell in row if cell is not None}


def at(*day: int) -> datetime:
    """Return one in the morning of a day on the bank's clock."""
    return datetime(*day, 1, tzinfo=ZoneInfo("Asia/Shanghai"))  # type: ignore[misc, arg-type]


def since(moment: datetime) -> None:
    Subscription.objects.update(active_since=moment)


def test_nights_in_which_nothing_ran_are_made_up_for(branch_manager: User) -> None:
    """The scheduler was away from the 1st to the 4th: month and days are ordered, the oldest first, once."""
    for period in ("day", "month"):
        services.set_subscription(actor=as_actor(branch_manager), person=branch_manager, period=period, active=True)
    since(at(2026, 11, 29))
    assert [services.make_nightly(actor=SYSTEM, at=at(2026, 12, 4)) for _twice in range(2)] == [6, 0]
    runs_made = ReportRun.objects.order_by("pk").values_list("period", "first_day", "last_day")
    assert [(period, first.isoformat(), last.isoformat()) for period, first, last in runs_made] == [
        ("day", "2026-11-29", "2026-11-29"),
        ("day", "2026-11-30", "2026-11-30"),
        ("month", "2026-11-01", "2026-11-30"),
        ("day", "2026-12-01", "2026-12-01"),
        ("day", "2026-12-02", "2026-12-02"),
        ("day", "2026-12-03", "2026-12-03"),
    ]


def test_a_long_standstill_is_bounded(branch_manager: User) -> None:
    for period in ("day", "month"):
        services.set_subscription(actor=as_actor(branch_manager), person=branch_manager, period=period, active=True)
    since(at(2020, 1, 1))
    assert services.make_nightly(actor=SYSTEM, at=at(2026, 12, 4)) == 31 + 12
    assert ReportRun.objects.filter(period="day").order_by("pk")[0].first_day.isoformat() == "2026-11-03"
    assert ReportRun.objects.filter(period="month").order_by("pk")[0].first_day.isoformat() == "2025-12-01"


def test_nothing_is_owed_from_before_the_subscription(branch_manager: User, supervisor: User) -> None:
    """Who subscribes later, or again, begins with the period that is running; older reports are not mailed to her either."""
    subscribe(branch_manager)
    since(at(2026, 11, 10))
    assert services.make_nightly(actor=SYSTEM, at=at(2026, 11, 13)) == 3
    services.set_subscription(actor=as_actor(branch_manager), person=branch_manager, period="day", active=False)
    services.set_subscription(actor=as_actor(branch_manager), person=branch_manager, period="day", active=True)
    assert Subscription.objects.get().active_since > timezone.now() - timedelta(minutes=1)
    since(at(2026, 11, 20))
    assert services.make_nightly(actor=SYSTEM, at=at(2026, 11, 22)) == 2
    old = ReportRun.objects.order_by("pk")[0]
    assert nightly.readers_of(old) == []
    assert nightly.readers_of(ReportRun.objects.order_by("-pk")[0]) == [branch_manager]


def test_who_waits_for_a_report_that_failed_for_good_is_told_once(
    branch_manager: User, system_officer: User, zhou_min: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The subscriber of a nightly one, the requester of an ordered one, and the people on duty for failures; by page and mail."""
    subscribe(branch_manager)
    services.make_nightly(actor=SYSTEM, at=tomorrow())
    day = today(timezone.now())
    asked = services.ask_for_report(actor=as_actor(zhou_min), period="day", first_day=day, last_day=day, branch=None)
    monkeypatch.setattr(RiskReport, "figures", broken)
    monkeypatch.setattr(runs, "_settled", lambda _span: None)
    for run in ReportRun.objects.all():
        for _attempt in range(runs.ATTEMPTS + 2):
            services.make_report(actor=SYSTEM, run_id=run.pk)
    told = Notice.objects.filter(kind="reports.failed")
    assert {notice.user_id for notice in told.exclude(url_args=[asked.reference])} == {branch_manager.pk, system_officer.pk}
    assert {notice.user_id for notice in told.filter(url_args=[asked.reference])} == {zhou_min.pk, system_officer.pk}
    assert told.count() == 4
    assert {notice.mail_state for notice in told} == {"owed"}
