"""What the stock roles may do with people, roles and branches (read by ``load_role_table``)."""

ROLES: dict[str, dict[str, str | tuple[str, str]]] = {
    "security-officer": {
        "staff.view_user": ("all", "advanced"),
        "staff.add_user": ("all", "advanced"),
        "staff.change_user": ("all", "advanced"),
        "staff.view_role": ("all", "advanced"),
        "staff.change_role": ("all", "advanced"),
        "staff.approve_role": ("all", "advanced"),
        "staff.view_branch": "all",
        "staff.view_serviceclient": ("all", "advanced"),
    },
    "system-officer": {
        "staff.view_branch": ("all", "advanced"),
        "staff.add_branch": ("all", "advanced"),
        "staff.view_serviceclient": ("all", "advanced"),
    },
    "audit-officer": {
        "staff.view_user": ("all", "advanced"),
        "staff.view_role": ("all", "advanced"),
        "staff.view_branch": "all",
    },
    "auditor": {
        "staff.view_user": ("all", "business"),
        "staff.view_role": ("all", "business"),
        "staff.view_branch": "all",
    },
    "branch-manager": {"staff.view_user": "branch", "staff.view_branch": "branch"},
}
