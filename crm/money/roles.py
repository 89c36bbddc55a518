"""Who may load rates."""

ROLES: dict[str, dict[str, str]] = {
    "operations": {"money.view_rate": "all", "money.load_rates": "all"},
    "auditor": {"money.view_rate": "all"},
    "service-system": {"money.load_rates": "all"},
}
