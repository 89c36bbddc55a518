"""Who may ask for exports, decide on large ones, and read what others took."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_OWN: dict[str, str | tuple[str, str]] = {"exports.view_exportpermit": "self", "exports.add_exportpermit": "self"}

ROLES: dict[str, dict[str, str | tuple[str, str]]] = {
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
    **{
        role: {"exports.view_exportpermit": "all", "exports.add_exportpermit": "self", "exports.view_rowcap": "all"}
        for role in ("auditor", "audit-officer")
    },
    "security-officer": {
        **_OWN,
        "exports.view_rowcap": "all",
        "exports.change_rowcap": ("all", "advanced"),
        "exports.approve_rowcap": ("all", "advanced"),
    },
    "service-system": {"exports.view_exportpermit": "all"},
}

# What the security officer reads in the role table.
LABELS: dict[str, Promise] = {
    "exports.add_exportpermit": _("Ask for exports"),
    "exports.approve_exportpermit": _("Decide on large exports"),
    "exports.approve_rowcap": _("Decide on export caps"),
    "exports.change_rowcap": _("Propose export caps"),
    "exports.view_exportpermit": _("View export permits"),
    "exports.view_rowcap": _("View export caps"),
}
