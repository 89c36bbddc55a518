"""Work that the worker does for products."""

from crm.jobs.tasks import task

from crm.access.actor import Actor
from products import services


@task(name="products.send_core_instructions")
def send_core_instructions(*, actor: Actor) -> None:
    """Tell the core what is owed."""
    services.send_core_instructions(actor=actor)
