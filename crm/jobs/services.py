"""The verbs of jobs: ask for one, ask it to stop, take its file; and `enqueue`, the one way to the workers."""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.access.actor import Actor
from crm.access.services import require
from crm.jobs.choices import JobState
from crm.jobs.errors import JobOver, NothingToDownload
from crm.jobs.kinds import Download, kind_of, kind_of_row, registered
from crm.jobs.models import Job
from crm.jobs.queue import enqueue
from crm.jobs.running import Run, end, running
from crm.log import services as log

__all__ = ["Run", "cancel", "create", "download", "enqueue", "give_up", "resend_open", "running"]

# A message lost with a killed worker is sent again after this.
RESEND_AFTER = timedelta(seconds=30)


@transaction.atomic
def create(*, actor: Actor, kind: str, title: str = "", total: int | None = None, **params: Any) -> Job:
    """A waiting job of a registered kind, handed to the workers when this transaction commits.

    The kind's task is called with ``job_id`` and acts with the rights that the person holds when it runs.
    The caller has asked for the permission of the work itself.
    """
    known = kind_of(kind)
    job = Job.objects.create(
        kind=kind,
        title=title,
        total=total,
        params=params,
        requested_by_id=actor.user_id,
        request_id=actor.request_id,
        sent_at=timezone.now(),
    )
    log.record(actor=actor, action="job.requested", target=job, data={"kind": kind})
    enqueue(known.task, actor=actor, job_id=job.pk)
    return job


@transaction.atomic
def cancel(*, actor: Actor, job: Job) -> Job:
    """The job, asked to stop: at once if no worker has it, else at its next step. Own jobs only, or by role."""
    require(actor, "jobs.cancel_job", job)
    job = Job.objects.locked().get(pk=job.pk)
    if not job.is_open:
        raise JobOver
    job.cancel_asked_at = timezone.now()
    job.save(update_fields=["cancel_asked_at"])
    if job.state == JobState.WAITING:
        end(actor, job, JobState.CANCELLED, action="job.cancelled")
    else:
        log.record(actor=actor, action="job.cancel_asked", target=job, data={"kind": job.kind})
    return job


@transaction.atomic
def give_up(*, actor: Actor, job: Job) -> Job:
    """The job, ended as failed if it was still open: what it was to work on is not kept any longer."""
    require(actor, "jobs.cancel_job", job)
    job = Job.objects.locked().get(pk=job.pk)
    if job.is_open:
        words = _("The work did not begin in time; what it was to read is no longer kept.")
        end(actor, job, JobState.FAILED, action="job.failed", error=words)
    return job


@transaction.atomic
def download(*, actor: Actor, job: Job) -> Download:
    """The job's file, made or fetched by its kind's provider, which checks the reader's rights of now."""
    require(actor, "jobs.view_job", job)
    provider = kind_of_row(job.kind).download
    if provider is None or job.state != JobState.DONE:
        raise NothingToDownload
    file = provider(job, actor)
    log.record(actor=actor, action="job.downloaded", target=job, data={"kind": job.kind, "file": file.filename})
    return file


def resend_open(*, limit: int = 500) -> int:
    """How many open jobs were handed to the workers again: lost messages and killed workers lose no job.

    A job that a worker is on is not disturbed: the second one finds its lock taken. Jobs of a kind that this release does
    not know wait for the one that does.
    """
    before = timezone.now() - RESEND_AFTER
    with transaction.atomic():
        jobs = list(
            Job.objects.open()
            .filter(sent_at__lt=before, kind__in=[kind.code for kind in registered()])
            .order_by("pk")
            .select_for_update(skip_locked=True, no_key=True, of=("self",))[:limit]
        )
        for job in jobs:
            _send(job)
        Job.objects.filter(pk__in=[job.pk for job in jobs]).update(sent_at=timezone.now())
    return len(jobs)


def _send(job: Job) -> None:
    from crm.access.actor import SYSTEM
    from crm.access.middleware import staff_actor

    person = job.requested_by
    actor = staff_actor(person, origin="task", request_id=job.request_id) if person else SYSTEM
    enqueue(kind_of(job.kind).task, actor=actor, job_id=job.pk)
