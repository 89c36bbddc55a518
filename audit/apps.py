"""App configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AuditConfig(AppConfig):
    """Declares the actions and the menu entries of the auditor's rooms."""

    default_auto_field = "django.db.models.BigAutoField"
    name = "audit"
    label = "audit"
    verbose_name = _("Audit")

    def ready(self) -> None:
        """Register what this floor adds to the ground."""
        from audit.choices import ACTIONS
        from crm.log import actions

        actions.declare(ACTIONS)
