"""Who looks after undelivered mail; everybody reads their own notices."""

ROLES: dict[str, dict[str, str]] = {
    "operations": {"notify.view_mail": "all", "notify.change_mail": "all"},
    "system-officer": {"notify.view_mail": "all", "notify.change_mail": "all"},
}
