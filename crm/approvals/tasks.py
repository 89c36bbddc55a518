"""Background work of approvals."""

from crm.access.actor import Actor
from crm.approvals import services
from crm.jobs.task import task


@task(name="approvals.expire_requests")
def expire_requests(*, actor: Actor) -> None:
    """Close what nobody decided in time."""
    services.expire(actor=actor)
