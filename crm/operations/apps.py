"""App configuration."""

from importlib import import_module

from celery.signals import beat_init, worker_init
from django.apps import AppConfig
from django.conf import settings
from django.utils.translation import gettext_lazy as _


class OperationsConfig(AppConfig):
    """Registers the app and makes the Celery application the current one, so that tasks find their broker."""

    default_auto_field = "django.db.models.BigAutoField"
    name = "crm.operations"
    label = "operations"
    verbose_name = _("Operations")

    def ready(self) -> None:
        """Load the Celery application and the system checks, which worker and beat obey like the web."""
        import_module(settings.CELERY_APP)
        checks = import_module("crm.operations.checks")
        for started in (worker_init, beat_init):
            started.connect(checks.refuse_unsafe, weak=False, dispatch_uid="operations.refuse_unsafe")
