"""What the auditor's rooms allow, and to whom."""

ROLES: dict[str, dict[str, str]] = {
    "auditor": {"audit.view_event": "all", "audit.open_admin": "all", "audit.verify_log": "all"},
    "audit-officer": {"audit.view_event": "all", "audit.open_admin": "all", "audit.verify_log": "all"},
}
