"""Working on a job: one worker at a time, progress that others see at once, a clean end in every case."""

import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from django.db import DEFAULT_DB_ALIAS, DatabaseError, connection, connections, transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.access.actor import Actor
from crm.access.errors import AccessError, DomainError
from crm.jobs.choices import JobState
from crm.jobs.errors import JobCancelled
from crm.jobs.kinds import kind_of_row, tell_failed
from crm.jobs.models import Job
from crm.log import services as log

logger = logging.getLogger(__name__)

_LOCK_SPACE = 0x4A0B  # the first half of the advisory lock that says "a worker is on this job"


class Run:
    """What the work holds on to: its job, and a line to the page that watches it."""

    def __init__(self, job: Job, side: BaseDatabaseWrapper) -> None:
        self.job = job
        self.result: dict[str, Any] = {}
        self._side = side
        self._shown = 0.0

    def advance(self, progress: int, *, total: int | None = None, note: str = "") -> None:
        """Shows how far the work is; JobCancelled when somebody asked for it to stop.

        Seen at once, even from inside a transaction of hours: it is written through a connection of its own.
        """
        self.job.progress = progress
        self.job.total = total if total is not None else self.job.total
        self.job.note = note or self.job.note
        values = [self.job.progress, self.job.total, self.job.note[:200], self.job.pk]
        statement = "UPDATE jobs_job SET progress = %s, total = %s, note = %s WHERE id = %s RETURNING cancel_asked_at"
        try:
            row = _one(self._side, statement, values)
        except DatabaseError as error:
            # A progress bar must never end the work.
            logger.warning("progress of %s not shown: %s", self.job.reference, error)
            return
        if row is None:  # made in this very transaction (a test): not visible from the side
            row = _one(connection, statement, values)
        if row and row[0] is not None:
            raise JobCancelled


def _one(source: Any, statement: str, values: list[Any]) -> tuple[Any, ...] | None:
    with source.cursor() as cursor:
        cursor.execute(statement, values)
        row: tuple[Any, ...] | None = cursor.fetchone()
        return row


@contextmanager
def _alone(job_id: int) -> Iterator[BaseDatabaseWrapper | None]:
    """A side connection that holds the job's lock; None when another worker is on it.

    The lock ends with the connection, so a killed worker leaves none behind.
    """
    side = connections.create_connection(DEFAULT_DB_ALIAS)
    try:
        with side.cursor() as cursor:
            cursor.execute("SET lock_timeout = '2s'")
        free = _one(side, "SELECT pg_try_advisory_lock(%s, %s)", [_LOCK_SPACE, job_id % 2**31])
        yield side if free and free[0] else None
    finally:
        side.close()


@contextmanager
def running(*, actor: Actor, job_id: int) -> Iterator[Run | None]:
    """The run of a job, or None when there is nothing to do (over, cancelled, or in other hands).

    ::

        with running(actor=actor, job_id=job_id) as run:
            if run:
                run.advance(0, total=n)
                run.result = {...}

    A `DomainError` ends the job as failed with its words; any other error with a general sentence, and is raised again.
    """
    with _alone(job_id) as side:
        job = start(job_id) if side is not None else None
        if job is None or side is None:
            yield None
            return
        run = Run(job, side)
        try:
            yield run
        except JobCancelled:
            end(actor, job, JobState.CANCELLED, action="job.cancelled")
        except AccessError:
            end(actor, job, JobState.FAILED, action="job.failed", error=not_allowed())
            raise
        except DomainError as refusal:
            end(actor, job, JobState.FAILED, action="job.failed", error=str(refusal))
        except Exception as error:
            words = _("The work stopped because of a fault on our side. Nothing more was done. Request %(id)s.")
            end(actor, job, JobState.FAILED, action="job.failed", error=words % {"id": job.request_id})
            logger.warning("job %s failed: %s", job.reference, type(error).__name__)
            raise
        else:
            end(actor, job, JobState.DONE, action="job.done", result=run.result)


@transaction.atomic
def start(job_id: int) -> Job | None:
    """The job, now running; None when it is over or asked to stop.

    A job that says "running" here was left by a killed worker (the caller holds the job's lock): it begins
    again if its kind allows that, else it ends as failed.
    """
    job = Job.objects.locked().filter(pk=job_id).first()
    if job is None or not job.is_open:
        return None
    if job.cancel_asked_at:
        end(_system(), job, JobState.CANCELLED, action="job.cancelled")
        return None
    if job.state == JobState.RUNNING and not kind_of_row(job.kind).restart:
        words = _("The worker was stopped in the middle of this work. Look at what was done before you repeat it.")
        end(_system(), job, JobState.FAILED, action="job.failed", error=words)
        return None
    job.state, job.started_at, job.progress, job.note = JobState.RUNNING, timezone.now(), 0, ""
    job.save(update_fields=["state", "started_at", "progress", "note"])
    return job


def _system() -> Actor:
    from crm.access.actor import SYSTEM

    return SYSTEM


def not_allowed() -> str:
    """Why a job ends whose requester has lost the right to it, in words."""
    return _("Whoever asked for this may no longer do it. Nothing more was done.")


def refuse(*, actor: Actor, job_id: int) -> None:
    """Ends an open job as failed whose task was refused before it began: asked again, it would be refused again."""
    with transaction.atomic():
        job = Job.objects.locked().filter(pk=job_id).first()
        if job is not None and job.is_open:
            end(actor, job, JobState.FAILED, action="job.failed", error=not_allowed())


def end(actor: Actor, job: Job, state: JobState, *, action: str, error: str = "", result: Mapping[str, Any] | None = None) -> None:
    """Ends a job, and in the same transaction whatever its kind keeps about it; who has to know of a failure is told."""
    with transaction.atomic():
        job.state, job.error, job.finished_at = state, error, timezone.now()
        fields = ["state", "error", "finished_at"]
        if result is not None:
            job.result = dict(result)
            fields.append("result")
        if state == JobState.DONE:
            job.progress = job.total or job.progress
            fields.append("progress")
        job.save(update_fields=fields)
        outcome = "failed" if state == JobState.FAILED else "done"
        log.record(actor=actor, action=action, target=job, data={"kind": job.kind}, result=outcome)
        clean_up = kind_of_row(job.kind).ended
        if clean_up is not None and state != JobState.DONE:
            clean_up(job, actor)
        if state == JobState.FAILED:
            tell_failed(job)
