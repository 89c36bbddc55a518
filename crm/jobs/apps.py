"""App configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class JobsConfig(AppConfig):
    """Registers the app."""

    default_auto_field = "django.db.models.BigAutoField"
    name = "crm.jobs"
    label = "jobs"
    verbose_name = _("Jobs")

    def ready(self) -> None:
        """Declares the log actions and the sweep that sends open jobs again."""
        from crm.jobs import sweeps
        from crm.jobs.choices import ACTIONS
        from crm.jobs.services import resend_open
        from crm.log.actions import declare

        declare(ACTIONS)
        sweeps.register("jobs.resend_open", resend_open, 30)
