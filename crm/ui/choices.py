"""What the pages' own acts write in the log."""

from django.utils.translation import gettext_lazy as _

from crm.log.actions import ActionKind

ACTIONS = {"search.made": ActionKind(_("Search"), "audit")}
