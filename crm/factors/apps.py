"""App configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class FactorsConfig(AppConfig):
    """Stands between password and session: nobody of the bank signs in without a second factor."""

    default_auto_field = "django.db.models.BigAutoField"
    name = "crm.factors"
    label = "factors"
    verbose_name = _("Second factors")

    def ready(self) -> None:
        """Declare the log's words and take the place after the password."""
        from crm.factors.choices import ACTIONS
        from crm.factors.providers import offer_reset
        from crm.factors.services.half import owed
        from crm.factors.services.reset import forget_factors
        from crm.log.actions import declare
        from crm.staff.services.second_factor import register_forgetting, register_step
        from crm.ui.menu import MenuItem, register

        declare(ACTIONS)
        register_step(owed)
        register_forgetting(forget_factors)
        offer_reset()
        register(MenuItem("factors:tokens", _("Hardware tokens"), "factors.import_token", group="staff", order=15))
