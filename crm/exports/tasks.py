"""The worker's side of exports."""

from django.conf import settings
from django.urls import get_resolver

from crm.access.actor import Actor
from crm.access.middleware import staff_actor
from crm.exports import services
from crm.exports.models import ExportPermit
from crm.jobs.services import running
from crm.jobs.task import task


@task(name="exports.make")
def make(*, actor: Actor, job_id: int) -> None:
    """Make the file of one permit, with the rights that its asker holds now."""
    get_resolver(settings.ROOT_URLCONF).url_patterns  # noqa: B018 - lists are known once their pages are loaded; a worker serves none
    with running(actor=actor, job_id=job_id) as run:
        if run is not None:
            permit = ExportPermit.objects.select_related("requested_by").get(pk=run.job.params["permit"])
            # Always who asked: the message may come from her, from the approver's click or from a sweep.
            asker = staff_actor(permit.requested_by, origin="task", request_id=actor.request_id)
            permit = services.make(actor=asker, permit=permit)
            run.result = {"permit": permit.reference, "rows": permit.rows}


@task(name="exports.expire", ignore_result=True)
def expire(*, actor: Actor) -> None:
    """Delete what has expired, close what was refused."""
    services.expire(actor=actor)
    services.close_refused(actor=actor)
