"""App configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ExportsConfig(AppConfig):
    """Registers the app, its actions, the source of lists, the approval, the job, the sweep and the menu entry."""

    default_auto_field = "django.db.models.BigAutoField"
    name = "crm.exports"
    label = "exports"
    verbose_name = _("Exports")

    def ready(self) -> None:
        """Register what exports add to the ground."""
        from crm.approvals.handlers import register as register_approval
        from crm.exports import handlers, providers
        from crm.exports.choices import ACTIONS
        from crm.jobs import kinds, sweeps
        from crm.log import actions
        from crm.ui import menu

        actions.declare(ACTIONS)
        handlers.register(providers.LIST)
        register_approval(providers.OVER_CAP, providers.ROW_CAP)
        kinds.register(providers.JOB)
        sweeps.register("exports.expire", providers.sweep, 60)
        menu.register(menu.MenuItem("exports:permit_list", _("Exports"), "exports.view_exportpermit", group="work", order=70))
        menu.register(menu.MenuItem("exports:cap_list", _("Export caps"), "exports.view_rowcap", group="staff", order=25))
