"""Work that the worker does for products."""

from crm.access.actor import Actor
from crm.jobs.task import task
from products import services


@task(name="products.send_core_instructions")
def send_core_instructions(*, actor: Actor) -> None:
    """Tell the core what is owed; the core answers to the system, whoever placed the freeze."""
    services.send_core_instructions(actor=actor)
