"""Asking for reports and making them."""

import logging
from datetime import date, datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.actor import Actor
from crm.access.errors import DomainError
from crm.access.reach import Reach
from crm.access.services import require
from crm.jobs.queue import enqueue
from crm.log import services as log
from crm.staff.models import Branch
from reports.choices import RunState
from reports.definitions.periods import Span, today
from reports.definitions.risk_report import CODE, RiskReport
from reports.models import ReportRun
from reports.services.nightly import mail, shown, tell_failed

logger = logging.getLogger(__name__)
LONGEST = timedelta(days=366)
ATTEMPTS = 8


class PeriodNotOver(DomainError):
    """A report covers days that lie in the past or are running."""

    code = "period_in_future"
    message = _("Choose days that have begun, at most one year, the first before the last.")
    field = "last_day"


class NotSettled(DomainError):
    """Something that began before the period ended is still being written."""

    code = "not_settled"
    message = _("Transactions of the period are still being written; the report is made as soon as they are.")


class BranchOutOfReach(DomainError):
    """Reports are for one's own branch and below."""

    code = "branch_out_of_reach"
    message = _("Choose your own branch or one below it.")
    field = "branch"


def branch_for(actor: Actor, branch: Branch | None) -> Branch | None:
    """Return the branch whose figures the actor may read; None stands for the whole bank. Raises ``BranchOutOfReach``."""
    if actor.reach("reports.view_reportrun") == Reach.ALL:
        return branch
    own: Branch | None = getattr(actor.user, "branch", None)
    if own is None:
        raise BranchOutOfReach
    branch = branch or own
    if not branch.path.startswith(own.path):
        raise BranchOutOfReach
    return branch


def ask_for_report(*, actor: Actor, period: str, first_day: date, last_day: date, branch: Branch | None) -> ReportRun:
    """Order a report over a period and a branch tree; the worker makes it. Raises ``PeriodNotOver``, ``BranchOutOfReach``."""
    with transaction.atomic():
        require(actor, "reports.add_reportrun")
        if first_day > last_day or last_day > today(timezone.now()) or last_day - first_day > LONGEST:
            raise PeriodNotOver
        run = ReportRun.objects.create(
            definition=CODE,
            period=period,
            first_day=first_day,
            last_day=last_day,
            branch=branch_for(actor, branch),
            requested_by_id=actor.user_id,
        )
        log.record(actor=actor, action="report.asked", target=run, data=shown(run))
        enqueue("reports.make_report", run_id=run.pk)
    return run


def make_report(*, actor: Actor, run_id: int) -> ReportRun | None:
    """Compute a run that is owed; doing it twice or at once makes it once. A failure is kept on the run and tried again."""
    try:
        with transaction.atomic():
            run = (
                ReportRun.objects.filter(pk=run_id, state=RunState.OWED)
                .select_related("branch")
                .select_for_update(skip_locked=True, of=("self",))
                .first()
            )
            if run is None:
                return None
            span = Span(run.first_day, run.last_day)
            _settled(span)
            run.figures = RiskReport(span, run.branch).figures()
            run.state, run.finished_at, run.error = RunState.DONE, timezone.now(), ""
            run.attempts += 1
            run.save(update_fields=["figures", "state", "finished_at", "error", "attempts"])
            log.record(actor=actor, action="report.made", target=run, data=shown(run))
            if run.nightly:
                mail(actor, run)
            return run
    except NotSettled as waiting:
        _again(actor, run_id, str(waiting), counts=False)
    except Exception as failure:  # whatever it was is written on the run, shown on its page and tried again
        logger.exception("report run %s failed", run_id)
        _again(actor, run_id, type(failure).__name__, counts=True)
    return None


def make_owed(*, actor: Actor, at: datetime | None = None) -> int:
    """Make what is owed and due; returns how many runs were looked at."""
    now = at or timezone.now()
    due = list(ReportRun.objects.filter(state=RunState.OWED, next_attempt_at__lte=now).order_by("pk").values_list("pk", flat=True)[:20])
    for run_id in due:
        make_report(actor=actor, run_id=run_id)
    return len(due)


def _settled(span: Span) -> None:
    """Raise ``NotSettled`` while a database transaction that began before the period ended is still open.

    Rows carry the moment at which their transaction began to be written; one that is still open could add a row to a period
    that is over, and a second run would give other numbers.
    """
    if timezone.now() < span.ends:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND usename = current_user"
            " AND pid <> pg_backend_pid() AND xact_start < %s AND backend_type = 'client backend'",
            [span.ends],
        )
        row = cursor.fetchone()
    if row and row[0]:
        raise NotSettled


def _again(actor: Actor, run_id: int, why: str, *, counts: bool) -> None:
    with transaction.atomic():
        run = ReportRun.objects.select_for_update(of=("self",)).get(pk=run_id)
        if run.state != RunState.OWED:
            return
        run.error = why[:300]
        run.attempts += 1 if counts else 0
        run.next_attempt_at = timezone.now() + timedelta(seconds=min(30 * 2**run.attempts, 3600))
        if run.attempts >= ATTEMPTS:
            run.state = RunState.FAILED
        run.save(update_fields=["error", "attempts", "next_attempt_at", "state"])
        tried = {"error": run.error, "attempts": run.attempts}
        if counts:
            log.record(actor=actor, action="report.failed", target=run, result="failed", data=tried)
        else:
            log.record(actor=actor, action="report.postponed", target=run, data=tried)
        if run.state == RunState.FAILED:
            tell_failed(run)
