"""The words of approvals: states and actions."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.log.actions import ActionKind


class State(models.TextChoices):
    """Where a change request stands. An approved one is applied in the same transaction, so "approved" alone is never stored."""

    PROPOSED = "proposed", pgettext_lazy("change request", "Waiting for a decision")
    APPLIED = "applied", pgettext_lazy("change request", "Approved and applied")
    REFUSED = "refused", pgettext_lazy("change request", "Refused")
    WITHDRAWN = "withdrawn", pgettext_lazy("change request", "Withdrawn")
    EXPIRED = "expired", pgettext_lazy("change request", "Expired")
    STALE = "stale", pgettext_lazy("change request", "Out of date")


ACTIONS = {
    "approval.proposed": ActionKind(_("Change proposed"), "operations"),
    "approval.applied": ActionKind(_("Change approved and applied"), "operations"),
    "approval.refused": ActionKind(_("Change refused"), "operations"),
    "approval.withdrawn": ActionKind(_("Change request withdrawn"), "operations"),
    "approval.expired": ActionKind(_("Change request expired"), "operations"),
    "approval.stale": ActionKind(_("Change request out of date"), "operations"),
    "approval.viewed": ActionKind(_("Change request looked at"), "operations"),
    "approval.own_decision_refused": ActionKind(_("Decision on an own request refused"), "security"),
}
