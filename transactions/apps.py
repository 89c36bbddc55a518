"""App configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class TransactionsConfig(AppConfig):
    """Registers what transactions offer to the ground: actions, field policy, kinds of job, sweep, menu, search; listens to freezes."""

    default_auto_field = "django.db.models.BigAutoField"
    name = "transactions"
    label = "transactions"
    verbose_name = _("Transactions")

    def ready(self) -> None:
        """Plug the app into the registries."""
        from audit.providers import keep_differences
        from crm.fields import erasure, policy
        from crm.jobs import kinds, sweeps
        from crm.log.actions import declare
        from crm.money.signals import rates_loaded
        from crm.ui import menu, search
        from products.signals import freeze_placed
        from transactions import providers, receivers
        from transactions.choices import ACTIONS
        from transactions.models import Source
        from transactions.roles import POLICIES

        declare(ACTIONS)
        keep_differences(Source)
        policy.register(*POLICIES)
        for kind in providers.JOB_KINDS:
            kinds.register(kind)
        freeze_placed.connect(receivers.on_freeze_placed, dispatch_uid="transactions.on_freeze_placed")
        sweeps.register("transactions.remove_uploads", providers.sweep_uploads, every_seconds=600)
        sweeps.register("transactions.rate_waiting", providers.rates_arrived, every_seconds=3600)
        rates_loaded.connect(providers.rates_arrived, dispatch_uid="transactions.rates_arrived")
        erasure.register_objection("transactions.payments", providers.payments_must_be_kept)
        search.register(providers.find_transactions)
        self._tiles()
        menu.register(
            menu.MenuItem("transactions:transaction_list", _("Transactions"), "transactions.view_transaction", group="customers", order=30),
            menu.MenuItem("transactions:import_list", _("Transaction files"), "transactions.view_fileimport", group="work", order=60),
            menu.MenuItem("transactions:api", _("API"), "transactions.view_api", group="system", order=80),
        )

    def _tiles(self) -> None:
        """What the home page shows of the ledger."""
        from crm.staff import tiles
        from transactions import providers

        tiles.register(
            tiles.Tile(
                "transactions.stopped", _("Payments that did not go through"), providers.PERMISSION, providers.stopped_tile, 16,
                tiles.LINES, 6, "transactions:transaction_list", _("All"),
            )
        )  # fmt: skip
        tiles.register(
            tiles.Tile(
                "transactions.files", _("Transaction files"), "transactions.view_fileimport", providers.file_tile, 25,
                tiles.LINES, 6, "transactions:import_list", _("All"),
            )
        )  # fmt: skip
