"""The worker's side of reviews."""

from crm.access.actor import Actor
from crm.jobs.task import task
from crm.reviews import services


@task(name="reviews.keep_going", ignore_result=True)
def keep_going(*, actor: Actor) -> None:
    """Begin the regular review when it is due, remind, close."""
    services.keep_going(actor=actor)
