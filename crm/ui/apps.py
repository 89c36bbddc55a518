"""App configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class UiConfig(AppConfig):
    """Registers the app and what it writes in the log."""

    default_auto_field = "django.db.models.BigAutoField"
    name = "crm.ui"
    label = "ui"
    verbose_name = _("Pages")

    def ready(self) -> None:
        """Declare the actions."""
        from crm.log.actions import declare
        from crm.ui.choices import ACTIONS

        declare(ACTIONS)
