"""App configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class PortalConfig(AppConfig):
    """Registers the action and the menu of customers."""

    default_auto_field = "django.db.models.BigAutoField"
    name = "portal"
    verbose_name = _("Customer pages")

    def ready(self) -> None:
        """Plug the app into the registries."""
        from crm.log.actions import declare
        from crm.ui.menu import MenuItem, register
        from portal.choices import ACTIONS

        declare(ACTIONS)
        own = "portal.view_own"
        register(
            MenuItem("portal:home", _("My data"), own, order=1, for_customers=True),
            MenuItem("portal:accounts", _("My accounts"), own, order=2, for_customers=True),
            MenuItem("portal:transactions", _("My transactions"), own, order=3, for_customers=True),
            MenuItem("portal:products", _("My products"), own, order=4, for_customers=True),
            MenuItem("portal:consents", _("My consents"), own, order=5, for_customers=True),
            MenuItem("portal:sign_ins", _("My sign-ins"), own, order=6, for_customers=True),
        )
