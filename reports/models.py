"""Reports that ran, and who gets them."""

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.reach import Reach
from crm.access.references import ReferenceField
from crm.access.scopes import ScopedQuerySet
from reports.choices import Period, RunState


class ReportRunQuerySet(ScopedQuerySet["ReportRun"]):
    """Runs of the branches one may read."""

    def scope(self, user: object, reach: Reach) -> "ReportRunQuerySet":
        """Keep one's own branch tree; runs over the whole bank only with reach over all."""
        if reach == Reach.BRANCH:
            return self.filter(branch__path__startswith=user.branch.path)  # type: ignore[attr-defined]
        return self.none()


class ReportRun(models.Model):
    """One report over one period and one branch tree, as computed then; running it again gives the same numbers."""

    reference = ReferenceField(prefix="P", length=8)
    definition = models.CharField(_("report"), max_length=40)
    period = models.CharField(_("period"), max_length=8, choices=Period)
    first_day = models.DateField(_("from"))
    last_day = models.DateField(_("until"))
    branch = models.ForeignKey(
        "staff.Branch",
        models.PROTECT,
        related_name="+",
        null=True,
        verbose_name=_("branch"),
    )
    state = models.CharField(_("state"), max_length=8, choices=RunState, default=RunState.OWED)
    figures = models.JSONField(default=dict)
    error = models.CharField(max_length=300, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True)
    next_attempt_at = models.DateTimeField(default=timezone.now)
    nightly = models.BooleanField(default=False, help_text=_("Made by the schedule and mailed to the subscribers."))
    created_at = models.DateTimeField(default=timezone.now)
    finished_at = models.DateTimeField(null=True)

    objects = ReportRunQuerySet.as_manager()

    class Meta:
        verbose_name = _("report run")
        verbose_name_plural = _("report runs")
        constraints = [
            models.UniqueConstraint(
                fields=["definition", "period", "first_day", "last_day", "branch"],
                condition=Q(nightly=True),
                nulls_distinct=False,
                name="report_run_nightly_once",
            ),
            models.CheckConstraint(condition=Q(last_day__gte=F("first_day")), name="report_run_ends_after_it_begins"),
        ]
        indexes = [
            models.Index(fields=["-created_at"], name="report_run_created"),
            models.Index(fields=["next_attempt_at"], condition=Q(state=RunState.OWED), name="report_run_owed"),
        ]

    def __str__(self) -> str:
        return self.reference


class Subscription(models.Model):
    """Who is mailed which report, always limited to the recipient's own branch."""

    definition = models.CharField(_("report"), max_length=40)
    period = models.CharField(_("period"), max_length=8, choices=Period)
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        related_name="+",
        verbose_name=_("recipient"),
    )
    is_active = models.BooleanField(_("active"), default=True)
    active_since = models.DateTimeField(default=timezone.now)  # the period that holds this moment is the first one owed
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["definition", "period", "recipient"], name="subscription_once")]
