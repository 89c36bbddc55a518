"""App configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReportsConfig(AppConfig):
    """Registers what reports offer to the ground: actions, sweeps, attachments, menu, tile."""

    default_auto_field = "django.db.models.BigAutoField"
    name = "reports"
    label = "reports"
    verbose_name = _("Reports")

    def ready(self) -> None:
        """Plug the app into the registries."""
        from crm.exports import handlers
        from crm.jobs import sweeps
        from crm.log.actions import declare
        from crm.notify import attachments
        from crm.staff import tiles
        from crm.ui import menu
        from reports import providers
        from reports.choices import ACTIONS

        declare(ACTIONS)
        sweeps.register("reports.make_nightly", providers.sweep_nightly, every_seconds=60)
        sweeps.register("reports.make_owed", providers.sweep_owed, every_seconds=30)
        handlers.register(providers.WORKBOOK)
        attachments.register("reports.workbook", providers.attached_workbook)
        menu.register(menu.MenuItem("reports:run_list", _("Risk reports"), "reports.view_reportrun", group="reports", order=10))
        tiles.register(tiles.Tile("reports.latest", _("Latest risk report"), "reports.view_reportrun", providers.report_tile, order=40))
