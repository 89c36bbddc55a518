"""App configuration."""

from django.apps import AppConfig
from django.urls import register_converter
from django.utils.translation import gettext_lazy as _

from crm.access.references import ReferenceConverter

register_converter(ReferenceConverter, "ref")  # once in a process: apps may be made ready again, and a second time is an error


class AccessConfig(AppConfig):
    """Registers the app; its module, the ``<ref:reference>`` path converter."""

    default_auto_field = "django.db.models.BigAutoField"
    name = "crm.access"
    label = "access"
    verbose_name = _("Access")

    def ready(self) -> None:
        """Make the actions known before any line is written."""
        from crm.access.choices import ACTIONS
        from crm.log.actions import declare

        declare(ACTIONS)
