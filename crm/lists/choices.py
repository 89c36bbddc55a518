"""What lists write in the log."""

from django.utils.translation import gettext_lazy as _

from crm.log.actions import ActionKind

ACTIONS = {
    "list.viewed": ActionKind(_("List read or searched"), "operations"),
    "list.exported": ActionKind(_("List exported"), "audit"),
    "view.saved": ActionKind(_("List view saved"), "operations"),
    "view.removed": ActionKind(_("List view removed"), "operations"),
}
