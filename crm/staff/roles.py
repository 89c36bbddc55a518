"""What the stock roles may do with people, roles and branches (read by ``load_role_table``)."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

ROLES: dict[str, dict[str, str | tuple[str, str]]] = {
    "security-officer": {
        "staff.explain_access": ("all", "business"),
        "staff.view_user": ("all", "advanced"),
        "staff.add_user": ("all", "advanced"),
        "staff.change_user": ("all", "advanced"),
        "staff.view_role": ("all", "advanced"),
        "staff.change_role": ("all", "advanced"),
        "staff.approve_role": ("all", "advanced"),
        "staff.view_branch": "all",
        "staff.view_serviceclient": ("all", "advanced"),
        "staff.change_serviceclient": ("all", "advanced"),
        "staff.approve_serviceclient": ("all", "advanced"),
    },
    "system-officer": {
        "staff.view_branch": ("all", "advanced"),
        "staff.add_branch": ("all", "advanced"),
        "staff.view_serviceclient": ("all", "advanced"),
    },
    "audit-officer": {
        "staff.explain_access": ("all", "business"),
        "staff.view_user": ("all", "advanced"),
        "staff.view_role": ("all", "advanced"),
        "staff.view_branch": "all",
    },
    "auditor": {
        "staff.explain_access": ("all", "business"),
        "staff.view_user": ("all", "business"),
        "staff.view_role": ("all", "business"),
        "staff.view_branch": "all",
    },
    "branch-manager": {"staff.view_user": "branch", "staff.view_branch": "branch"},
}

# What the security officer reads in the role table.
LABELS: dict[str, Promise] = {
    "staff.add_branch": _("Create branches"),
    "staff.add_user": _("Create people"),
    "staff.approve_role": _("Decide on roles and on people's access"),
    "staff.approve_serviceclient": _("Decide on partner systems"),
    "staff.change_serviceclient": _("Propose terms and secrets of partner systems, end them"),
    "staff.change_role": _("Propose changes of roles"),
    "staff.change_user": _("Propose changes of people, switch them off"),
    "staff.explain_access": _("Ask why somebody can see a customer"),
    "staff.view_branch": _("View branches"),
    "staff.view_role": _("View roles"),
    "staff.view_serviceclient": _("View partner systems"),
    "staff.view_user": _("View people"),
}

# Duties that cannot meet in one person (read by ``crm.staff.services.duties`` and, as rows, by a trigger of the database).
_OFFICERS = _("The three officers are separate: who runs the system, who decides on rights, who reads the log.")
_RIGHTS = _("Who decides on rights sees no customer data.")
CONFLICTS: tuple[tuple[str, str, Promise], ...] = (
    *((f"role:{code}", "role:*", _OFFICERS) for code in ("system-officer", "security-officer", "audit-officer")),
    *(
        (f"role:{code}", "role:*", _("Customers and machines hold their own role only."))
        for code in ("customer", "partner", "service-system", "service-importer", "service-feed")
    ),
    *(
        (duty, f"{app}.*", _RIGHTS)
        for duty in ("staff.change_role", "staff.approve_role")
        for app in ("customers", "products", "transactions", "risk")
    ),
    ("staff.change_role", "audit.view_event", _OFFICERS),
    ("staff.approve_role", "audit.view_event", _OFFICERS),
)
