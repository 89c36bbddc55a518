"""Coded lists of reports."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.log.actions import ActionKind


class Period(models.TextChoices):
    """The stretch of bank days a report covers."""

    DAY = "day", _("Day")
    MONTH = "month", _("Month")
    CUSTOM = "custom", _("Chosen period")


class RunState(models.TextChoices):
    """The life of a run or of a mail."""

    OWED = "owed", pgettext_lazy("report", "Waiting")
    DONE = "done", pgettext_lazy("report", "Done")
    FAILED = "failed", pgettext_lazy("report", "Failed")


ACTIONS = {
    "report.asked": ActionKind(_("Report asked for"), "operations"),
    "report.made": ActionKind(_("Report made"), "operations"),
    "report.failed": ActionKind(_("Report failed"), "operations"),
    "report.postponed": ActionKind(_("Report postponed"), "operations"),
    "report.viewed": ActionKind(_("Report viewed"), "operations"),
    "report.exported": ActionKind(_("Report downloaded"), "operations"),
    "report.mailed": ActionKind(_("Report mailed"), "operations"),
    "report.subscribed": ActionKind(_("Report subscription changed"), "audit"),
}
