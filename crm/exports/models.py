"""Permits under which files leave the house, their downloads, and the caps that the bank changed."""

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.access.reach import Reach
from crm.access.references import ReferenceField
from crm.access.scopes import ScopedQuerySet
from crm.exports.choices import Purpose, State


class ExportPermitQuerySet(ScopedQuerySet["ExportPermit"]):
    """Permits by reader."""

    def scope(self, user: Any, reach: Reach) -> Self:
        """Own permits; with branch reach those of the people in the tree of branches below."""
        if reach == Reach.BRANCH and getattr(user, "branch_id", None) is not None:
            return self.filter(Q(requested_by__branch__path__startswith=user.branch.path) | Q(requested_by=user.pk))
        return self.filter(requested_by=user.pk)


class ExportPermit(models.Model):
    """One export: who asked for what and what for, who approved it, the sealed file and until when it lies there. Never deleted."""

    reference = ReferenceField(_("permit"), prefix="X", length=10)
    source = models.CharField(_("kind"), max_length=40)
    title = models.CharField(_("what"), max_length=200)
    params = models.JSONField(default=dict)
    conditions = models.TextField(_("conditions"), blank=True)
    purpose = models.CharField(_("purpose"), max_length=12, choices=Purpose)
    words = models.CharField(_("purpose in words"), max_length=300)
    language = models.CharField(max_length=10, blank=True)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("asked by"))
    requested_at = models.DateTimeField(_("asked at"), default=timezone.now)
    state = models.CharField(_("state"), max_length=8, choices=State, default=State.ASKED)
    rows = models.PositiveIntegerField(_("rows"))
    most = models.PositiveIntegerField(_("allowed rows"))
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, verbose_name=_("approved by"))
    approval = models.CharField(_("request"), max_length=20, blank=True)
    job = models.CharField(_("job"), max_length=20, blank=True)
    filename = models.CharField(_("file"), max_length=200, blank=True)
    digest = models.CharField(_("fingerprint of the file"), max_length=64, blank=True)
    stored_as = models.CharField(max_length=32, blank=True)
    keys = models.JSONField(default=list)
    made_at = models.DateTimeField(_("made at"), null=True)
    expires_at = models.DateTimeField(_("deleted at"), null=True)
    error = models.CharField(_("error"), max_length=300, blank=True)

    objects = ExportPermitQuerySet.as_manager()

    app_privileges = ("SELECT", "INSERT", "UPDATE")

    class Meta:
        ordering = ("-requested_at", "-pk")
        verbose_name = _("export permit")
        verbose_name_plural = _("export permits")
        constraints = (
            models.CheckConstraint(
                condition=Q(approved_by=None) | ~Q(approved_by=models.F("requested_by")), name="export_another_person_approves"
            ),
            models.CheckConstraint(condition=~Q(stored_as="") | ~Q(state=State.READY), name="export_ready_has_a_file"),
            models.CheckConstraint(condition=Q(stored_as="") | Q(expires_at__isnull=False), name="export_file_has_an_end"),
        )
        indexes = (
            models.Index(fields=["requested_by", "-requested_at"], name="export_of_person"),
            models.Index(fields=["-requested_at", "-id"], name="export_latest"),
            models.Index(fields=["expires_at"], condition=~Q(stored_as=""), name="export_to_delete"),
        )

    def __str__(self) -> str:
        return self.reference

    @property
    def what(self) -> str:
        """Return what the file holds, in the reader's language where it is the title of a list (kept in English)."""
        return gettext(self.title)

    def get_absolute_url(self) -> str:
        """The page of the permit."""
        return reverse("exports:permit", args=[self.reference])

    @property
    def is_ready(self) -> bool:
        """Whether the file lies there for its owner."""
        return self.state == State.READY and self.expires_at is not None and self.expires_at > timezone.now()


class ExportDownload(models.Model):
    """One time that the file was handed out."""

    permit = models.ForeignKey(ExportPermit, models.PROTECT, related_name="downloads")
    at = models.DateTimeField(_("time"), default=timezone.now)
    address = models.CharField(_("address"), max_length=45, blank=True)

    app_privileges = ("SELECT", "INSERT")

    class Meta:
        ordering = ("at", "pk")

    def __str__(self) -> str:
        return f"{self.permit_id} {self.at:%Y-%m-%d %H:%M:%S}"


class RowCap(models.Model):
    """Rows that a role may take on a person's own word, where the bank says otherwise than the product (`choices.CAPS`)."""

    role = models.CharField(_("role"), max_length=40, unique=True)
    rows = models.PositiveIntegerField(_("rows"))

    class Meta:
        constraints = (models.CheckConstraint(condition=Q(rows__lte=50_000), name="export_cap_within_reason"),)

    def __str__(self) -> str:
        return f"{self.role} {self.rows}"
