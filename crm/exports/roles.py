"""Who may ask for exports, decide on large ones, and read what others took."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_OWN = {"exports.view_exportpermit": "self", "exports.add_exportpermit": "self"}

ROLES: dict[str, dict[str, str]] = {
    **{
        role: dict(_OWN)
        for role in (
            "relationship-manager",
            "risk-officer",
            "product-operator",
            "product-checker",
            "operations",
            "service-agent",
            "system-officer",
            "security-officer",
        )
    },
    # What a colleague's file holds is seen no further than the branch.
    "branch-manager": {
        "exports.view_exportpermit": "branch",
        "exports.add_exportpermit": "self",
        "exports.approve_exportpermit": "branch",
    },
    "risk-supervisor": {
        "exports.view_exportpermit": "all",
        "exports.add_exportpermit": "self",
        "exports.approve_exportpermit": "all",
    },
    "auditor": {"exports.view_exportpermit": "all", "exports.add_exportpermit": "self"},
    "audit-officer": {"exports.view_exportpermit": "all", "exports.add_exportpermit": "self"},
    "service-system": {"exports.view_exportpermit": "all"},
}

# What the security officer reads in the role table.
LABELS: dict[str, Promise] = {
    "exports.add_exportpermit": _("Ask for exports"),
    "exports.approve_exportpermit": _("Decide on large exports"),
    "exports.view_exportpermit": _("View export permits"),
}
