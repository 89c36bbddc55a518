"""Jobs: work that takes long enough to be watched; and when each sweep last ran."""

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.reach import Reach
from crm.access.references import ReferenceField
from crm.access.scopes import ScopedQuerySet
from crm.jobs.choices import OPEN_STATES, JobState


class JobQuerySet(ScopedQuerySet["Job"]):
    """Questions about jobs."""

    def scope(self, user: Any, reach: Reach) -> Self:
        """Own jobs; with branch reach those of the people in the tree of branches below."""
        if reach == Reach.BRANCH and getattr(user, "branch_id", None) is not None:
            return self.filter(requested_by__branch__path__startswith=user.branch.path)
        return self.filter(requested_by=user.pk)

    def open(self) -> Self:
        """Jobs that are not over."""
        return self.filter(state__in=OPEN_STATES)


class Job(models.Model):
    """One import, export or other long piece of work."""

    reference = ReferenceField(prefix="J", length=10)
    kind = models.CharField(_("kind"), max_length=60)
    title = models.CharField(_("title"), max_length=200, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=JobState, default=JobState.WAITING)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="jobs",
        verbose_name=_("requested by"),
    )
    params = models.JSONField(_("parameters"), default=dict, blank=True)
    progress = models.BigIntegerField(_("progress"), default=0)
    total = models.BigIntegerField(_("total"), null=True, blank=True)
    note = models.CharField(_("step"), max_length=200, blank=True)
    result = models.JSONField(_("result"), default=dict, blank=True)
    error = models.TextField(_("error"), blank=True)
    request_id = models.CharField(max_length=64, blank=True, editable=False)
    cancel_asked_at = models.DateTimeField(_("cancelling asked at"), null=True, blank=True)
    created_at = models.DateTimeField(_("requested at"), default=timezone.now, editable=False)
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)
    sent_at = models.DateTimeField(null=True, blank=True, editable=False)  # last handed to the workers

    objects = JobQuerySet.as_manager()

    class Meta:
        verbose_name = _("job")
        verbose_name_plural = _("jobs")
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["requested_by", "-id"], name="job_of_person"),
            models.Index(fields=["sent_at"], condition=models.Q(state__in=OPEN_STATES), name="job_open"),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def is_open(self) -> bool:
        """Whether it is waiting or running."""
        return self.state in OPEN_STATES

    @property
    def percent(self) -> int | None:
        """How much is done, 0 to 100; None when the total is unknown."""
        if self.state == JobState.DONE:
            return 100
        if not self.total:
            return None
        return min(100, self.progress * 100 // self.total)


class SweepState(models.Model):
    """When a sweep last ran; its row lock lets one worker run it at a time."""

    name = models.CharField(_("name"), max_length=80, primary_key=True)
    started_at = models.DateTimeField(_("started at"), null=True, blank=True)
    succeeded_at = models.DateTimeField(_("succeeded at"), null=True, blank=True)
    error = models.CharField(_("error"), max_length=200, blank=True)

    class Meta:
        verbose_name = _("sweep")
        verbose_name_plural = _("sweeps")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name
