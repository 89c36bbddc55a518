"""App configuration."""

from django.apps import AppConfig
from django.core import checks
from django.utils.translation import gettext_lazy as _


class FieldsConfig(AppConfig):
    """Registers the app."""

    default_auto_field = "django.db.models.BigAutoField"
    name = "crm.fields"
    label = "fields"
    verbose_name = _("Sealed fields")

    def ready(self) -> None:
        """Declares the log actions and the check of the field policies."""
        from crm.fields import rotation
        from crm.fields.checks import every_sealed_field_has_a_policy, keys_open_what_is_stored
        from crm.fields.choices import ACTIONS
        from crm.log.actions import declare

        declare(ACTIONS)
        checks.register(every_sealed_field_has_a_policy)
        checks.register(keys_open_what_is_stored, "keys", checks.Tags.security)
        rotation.register(rotation.DATA_KEYS)
