"""The actions that this app writes in the log."""

from django.utils.translation import gettext_lazy as _

from crm.log.actions import ActionKind

ACTIONS = {
    "field.revealed": ActionKind(_("Full value viewed"), "audit"),
    "field.reveal_refused": ActionKind(_("Full value refused, the day's budget is spent"), "security"),
    "field.probed": ActionKind(_("Searched for a full number"), "audit"),
    "data_key.destroyed": ActionKind(_("Data key destroyed"), "security"),
    "root_key.added": ActionKind(_("Root key added"), "security"),
    "root_key.retired": ActionKind(_("Root key retired"), "security"),
    "root_key.split": ActionKind(_("Keys written in two halves"), "security"),
    "data_keys.rewrapped": ActionKind(_("Data keys wrapped by a new root key"), "security"),
}
