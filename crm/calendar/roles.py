"""Who may change the bank's days."""

ROLES: dict[str, dict[str, str]] = {
    "operations": {"calendar.view_businessday": "all", "calendar.change_businessday": "all"},
    "system-officer": {"calendar.view_businessday": "all"},
    "auditor": {"calendar.view_businessday": "all"},
    "service-system": {"calendar.change_businessday": "all"},
}
