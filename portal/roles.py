"""Who opens these pages: customers, each her own."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

ROLES: dict[str, dict[str, str]] = {"customer": {"portal.view_own": "self"}}

# What the security officer reads in the role table.
LABELS: dict[str, Promise] = {"portal.view_own": _("Own pages of a customer")}
