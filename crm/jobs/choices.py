"""States of a job, and the actions that this app writes in the log."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.log.actions import ActionKind


class JobState(models.TextChoices):
    """Where a job is."""

    WAITING = "waiting", _("Waiting")
    RUNNING = "running", _("Running")
    DONE = "done", _("Done")
    FAILED = "failed", _("Failed")
    CANCELLED = "cancelled", _("Cancelled")


OPEN_STATES = (JobState.WAITING, JobState.RUNNING)

ACTIONS = {
    "task.failed": ActionKind(_("Background task failed"), "operations"),
    "task.refused": ActionKind(_("Background task refused"), "security"),
    "job.requested": ActionKind(_("Job requested"), "operations"),
    "job.done": ActionKind(_("Job done"), "operations"),
    "job.failed": ActionKind(_("Job failed"), "operations"),
    "job.cancelled": ActionKind(_("Job cancelled"), "operations"),
    "job.cancel_asked": ActionKind(_("Cancelling a job asked for"), "operations"),
    "job.downloaded": ActionKind(_("Result of a job downloaded"), "audit"),
}
