"""The actions that this app writes in the log."""

from django.utils.translation import gettext_lazy as _

from crm.log.actions import ActionKind

ACTIONS = {"rates.loaded": ActionKind(_("Exchange rates loaded"), "operations")}
