"""App configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class EgressConfig(AppConfig):
    """Registers the app; it has no tables."""

    default_auto_field = "django.db.models.BigAutoField"
    name = "crm.egress"
    label = "egress"
    verbose_name = _("Outgoing connections")
