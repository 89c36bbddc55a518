"""Who reads and makes reports, and how far."""

ROLES: dict[str, dict[str, str]] = {
    "branch-manager": {"reports.view_reportrun": "branch", "reports.add_reportrun": "branch", "reports.export_reportrun": "branch"},
    "risk-officer": {"reports.view_reportrun": "all", "reports.add_reportrun": "all"},
    "risk-supervisor": {"reports.view_reportrun": "all", "reports.add_reportrun": "all", "reports.export_reportrun": "all"},
    "auditor": {"reports.view_reportrun": "all"},
    "service-system": {"reports.view_reportrun": "all", "reports.add_reportrun": "all", "reports.export_reportrun": "all"},
}
