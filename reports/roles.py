"""Who reads and makes reports, and how far."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

EXPORT = "reports.export_reportrun"

ROLES: dict[str, dict[str, str]] = {
    "branch-manager": {"reports.view_reportrun": "branch", "reports.add_reportrun": "branch", "reports.export_reportrun": "branch"},
    "risk-officer": {"reports.view_reportrun": "all", "reports.add_reportrun": "all"},
    "risk-supervisor": {"reports.view_reportrun": "all", "reports.add_reportrun": "all", "reports.export_reportrun": "all"},
    "auditor": {"reports.view_reportrun": "all"},
    "service-system": {"reports.view_reportrun": "all", "reports.add_reportrun": "all", "reports.export_reportrun": "all"},
}

# What the security officer reads in the role table.
LABELS: dict[str, Promise] = {
    "reports.add_reportrun": _("Make risk reports"),
    "reports.export_reportrun": _("Download risk reports"),
    "reports.view_reportrun": _("View risk reports"),
}
