"""The beat of the house."""

from crm.access.actor import Actor
from crm.jobs import sweeps
from crm.jobs.task import task


@task(name="jobs.sweep", ignore_result=True)
def sweep(*, actor: Actor) -> None:
    """Runs every sweep that is due."""
    sweeps.run_due(actor=actor)
