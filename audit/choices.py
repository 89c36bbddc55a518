"""The actions of the auditor's rooms."""

from django.utils.translation import gettext_lazy as _

from crm.log.actions import ActionKind

ACTIONS = {
    "admin.listed": ActionKind(_("Table looked at in the auditor's admin"), "audit"),
    "admin.viewed": ActionKind(_("Record looked at in the auditor's admin"), "audit"),
    "audit.searched": ActionKind(_("Audit log searched"), "audit"),
    "audit.event_viewed": ActionKind(_("Log line looked at"), "audit"),
    "audit.request_viewed": ActionKind(_("Story of a request looked at"), "audit"),
    "audit.chain_checked": ActionKind(_("Chain of the audit log checked"), "audit"),
}
