"""Work that the worker does for reports."""

from crm.access.actor import Actor
from crm.jobs.task import task
from reports import services


@task(name="reports.make_report")
def make_report(*, run_id: int, actor: Actor) -> None:
    """Compute a run that is owed; the system reads the rows, the run says for whom."""
    services.make_report(actor=actor, run_id=run_id)
