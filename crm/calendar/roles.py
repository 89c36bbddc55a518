"""Who may change the bank's days."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

ROLES: dict[str, dict[str, str]] = {
    "operations": {"calendar.view_businessday": "all", "calendar.change_businessday": "all"},
    "system-officer": {"calendar.view_businessday": "all"},
    "auditor": {"calendar.view_businessday": "all"},
    "service-system": {"calendar.change_businessday": "all"},
}

# What the security officer reads in the role table.
LABELS: dict[str, Promise] = {
    "calendar.change_businessday": _("Change the business calendar"),
    "calendar.view_businessday": _("View the business calendar"),
}
