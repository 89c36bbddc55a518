"""App configuration."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class LogConfig(AppConfig):
    """Declares the log's own actions and, after each migration, its grants and its first attestation."""

    default_auto_field = "django.db.models.BigAutoField"
    name = "crm.log"
    label = "log"
    verbose_name = _("Audit log")

    def ready(self) -> None:
        """Register what the log itself writes."""
        from crm.log import actions, grants
        from crm.log.choices import ACTIONS

        actions.declare(ACTIONS)
        post_migrate.connect(grants.after_migrate, sender=self, dispatch_uid="crm.log.grants")
