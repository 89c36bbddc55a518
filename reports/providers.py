"""What reports register with the ground: sweeps, the mail's attachment, the workbook as an export, a home tile."""

from collections.abc import Mapping
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.access.actor import SYSTEM, Actor
from crm.access.errors import AccessError, DomainError
from crm.access.services import get_visible
from crm.exports.handlers import Made, Params, Source, Wanted
from crm.lists.sheets import Mark
from crm.log import services as log
from crm.notify.attachments import MailFile
from crm.staff import tiles
from reports import services
from reports.choices import RunState
from reports.definitions.workbook import rows_of, workbook
from reports.models import ReportRun
from reports.roles import EXPORT

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def sweep_nightly() -> None:
    """Order last night's reports."""
    services.make_nightly(actor=SYSTEM)


def sweep_owed() -> None:
    """Make what is owed."""
    services.make_owed(actor=SYSTEM)


def attached_workbook(reader: Actor, params: Mapping[str, Any]) -> MailFile:
    """Return the workbook for a reader, with the rights held when the mail leaves."""
    run = get_visible(ReportRun.objects.select_related("branch"), reader, reference=str(params["run"]))
    with transaction.atomic():
        log.record(actor=reader, action="report.exported", target=run, data={"by": "mail"})
    return MailFile(filename=file_name(run), content=workbook(run, reader), content_type=XLSX)


class NotReady(DomainError):
    """The run has no figures yet."""

    code = "not_ready"
    message = _("The report is not ready yet.")


def _to_export(actor: Actor, params: Params) -> ReportRun:
    run: ReportRun = get_visible(ReportRun.objects.select_related("branch"), actor, EXPORT, reference=str(params["run"]))
    if run.state != RunState.DONE:
        raise NotReady
    return run


def wanted(actor: Actor, params: Params) -> Wanted:
    """Say what the workbook of a run would hold."""
    run = _to_export(actor, params)
    return Wanted(
        title=gettext("Risk report %(run)s") % {"run": run.reference}, rows=rows_of(run), conditions=f"{run.first_day} – {run.last_day}"
    )


def made(actor: Actor, params: Params, mark: Mark) -> Made:
    """Make the workbook of a run."""
    run = _to_export(actor, params)
    return Made(content=workbook(run, actor, mark), filename=file_name(run), rows=rows_of(run), about={"by": "page"}, target=run)


def still(actor: Actor, params: Params, _keys: list[int]) -> bool:
    """Whether the reader may still export this run."""
    try:
        return bool(_to_export(actor, params))
    except (AccessError, DomainError):
        return False


WORKBOOK = Source(code="report", label=_("Risk report"), action="report.exported", wanted=wanted, make=made, still=still)


def file_name(run: ReportRun) -> str:
    """Return the name under which a run is kept as a file."""
    where = run.branch.code if run.branch else "all"
    return f"risk-report-{run.first_day}-{run.last_day}-{where}.xlsx"


def report_tile(actor: Actor) -> dict[str, Any] | None:
    """Return the newest finished report's figures, each opening the report."""
    run = ReportRun.objects.visible_to(actor).filter(state=RunState.DONE).order_by("-created_at").first()
    if run is None:
        return None
    totals, url = run.figures["totals"], reverse("reports:run", args=[run.reference])
    return {
        "figures": [
            tiles.Figure(label=_("Report of"), value=run.first_day.isoformat(), url=url),
            tiles.Figure(label=_("Transactions received"), value=totals["transactions"], url=url),
            tiles.Figure(label=_("Alerts raised"), value=totals["alerts"], url=url),
            tiles.Figure(label=_("Freezes placed"), value=totals["freezes_placed"], url=url),
        ]
    }
