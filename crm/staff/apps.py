"""App configuration."""

from typing import Any

from django.apps import AppConfig
from django.db import DEFAULT_DB_ALIAS
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _

from crm.access.roles import register_role_table
from crm.ui.menu import MenuItem, register


class StaffConfig(AppConfig):
    """Registers the app, its role table, and the loading of stock roles after each migration."""

    default_auto_field = "django.db.models.BigAutoField"
    name = "crm.staff"
    label = "staff"
    verbose_name = _("Staff")

    def ready(self) -> None:
        """Plug the role table into the ground, declare actions, offer pages in the menu."""
        from crm.jobs import sweeps
        from crm.log.actions import declare
        from crm.notify import alarms
        from crm.staff import validators  # noqa: F401 - its check registers itself
        from crm.staff.api import schema  # noqa: F401 - describes itself where the API is described
        from crm.staff.choices import ACTIONS
        from crm.staff.providers import offer_changes, offer_tiles
        from crm.staff.services.duty import people_on_duty
        from crm.staff.services.guessing import remove_old
        from crm.staff.services.leaving import suspend_dormant
        from crm.staff.services.role_table import load_role_table, reach_of_roles

        declare(ACTIONS)
        register(
            MenuItem("staff:home", _("Home"), group="work", order=0),
            MenuItem("staff:user_list", _("Staff"), "staff.view_user", group="staff", order=10),
            MenuItem("staff:role_list", _("Roles"), "staff.view_role", group="staff", order=20),
            MenuItem("staff:branch_list", _("Branches"), "staff.view_branch", group="staff", order=30),
            MenuItem("staff:client_list", _("Partner systems"), "staff.view_serviceclient", group="staff", order=40),
            MenuItem("calendar:days", _("Business calendar"), "calendar.view_businessday", group="system", order=20),
            MenuItem("money:rates", _("Exchange rates"), "money.view_rate", group="system", order=30),
            MenuItem("jobs:jobs", _("Jobs"), "jobs.view_job", group="system", order=40),
            MenuItem("notify:mails", _("Mail delivery"), "notify.view_mail", group="system", order=50),
        )
        register_role_table(reach_of_roles)
        alarms.register_people(people_on_duty)
        sweeps.register("staff.suspend_dormant", suspend_dormant, every_seconds=86_400)
        sweeps.register("staff.forget_attempts", remove_old, every_seconds=600)
        offer_tiles()
        offer_changes()
        post_migrate.connect(load_duty_conflicts, sender=self, dispatch_uid="staff.load_duty_conflicts")
        post_migrate.connect(load_role_table, sender=self, dispatch_uid="staff.load_role_table")


def load_duty_conflicts(*, using: str = DEFAULT_DB_ALIAS, **_signal: Any) -> None:
    """Write the declared conflicts where the trigger reads them, before stock roles are loaded; only a migration's connection may."""
    from crm.staff.services.duties import load_conflicts

    load_conflicts(using)
