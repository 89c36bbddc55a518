"""What the auditor's rooms allow, and to whom."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

ROLES: dict[str, dict[str, str]] = {
    "auditor": {"audit.view_event": "all", "audit.open_admin": "all", "audit.verify_log": "all"},
    "audit-officer": {"audit.view_event": "all", "audit.open_admin": "all", "audit.verify_log": "all"},
}

# What the security officer reads in the role table.
LABELS: dict[str, Promise] = {
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
