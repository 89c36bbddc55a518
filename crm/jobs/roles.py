"""Who may see and stop jobs: everybody their own, operations and the system officer all."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_OWN = {"jobs.view_job": "self", "jobs.cancel_job": "self"}
_ALL = {"jobs.view_job": "all", "jobs.cancel_job": "all"}

ROLES: dict[str, dict[str, str]] = {
    **{
        role: dict(_OWN)
        for role in (
            "relationship-manager",
            "branch-manager",
            "risk-officer",
            "risk-supervisor",
            "product-operator",
            "product-checker",
            "service-agent",
            "auditor",
            "security-officer",
            "audit-officer",
        )
    },
    "operations": dict(_ALL),
    "system-officer": dict(_ALL),
    "service-system": dict(_ALL),
    "service-importer": dict(_ALL),
}

# What the security officer reads in the role table.
LABELS: dict[str, Promise] = {
    "jobs.cancel_job": _("Cancel jobs"),
    "jobs.view_job": _("View jobs"),
}
