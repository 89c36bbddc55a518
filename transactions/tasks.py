"""Work on uploaded files, in the background."""

from crm.access.actor import Actor
from crm.jobs.task import task
from transactions import importers
from transactions.services import imports
from transactions.services.rating import rate_waiting as rate


@task(name=imports.CHECK)
def check_file(*, actor: Actor, job_id: int) -> None:
    """Checks an uploaded file."""
    importers.check_file(actor=actor, job_id=job_id)


@task(name=imports.LOAD)
def load_file(*, actor: Actor, job_id: int) -> None:
    """Loads a released file."""
    importers.load_file(actor=actor, job_id=job_id)


@task(name="transactions.remove_uploads")
def remove_uploads(*, actor: Actor) -> None:
    """Removes uploaded bytes after 24 hours."""
    imports.remove_uploads(actor=actor)


@task(name="transactions.rate_waiting")
def rate_waiting(*, actor: Actor) -> None:
    """Rates what was stored before its rate was known."""
    rate(actor=actor)
