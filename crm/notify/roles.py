"""Who looks after undelivered mail; everybody reads their own notices."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

ROLES: dict[str, dict[str, str]] = {
    "operations": {"notify.view_mail": "all", "notify.change_mail": "all"},
    "system-officer": {"notify.view_mail": "all", "notify.change_mail": "all"},
}

# What the security officer reads in the role table.
LABELS: dict[str, Promise] = {
    "notify.change_mail": _("Send mails again"),
    "notify.view_mail": _("View mail delivery"),
}
