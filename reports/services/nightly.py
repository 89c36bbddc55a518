"""The reports that nobody has to ask for: what the subscriptions owe, who is mailed, who is told of one that could not be made."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from crm.access.actor import Actor
from crm.access.reach import Reach
from crm.access.services import require
from crm.jobs.queue import enqueue
from crm.log import services as log
from crm.notify.attachments import MailAttachment
from crm.notify.services import notify
from crm.staff.models import Branch, User
from crm.staff.services import people_on_duty
from reports.choices import Period
from reports.definitions.periods import Span, month_before, today
from reports.definitions.risk_report import CODE
from reports.models import ReportRun, Subscription

NIGHT_HOUR = 0
NIGHT_MINUTE = 30
"""The night's reports begin at half past midnight of the bank's clock: batches of 02:00 belong to the next day."""
BACKLOG = {Period.DAY: 31, Period.MONTH: 12}
"""After a standstill this many periods are made up for, the oldest first; who needs older ones asks for them on the page."""
WATCH = "jobs.watch_job"

Owed = tuple[date, date, Period, Branch | None]


def set_subscription(*, actor: Actor, person: User, period: str, active: bool) -> Subscription:
    """Begin or end the mailing of the risk report to a person, always for the person's own branch; the running period is the first."""
    with transaction.atomic():
        require(actor, "reports.view_reportrun")
        known = Subscription.objects.filter(definition=CODE, period=period, recipient=person).first()
        values: dict[str, object] = {"is_active": active}
        if active and not (known and known.is_active):
            values["active_since"] = timezone.now()
        subscription, _new = Subscription.objects.update_or_create(definition=CODE, period=period, recipient=person, defaults=values)
        log.record(actor=actor, action="report.subscribed", target=person, data={"period": period, "active": active})
    return subscription


def make_nightly(*, actor: Actor, at: datetime | None = None) -> int:
    """Order every report that the subscriptions owe and that is not there yet, the oldest first; returns how many were new.

    Owed is each period that is over, from the one in which the subscription began: nights in which nothing ran are made up for,
    as far back as ``BACKLOG``.
    """
    now = at or timezone.now()
    day = today(now)
    if now < Span(day, day).begins + timedelta(hours=NIGHT_HOUR, minutes=NIGHT_MINUTE):
        return 0
    made = 0
    with transaction.atomic():
        for first, last, period, branch in _missing(day):
            run, new = ReportRun.objects.get_or_create(
                definition=CODE, period=period, first_day=first, last_day=last, branch=branch, nightly=True
            )
            if new:
                made += 1
                log.record(actor=actor, action="report.asked", target=run, data=shown(run))
                enqueue("reports.make_report", run_id=run.pk)
    return made


def _missing(day: date) -> list[Owed]:
    """Return what is owed on the morning of *day* and has no run, the oldest first, each branch's once."""
    known = set(ReportRun.objects.filter(nightly=True, definition=CODE).values_list("first_day", "last_day", "period", "branch_id"))
    found: dict[tuple[date, date, str, int | None], Owed] = {}
    for subscription in Subscription.objects.filter(definition=CODE, is_active=True).select_related("recipient__branch").order_by("pk"):
        if not _may_read(subscription.recipient):
            continue
        branch, period = branch_of(subscription.recipient), Period(subscription.period)
        for span in _owed(period, today(subscription.active_since), day):
            key = (span.first, span.last, period.value, branch.pk if branch else None)
            if key not in known:
                found[key] = (span.first, span.last, period, branch)
    return [found[key] for key in sorted(found, key=lambda key: (key[1], key[2], key[3] or 0))]


def _owed(period: Period, since: date, day: date) -> Iterator[Span]:
    """Yield the periods that are over on the morning of *day* and hold or follow the day *since*, the newest first."""
    until = day
    for _back in range(BACKLOG[period]):
        before = until - timedelta(days=1)
        span = month_before(until) if period == Period.MONTH else Span(before, before)
        if span.last < since:
            return
        yield span
        until = span.first


def _may_read(reader: User) -> bool:
    return bool(reader.is_usable and reader.reach("reports.view_reportrun"))


def branch_of(reader: User) -> Branch | None:
    """Return the branch whose report a reader is mailed; None stands for the whole bank."""
    return None if reader.reach("reports.view_reportrun") == Reach.ALL else reader.branch


def readers_of(run: ReportRun) -> list[User]:
    """Return who is mailed a nightly run: those of its branch who had subscribed before its period was over."""
    rows = Subscription.objects.filter(definition=run.definition, period=run.period, is_active=True).select_related("recipient__branch")
    ends = Span(run.first_day, run.last_day).ends
    return [row.recipient for row in rows if row.active_since < ends and row.recipient.is_usable and branch_of(row.recipient) == run.branch]


def mail(actor: Actor, run: ReportRun) -> None:
    """Mail a finished nightly run with its workbook, once to each reader."""
    readers, totals = readers_of(run), run.figures["totals"]
    notify(
        recipients=readers,
        kind="reports.risk",
        subject=gettext_noop("Risk report %(first)s to %(last)s") if run.period == Period.MONTH else gettext_noop("Risk report %(first)s"),
        body=gettext_noop(
            "Transactions: %(transactions)s. Alerts: %(alerts)s. Freezes placed: %(placed)s, lifted: %(lifted)s. "
            "The workbook is attached; every number opens its list on the report's page."
        ),
        params={
            "first": run.first_day.isoformat(),
            "last": run.last_day.isoformat(),
            "transactions": totals["transactions"],
            "alerts": totals["alerts"],
            "placed": totals["freezes_placed"],
            "lifted": totals["freezes_lifted"],
        },
        url_name="reports:run",
        url_args=(run.reference,),
        key=f"report:{run.reference}",
        attachments=[MailAttachment(provider="reports.workbook", params={"run": run.reference})],
    )
    log.record(actor=actor, action="report.mailed", target=run, data={"recipients": sorted(reader.number for reader in readers)})


def tell_failed(run: ReportRun) -> None:
    """Tell who waits for a run, and the people on duty for failures, that it could not be made; each once."""
    waiting = readers_of(run) if run.nightly else [run.requested_by] if run.requested_by else []
    notify(
        recipients=[*waiting, *people_on_duty(WATCH)],
        kind="reports.failed",
        subject=gettext_noop("The risk report %(first)s to %(last)s could not be made"),
        body=gettext_noop("It was tried %(attempts)s times and is not tried again. Order it anew once the cause is mended: %(error)s."),
        params={
            "first": run.first_day.isoformat(),
            "last": run.last_day.isoformat(),
            "attempts": run.attempts,
            "error": run.error,
        },
        url_name="reports:run",
        url_args=(run.reference,),
        key=f"report-failed:{run.reference}",
    )


def shown(run: ReportRun) -> dict[str, str]:
    """Return a run as its log lines show it."""
    return {
        "report": run.definition,
        "period": run.period,
        "first_day": run.first_day.isoformat(),
        "last_day": run.last_day.isoformat(),
        "branch": run.branch.code if run.branch else "",
    }
