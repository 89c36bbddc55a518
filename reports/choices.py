"""Coded lists of reports."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


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
