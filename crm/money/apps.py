"""App configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class MoneyConfig(AppConfig):
    """Registers the app."""

    default_auto_field = "django.db.models.BigAutoField"
    name = "crm.money"
    label = "money"
    verbose_name = _("Money")

    def ready(self) -> None:
        """Declares the log actions."""
        from crm.log.actions import declare
        from crm.money.choices import ACTIONS

        declare(ACTIONS)
