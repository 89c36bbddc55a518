"""App configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CalendarConfig(AppConfig):
    """Registers the app."""

    default_auto_field = "django.db.models.BigAutoField"
    name = "crm.calendar"
    label = "calendar"
    verbose_name = _("Business calendar")

    def ready(self) -> None:
        """Declares the log actions."""
        from crm.calendar.choices import ACTIONS
        from crm.log.actions import declare

        declare(ACTIONS)
