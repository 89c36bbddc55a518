"""App configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ListsConfig(AppConfig):
    """Registers the app and what it writes in the log."""

    default_auto_field = "django.db.models.BigAutoField"
    name = "crm.lists"
    label = "lists"
    verbose_name = _("Lists")

    def ready(self) -> None:
        """Declare the actions."""
        from crm.lists.choices import ACTIONS
        from crm.log.actions import declare

        declare(ACTIONS)
