"""A change request: what somebody proposes and another person decides."""

from typing import Any, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.access.actor import Actor
from crm.access.guards import kept_from
from crm.access.reach import Reach
from crm.access.references import ReferenceField
from crm.access.scopes import ScopedQuerySet
from crm.approvals import handlers
from crm.approvals.choices import State

VIEW = "approvals.view_changerequest"


class ChangeRequestQuerySet(ScopedQuerySet["ChangeRequest"]):
    """Requests by state and by reader."""

    def open(self) -> Self:
        """Those that wait for a decision."""
        return self.filter(state=State.PROPOSED)

    def visible_to(self, user: Any, permission: str | None = None) -> Self:
        """Own requests, those the reader's permissions let her decide, and all for readers of the whole book."""
        row = user.user if isinstance(user, Actor) else user
        if Reach(user.reach(VIEW)) == Reach.ALL:
            return self.cleared_for(row)
        if row is None:
            return self.none()
        return self.filter(Q(requested_by_id=row.pk) | self._decidable(user)).cleared_for(row)

    def to_decide(self, user: Any) -> Self:
        """Open requests that the reader may decide: within her reach, and not her own."""
        row = user.user if isinstance(user, Actor) else user
        if row is None:
            return self.none()
        return self.open().filter(self._decidable(user)).exclude(requested_by_id=row.pk).cleared_for(row)

    def cleared_for(self, row: Any) -> Self:
        """Keep from the reader what is about a customer whose label she has no clearance for: a request names its customer."""
        kept = kept_from(row)
        return self.all() if kept is None else self.filter(kept.condition("customer", by_reference=True))

    def _decidable(self, user: Any) -> Q:
        condition = Q(pk__in=[])
        for handler in handlers.registered():
            if user.reach(handler.decide_permission):
                rows = handler.within_reach(self.model._default_manager.filter(kind=handler.kind), user)
                condition |= Q(pk__in=rows.values("pk"))
        return condition


class ChangeRequest(models.Model):
    """A proposed change or act, its reason, what was shown, and what became of it. Requests are never deleted."""

    reference = ReferenceField(_("Request number"), prefix="CR", length=8)
    kind = models.CharField(_("Kind"), max_length=100)
    target_type = models.CharField(_("Object type"), max_length=100, blank=True)
    target_id = models.BigIntegerField(null=True, blank=True)
    target_ref = models.CharField(_("Object"), max_length=100, blank=True)
    customer = models.CharField(_("Customer"), max_length=40, blank=True)
    summary = models.CharField(_("Summary"), max_length=300, blank=True)
    changes = models.JSONField(_("Changes"), default=dict)
    shown = models.JSONField(_("What was shown"), default=list)
    reason = models.TextField(_("Reason"))
    shown_hash = models.CharField(max_length=64)
    asked_hash = models.CharField(max_length=64)
    base_version = models.CharField(max_length=64, blank=True)
    state = models.CharField(_("State"), max_length=10, choices=State.choices, default=State.PROPOSED)
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, verbose_name=_("Proposed by"))
    requested_by_number = models.CharField(_("Proposed by (number)"), max_length=40)
    requested_at = models.DateTimeField(_("Proposed at"))
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True, verbose_name=_("Decided by"))
    decided_at = models.DateTimeField(_("Decided at"), null=True)
    decision_reason = models.TextField(_("Reason of the decision"), blank=True)
    expires_at = models.DateTimeField(_("Expires at"))

    # Set by `decide` on its answer, for the decider's eyes; never stored.
    disclosure: handlers.Disclosure | None = None

    objects = ChangeRequestQuerySet.as_manager()

    app_privileges = ("SELECT", "INSERT", "UPDATE")

    class Meta:
        ordering = ("-requested_at", "-pk")
        verbose_name = _("change request")
        verbose_name_plural = _("change requests")
        constraints = (
            models.UniqueConstraint(
                fields=["kind", "target_type", "target_id"], condition=Q(state="proposed"), name="approvals_one_open_request"
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | Q(requested_by=None) | ~Q(decided_by=models.F("requested_by")) | Q(state="withdrawn"),
                name="approvals_another_person_decides",
            ),
            models.CheckConstraint(
                condition=~Q(state__in=["applied", "refused"]) | (Q(decided_by__isnull=False) & Q(decided_at__isnull=False)),
                name="approvals_decision_has_a_person",
            ),
        )
        indexes = (
            models.Index(fields=["state", "expires_at"], name="approvals_by_state"),
            models.Index(fields=["requested_by", "-requested_at"], name="approvals_by_requester"),
            models.Index(fields=["target_type", "target_id"], name="approvals_by_target"),
        )

    def __str__(self) -> str:
        return self.reference

    def get_absolute_url(self) -> str:
        """The page of the request."""
        return reverse("approvals:request", args=[self.reference])

    @property
    def log_customer(self) -> str:
        """The customer the request is about, for the log."""
        return self.customer

    @property
    def payload(self) -> dict[str, Any]:
        """What the proposer handed in, as the handler understands it."""
        found: dict[str, Any] = self.changes
        return found

    @property
    def shown_lines(self) -> list[dict[str, Any]]:
        """What was shown to who decided, before that to who asked, in the reader's language."""
        return [
            {"label": _said(label), "before": _said(before), "after": _said(after), "context": context == "context"}
            for _field, label, before, after, context in self.shown
        ]

    @property
    def is_open(self) -> bool:
        """Whether it still waits."""
        return self.state == State.PROPOSED

    @property
    def kind_label(self) -> str:
        """What is asked for, in the reader's language."""
        return handlers.label_of(self.kind)


def _said(text: str) -> str:
    # Kept in English, which is how msgids are written; data has no translation and stays as it is.
    return gettext(text) if text else ""
