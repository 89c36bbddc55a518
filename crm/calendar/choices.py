"""The actions that this app writes in the log."""

from django.utils.translation import gettext_lazy as _

from crm.log.actions import ActionKind

ACTIONS = {
    "calendar.day_changed": ActionKind(_("Business day changed"), "operations"),
    "calendar.loaded": ActionKind(_("Business days of a year loaded"), "operations"),
}
