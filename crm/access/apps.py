"""App configuration."""

from django.apps import AppConfig
from django.urls import register_converter
from django.utils.translation import gettext_lazy as _

from crm.access.references import ReferenceConverter


class AccessConfig(AppConfig):
    """Registers the app and the ``<ref:reference>`` path converter."""

    default_auto_field = "django.db.models.BigAutoField"
    name = "crm.access"
    label = "access"
    verbose_name = _("Access")

    def ready(self) -> None:
        """Make the converter known before any URLconf is read, and the actions before any line is written."""
        from crm.access.choices import ACTIONS
        from crm.log.actions import declare

        register_converter(ReferenceConverter, "ref")
        declare(ACTIONS)
