"""What access itself writes in the log."""

from django.utils.translation import gettext_lazy as _

from crm.log.actions import ActionKind

ACTIONS = {
    "page.viewed": ActionKind(_("Page about a customer looked at"), "operations"),
    "access.not_visible": ActionKind(_("Asked for a record out of scope or unknown"), "security"),
    "access.session_ended": ActionKind(_("Session ended after inactivity or its longest time"), "security"),
}
