"""The words of reviews: who reviews, how a review stands, what is written in the log."""

from datetime import timedelta

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.log.actions import ActionKind

# How long reviewers have; when they are reminded before, and how often after.
TERM = timedelta(days=21)
SOON, LAST = timedelta(days=7), timedelta(days=1)
AGAIN = timedelta(days=7)


class Reviewer(models.TextChoices):
    """Who looks at a person's rights."""

    BRANCH = "branch", _("Branch manager")
    OFFICER = "officer", _("Security officer")


class State(models.TextChoices):
    """How the review of one person stands."""

    WAITING = "waiting", pgettext_lazy("review", "Waits for review")
    CONFIRMED = "confirmed", pgettext_lazy("review", "Rights confirmed")
    REMOVAL = "removal", pgettext_lazy("review", "Removal asked for")
    MISSED = "missed", pgettext_lazy("review", "Not reviewed in time")
    GONE = "gone", pgettext_lazy("review", "Holds no rights any more")


ACTIONS = {
    "review.begun": ActionKind(_("Review of rights begun"), "security"),
    "review.confirmed": ActionKind(_("Rights of a person confirmed"), "security"),
    "review.removal_asked": ActionKind(_("Removal of rights asked for in a review"), "security"),
    "review.rights_removed": ActionKind(_("Rights removed after a review"), "security"),
    "review.reminded": ActionKind(_("Reviewers reminded"), "security"),
    "review.dropped": ActionKind(_("Reviews dropped: the people hold no rights any more"), "security"),
    "review.closed": ActionKind(_("Review of rights closed"), "security"),
}
