"""App configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AuditConfig(AppConfig):
    """Declares the actions and the menu entries of the auditor's rooms."""

    default_auto_field = "django.db.models.BigAutoField"
    name = "audit"
    label = "audit"
    verbose_name = _("Audit")

    def ready(self) -> None:
        """Register what this floor adds to the ground."""
        from audit import providers
        from audit.choices import ACTIONS
        from audit.definitions import compliance
        from crm.approvals import handlers
        from crm.calendar.models import BusinessDay
        from crm.jobs import sweeps
        from crm.log import actions
        from crm.money.models import Rate
        from crm.staff import tiles
        from crm.staff.models import Branch, ClientSecret, ServiceClient
        from crm.ui import menu

        for model in (BusinessDay, Rate, Branch):
            providers.keep_differences(model)
        providers.keep_differences(ServiceClient)
        providers.keep_differences(ClientSecret, hidden=("secret_hash",))
        actions.declare(ACTIONS)
        handlers.register(providers.CHANGE_THRESHOLD)
        compliance.register(*providers.FACTS)
        menu.register(
            menu.MenuItem("audit:event_list", _("Audit log"), "audit.view_event", group="audit", order=10),
            menu.MenuItem("audit:alarm_list", _("Alarms"), "audit.view_alarm", group="audit", order=15),
            menu.MenuItem("audit:questions", _("Questions to the log"), "audit.ask_question", group="audit", order=12),
            menu.MenuItem("audit:compliance", _("Compliance check"), "audit.view_compliance", group="audit", order=17),
            menu.MenuItem("audit:chain", _("Chain of the log"), "audit.view_event", group="audit", order=20),
            menu.MenuItem("admin:index", _("Auditor's admin"), "audit.open_admin", group="audit", order=30),
        )
        tiles.register(tiles.Tile("audit.log", _("Audit log"), "audit.view_event", providers.log_tile, order=30))
        sweeps.register("audit.alarms", providers.sweep_patterns, 15)
        sweeps.register("audit.anchor", providers.sweep_anchor, 300)
        sweeps.register("audit.anchor_mail", providers.sweep_anchor_mail, 3_600)
        sweeps.register("audit.verify", providers.sweep_verification, 86_400)
        sweeps.register("audit.purge", providers.sweep_purge, 86_400)
