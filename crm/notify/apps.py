"""App configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class NotifyConfig(AppConfig):
    """Registers the app."""

    default_auto_field = "django.db.models.BigAutoField"
    name = "crm.notify"
    label = "notify"
    verbose_name = _("Notices")

    def ready(self) -> None:
        """Declares the log actions, the sweeps, the alarms about calendar and rates, and who is told of failed jobs."""
        from crm.jobs import kinds, sweeps
        from crm.log.actions import declare
        from crm.notify import alarms, checks, failures, services
        from crm.notify.choices import ACTIONS

        declare(ACTIONS)
        sweeps.register("notify.send_owed", services.send_owed, 10)
        sweeps.register("notify.escalate", services.escalate, 60)
        sweeps.register("notify.raise_alarms", services.raise_alarms, 3600)
        kinds.register_failed(failures.job_failed)
        alarms.register("calendar_ends", checks.calendar_ends, "calendar.change_businessday")
        alarms.register("rates_are_old", checks.rates_are_old, "money.load_rates")
