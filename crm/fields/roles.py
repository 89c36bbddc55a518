"""What the roles may do with keys; who may reveal a field is said by the field's own app."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

ROLES: dict[str, dict[str, str | tuple[str, str]]] = {
    "relationship-manager": {"fields.probe_value": ("all", "business")},
    "branch-manager": {"fields.probe_value": ("all", "business")},
    "risk-officer": {"fields.probe_value": ("all", "business")},
    "risk-supervisor": {"fields.probe_value": ("all", "business")},
    "service-agent": {"fields.probe_value": ("all", "business")},
    "service-system": {
        "fields.rewrap_data_keys": "all",
        # Nobody destroys a key alone: the system does, when it applies what two people decided.
        "fields.destroy_data_key": "all",
    },
}

# What the security officer reads in the role table.
LABELS: dict[str, Promise] = {
    "fields.destroy_data_key": _("Destroy data keys"),
    "fields.probe_value": _("Search by full ID, mobile or account number"),
    "fields.rewrap_data_keys": _("Wrap data keys anew"),
}
