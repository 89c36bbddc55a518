"""Who may load rates."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

ROLES: dict[str, dict[str, str]] = {
    "operations": {"money.view_rate": "all", "money.load_rates": "all"},
    "auditor": {"money.view_rate": "all"},
    "service-system": {"money.load_rates": "all"},
}

# What the security officer reads in the role table.
LABELS: dict[str, Promise] = {
    "money.load_rates": _("Load exchange rates"),
    "money.view_rate": _("View exchange rates"),
}
