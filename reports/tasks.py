"""Work that the worker does for reports."""

from crm.access.actor import SYSTEM
from crm.jobs.task import task
from reports import services


@task(name="reports.make_report")
def make_report(*, run_id: int) -> None:
    """Compute a run that is owed; the system reads the rows, the run says for whom."""
    services.make_report(actor=SYSTEM, run_id=run_id)
