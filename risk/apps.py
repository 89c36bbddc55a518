"""App configuration."""

from datetime import timedelta

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop


class RiskConfig(AppConfig):
    """Registers the engine with the doors below, and what monitoring offers to the ground."""

    default_auto_field = "django.db.models.BigAutoField"
    name = "risk"
    label = "risk"
    verbose_name = _("Risk")

    def ready(self) -> None:
        """Plug the app into the registries."""
        from crm.exports import handlers as exports
        from crm.fields import erasure
        from crm.jobs import sweeps
        from crm.log.actions import declare
        from crm.ui import banners, menu, search
        from products.signals import balance_reported
        from risk import providers, receivers
        from risk.choices import ACTIONS
        from risk.services import screening
        from transactions.services.decisions import register_judge
        from transactions.signals import transactions_changed, transactions_recorded

        declare(ACTIONS)
        providers.offer_facts()
        exports.register(providers.HANDLING_REPORT)
        erasure.register_objection("risk.evidence", providers.evidence_must_be_kept)
        register_judge(screening.judge_now)
        transactions_recorded.connect(receivers.on_recorded, dispatch_uid="risk.on_recorded")
        transactions_changed.connect(receivers.on_changed, dispatch_uid="risk.on_changed")
        balance_reported.connect(receivers.on_reported, dispatch_uid="risk.on_reported")
        sweeps.register("risk.judge_owed", receivers.sweep_owed, every_seconds=10)
        post_migrate.connect(receivers.on_migrated, sender=self, dispatch_uid="risk.on_migrated")
        sweeps.register("risk.watch_delay", providers.sweep_delay, every_seconds=10)
        sweeps.register("risk.escalate_overdue", providers.sweep_overdue, every_seconds=60)
        self._backtests()
        self._escalations()
        search.register(providers.find_work)
        banners.register(banners.Banner("risk.delay", "risk.see_delay", providers.DELAY_PAGES, providers.delay_banner))
        menu.register(
            menu.MenuItem("risk:alert_list", _("Alert queue"), "risk.view_alert", order=20, badge=providers.waiting_alerts),
            menu.MenuItem("risk:case_list", _("Cases"), "risk.view_case", order=30, badge=providers.open_cases),
            menu.MenuItem("risk:inquiry_list", _("Inquiries"), "risk.view_inquiry", order=40, badge=providers.open_inquiries),
            menu.MenuItem("risk:register", _("Large-value register"), "risk.view_largevaluerow", order=45),
            menu.MenuItem("risk:rule_list", _("Monitoring rules"), "risk.view_rule", group="system", order=20),
            menu.MenuItem("risk:backtest_list", _("Back-tests"), "risk.view_backtest", group="system", order=21),
            menu.MenuItem("risk:assessment_list", _("Verdicts"), "risk.view_assessment", group="search", order=40),
        )
        self._tiles()

    def _backtests(self) -> None:
        """Work that a supervisor asks for, and hits that are not kept for ever."""
        from crm.jobs import kinds, sweeps
        from risk.services import backtests

        kinds.register(kinds.JobKind(code=backtests.KIND, label=_("Back-test"), task="risk.backtest", describe=backtests.describe))
        sweeps.register("risk.remove_old_backtests", backtests.remove_old, every_seconds=3600)

    def _escalations(self) -> None:
        """★ After how long what nobody has taken up is told to others."""
        from crm.notify import escalation
        from risk.services import telling

        escalation.register("alert.raised", timedelta(hours=1), telling.those_who_assign, waits=telling.alert_waits)
        escalation.register("alert.storm", timedelta(minutes=30), telling.those_who_assign)
        escalation.register(
            "inquiry.asked",
            timedelta(days=1),
            telling.those_who_asked,
            waits=telling.inquiry_waits,
            unread_only=False,
            subject=gettext_noop("Inquiry %(reference)s is not answered yet"),
            body=gettext_noop("The relationship manager has not answered inquiry %(reference)s."),
        )

    def _tiles(self) -> None:
        """What the home page shows of the work."""
        from crm.staff import tiles
        from risk import providers

        tiles.register(
            tiles.Tile("risk.queue", _("Alerts and cases"), "risk.view_alert", providers.alert_tile, order=10),
            tiles.Tile(
                "risk.urgent",
                _("Most urgent alerts"),
                "risk.view_alert",
                providers.urgent_tile,
                11,
                tiles.LINES,
                8,
                "risk:alert_list",
                _("All"),
            ),
            tiles.Tile(
                "risk.cases", _("Your cases"), "risk.view_case", providers.case_tile, 12, tiles.LINES, 4, "risk:case_list", _("All")
            ),
            tiles.Tile(
                "risk.asked",
                _("Inquiries to answer"),
                "risk.answer_inquiry",
                providers.asked_tile,
                15,
                tiles.LINES,
                6,
                "risk:inquiry_list",
                _("All"),
            ),
        )
