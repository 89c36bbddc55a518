"""What the stock roles may do with second factors."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

ROLES: dict[str, dict[str, str | tuple[str, str]]] = {
    "security-officer": {
        "factors.view_factor": ("all", "advanced"),
        "factors.import_token": ("all", "advanced"),
        "factors.assign_token": ("all", "advanced"),
    },
    "service-system": {"factors.import_token": "all"},
    "audit-officer": {"factors.view_factor": ("all", "advanced")},
}

# What the security officer reads in the role table.
LABELS: dict[str, Promise] = {
    "factors.assign_token": _("Assign hardware tokens"),
    "factors.import_token": _("Import hardware tokens"),
    "factors.view_factor": _("View which second factors people have"),
}
