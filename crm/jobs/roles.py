"""Who may see and stop jobs: everybody their own, operations those of their branches, who runs the system all."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_OWN = {"jobs.view_job": "self", "jobs.cancel_job": "self"}
# A job shows the name and the figures of what it works on, so it is seen no further than that.
_BRANCH = {"jobs.view_job": "branch", "jobs.cancel_job": "branch"}
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
    "operations": dict(_BRANCH),
    "system-officer": {**_ALL, "jobs.watch_job": "all"},
    "service-system": dict(_ALL),
    "service-importer": dict(_ALL),
}

# What the security officer reads in the role table.
LABELS: dict[str, Promise] = {
    "jobs.cancel_job": _("Cancel jobs"),
    "jobs.view_job": _("View jobs"),
    "jobs.watch_job": _("Be told of failed jobs and reports"),
}
