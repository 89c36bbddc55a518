"""App configuration."""

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _

from crm.access.roles import register_role_table


class StaffConfig(AppConfig):
    """Registers the app, its role table, and the loading of stock roles after each migration."""

    default_auto_field = "django.db.models.BigAutoField"
    name = "crm.staff"
    label = "staff"
    verbose_name = _("Staff")

    def ready(self) -> None:
        """Plug the role table into the ground."""
        from crm.staff.services.role_table import load_role_table, reach_of_roles

        register_role_table(reach_of_roles)
        post_migrate.connect(load_role_table, sender=self, dispatch_uid="staff.load_role_table")
