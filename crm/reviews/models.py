"""A review of rights, and in it the review of each person: what was shown, who decided what, when."""

from datetime import datetime
from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.access.reach import Reach
from crm.access.references import ReferenceField
from crm.access.scopes import ScopedQuerySet
from crm.reviews.choices import Reviewer, State


class PersonReviewQuerySet(ScopedQuerySet["PersonReview"]):
    """Reviews of people by reader and by state."""

    def scope(self, user: Any, reach: Reach) -> Self:
        """With branch reach the people of the tree of branches whom their manager reviews, never oneself; below that nobody."""
        if reach == Reach.BRANCH and getattr(user, "branch_id", None) is not None:
            within = self.filter(branch__path__startswith=user.branch.path, reviewer=Reviewer.BRANCH)
            return within.exclude(person_id=user.pk)
        return self.none()

    def waiting(self) -> Self:
        """Those that nobody has decided on yet."""
        return self.filter(state=State.WAITING)

    def overdue(self, now: datetime | None = None) -> Self:
        """Those that wait although their day is past."""
        return self.waiting().filter(campaign__due_at__lte=now or timezone.now())


class CampaignQuerySet(ScopedQuerySet["Campaign"]):
    """Reviews by reader."""

    def scope(self, user: Any, reach: Reach) -> Self:
        """Those in which there is somebody whom the reader reviews."""
        return self.filter(pk__in=PersonReview.objects.visible_to(user).values("campaign"))


class Campaign(models.Model):
    """A review of rights: the regular one of the whole bank, or one that a security officer began, of a branch or a role."""

    reference = ReferenceField(_("review"), prefix="RC", length=8)
    regular = models.BooleanField(_("regular"), default=False)
    branch = models.ForeignKey("staff.Branch", models.PROTECT, null=True, related_name="+", verbose_name=_("branch"))
    role = models.ForeignKey("staff.Role", models.PROTECT, null=True, related_name="+", verbose_name=_("role"))
    reason = models.CharField(_("reason"), max_length=300, blank=True)
    begun_at = models.DateTimeField(_("begun at"), default=timezone.now)
    begun_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("begun by"))
    due_at = models.DateTimeField(_("due"))
    closed_at = models.DateTimeField(_("closed at"), null=True)

    objects = CampaignQuerySet.as_manager()

    app_privileges = ("SELECT", "INSERT", "UPDATE")

    class Meta:
        default_permissions = ()
        ordering = ("-begun_at", "-pk")
        verbose_name = _("review of rights")
        verbose_name_plural = _("reviews of rights")
        constraints = (
            models.UniqueConstraint(fields=["regular"], condition=Q(regular=True, closed_at=None), name="review_one_regular_open"),
            models.CheckConstraint(condition=Q(due_at__gt=F("begun_at")), name="review_due_after_it_begins"),
        )

    def __str__(self) -> str:
        return self.reference

    @property
    def about(self) -> str:
        """Return whom it covers, in the reader's language."""
        parts = [str(part) for part in (self.branch, self.role) if part is not None]
        return " · ".join(parts) or gettext("The whole bank")


class PersonReview(models.Model):
    """The review of one person: waits for its reviewer, or says what she saw and decided. Never deleted, decided once."""

    reference = ReferenceField(prefix="RR", length=8)
    campaign = models.ForeignKey(Campaign, models.PROTECT, related_name="people", verbose_name=_("review"))
    person = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("person"))
    branch = models.ForeignKey("staff.Branch", models.PROTECT, null=True, related_name="+", verbose_name=_("branch"))
    reviewer = models.CharField(_("reviewed by"), max_length=8, choices=Reviewer)
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.WAITING)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("decided by"))
    decided_at = models.DateTimeField(_("decided at"), null=True)
    reason = models.CharField(_("reason"), max_length=500, blank=True)
    shown = models.JSONField(_("what was shown"), default=dict)
    request = models.CharField(_("request"), max_length=20, blank=True)

    objects = PersonReviewQuerySet.as_manager()

    app_privileges = ("SELECT", "INSERT", "UPDATE")

    class Meta:
        default_permissions = ()
        ordering = ("campaign", "person")
        verbose_name = _("review of a person's rights")
        verbose_name_plural = _("reviews of people's rights")
        constraints = (
            models.UniqueConstraint(fields=["campaign", "person"], name="review_of_a_person_once"),
            models.CheckConstraint(condition=Q(decided_by=None) | ~Q(decided_by=F("person")), name="review_never_of_oneself"),
            models.CheckConstraint(
                condition=~Q(state__in=["confirmed", "removal"]) | Q(decided_by__isnull=False, decided_at__isnull=False),
                name="review_decision_has_a_person",
            ),
        )
        indexes = (
            models.Index(fields=["person", "-decided_at"], name="review_of_person"),
            models.Index(fields=["campaign", "state"], name="review_by_state"),
        )

    def __str__(self) -> str:
        return self.reference

    def get_absolute_url(self) -> str:
        """The page of the review."""
        return reverse("reviews:review", args=[self.reference])

    @property
    def is_overdue(self) -> bool:
        """Whether it waits although its day is past."""
        return self.state == State.WAITING and self.campaign.due_at <= timezone.now()
