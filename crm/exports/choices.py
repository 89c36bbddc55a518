"""The words of export permits: purposes, states, actions; and how many rows each role may take without a second person."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.log.actions import ActionKind


class Purpose(models.TextChoices):
    """What a file is for; beside it stands a sentence in the asker's own words."""

    WORK = "work", pgettext_lazy("purpose", "Daily work with own customers")
    REVIEW = "review", pgettext_lazy("purpose", "Review or meeting inside the bank")
    CASE = "case", pgettext_lazy("purpose", "Handling of a case")
    AUTHORITY = "authority", pgettext_lazy("purpose", "Request of an authority")
    AUDIT = "audit", pgettext_lazy("purpose", "Audit or inspection")
    OTHER = "other", pgettext_lazy("purpose", "Something else")


class State(models.TextChoices):
    """Where a permit stands."""

    ASKED = "asked", pgettext_lazy("export", "Waits for approval")
    WAITING = "waiting", pgettext_lazy("export", "Being made")
    READY = "ready", pgettext_lazy("export", "Ready")
    REFUSED = "refused", pgettext_lazy("export", "Refused")
    FAILED = "failed", pgettext_lazy("export", "Failed")
    CLOSED = "closed", pgettext_lazy("export", "Closed, the rights have changed")
    EXPIRED = "expired", pgettext_lazy("export", "Expired")


# Rows a person of a role may take on her own word; the table `RowCap` says otherwise where the bank has changed it.
CAPS = {
    "relationship-manager": 500,
    "branch-manager": 2_000,
    "risk-officer": 2_000,
    "risk-supervisor": 10_000,
    "auditor": 10_000,
    "audit-officer": 10_000,
}
OTHERS = 500
HIGHEST = 50_000

ACTIONS = {
    "export.asked": ActionKind(_("Export asked for"), "audit"),
    "export.made": ActionKind(_("Export made"), "audit"),
    "export.downloaded": ActionKind(_("Export downloaded"), "audit"),
    "export.refused": ActionKind(_("Export refused"), "audit"),
    "export.failed": ActionKind(_("Export failed"), "audit"),
    "export.closed": ActionKind(_("Export closed, the rights have changed"), "security"),
    "export.expired": ActionKind(_("Export deleted"), "audit"),
    "export.cap_changed": ActionKind(_("Export cap of a role changed"), "security"),
}
