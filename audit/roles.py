"""What the auditor's rooms allow, and to whom."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

ROLES: dict[str, dict[str, str]] = {
    "auditor": {
        "audit.view_event": "all",
        "audit.export_event": "all",
        "audit.open_admin": "all",
        "audit.verify_log": "all",
        "audit.view_alarm": "all",
        "audit.ask_question": "all",
        "audit.view_compliance": "all",
    },
    "audit-officer": {
        "audit.view_event": "all",
        "audit.export_event": "all",
        "audit.open_admin": "all",
        "audit.verify_log": "all",
        "audit.view_alarm": "all",
        "audit.handle_alarm": "all",
        "audit.ask_question": "all",
        "audit.view_compliance": "all",
    },
    "security-officer": {
        "audit.view_alarm": "all",
        "audit.handle_alarm": "all",
        "audit.change_threshold": "all",
        "audit.approve_threshold": "all",
    },
}

# What the security officer reads in the role table.
LABELS: dict[str, Promise] = {
    "audit.approve_threshold": _("Approve other thresholds of alarms"),
    "audit.ask_question": _("Put questions to the audit log"),
    "audit.change_threshold": _("Propose other thresholds of alarms"),
    "audit.export_event": _("Export lines of the audit log"),
    "audit.handle_alarm": _("Handle alarms of the audit log"),
    "audit.view_alarm": _("See alarms of the audit log, and be told"),
    "audit.view_compliance": _("See the compliance check"),
    "audit.open_admin": _("Look at records in the auditor's admin"),
    "audit.verify_log": _("Verify the audit log"),
    "audit.view_event": _("Search the audit log"),
}

# Duties that cannot meet in one person.
CONFLICTS: tuple[tuple[str, str, Promise], ...] = (
    ("audit.view_event", "customers.change_customer", _("Who examines takes no part in what is examined.")),
    ("audit.view_event", "customers.approve_customer", _("Who examines takes no part in what is examined.")),
    ("audit.view_event", "risk.work_*", _("Who examines takes no part in what is examined.")),
    ("audit.view_event", "products.place_freeze", _("Who examines takes no part in what is examined.")),
    ("audit.view_event", "products.lift_freeze", _("Who examines takes no part in what is examined.")),
    ("audit.view_event", "transactions.add_*", _("Who examines takes no part in what is examined.")),
)
