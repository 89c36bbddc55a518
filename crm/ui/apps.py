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
        """Declare the actions and let the bell ring for notices."""
        from crm.log.actions import declare
        from crm.notify import services as notify
        from crm.ui import bell
        from crm.ui.choices import ACTIONS

        declare(ACTIONS)
        bell.register(unread=notify.unread, url_name="notify:notices")
