"""App configuration."""

from datetime import timedelta

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ProductsConfig(AppConfig):
    """Registers what products offer to the ground: actions, field policies, menu, search, approvals, sweeps."""

    default_auto_field = "django.db.models.BigAutoField"
    name = "products"
    label = "products"
    verbose_name = _("Products")

    def ready(self) -> None:
        """Plug the app into the registries."""
        from crm.approvals import handlers
        from crm.fields import policy
        from crm.jobs import sweeps
        from crm.log.actions import declare
        from crm.notify import escalation
        from crm.staff import tiles
        from crm.ui import menu, search
        from products import providers, receivers
        from products.choices import ACTIONS
        from products.roles import POLICIES
        from products.signals import freeze_placed

        declare(ACTIONS)
        policy.register(*POLICIES)
        handlers.register(providers.LIFT_FREEZE, providers.CHANGE_ACCOUNT)
        search.register(providers.find_accounts)
        sweeps.register("products.send_core_instructions", providers.sweep_core, every_seconds=5)
        sweeps.register("products.lapse_freezes", providers.sweep_lapsed, every_seconds=60)
        freeze_placed.connect(receivers.tell_of_automatic, dispatch_uid="products.tell_of_automatic")
        escalation.register(
            receivers.AUTOMATIC,
            timedelta(hours=4),
            receivers.those_who_decide,
            waits=receivers.waits_for_confirmation,
            unread_only=False,
            subject=receivers.STILL_WAITS,
        )
        tiles.register(
            tiles.Tile(
                "products.confirm", _("Automatic freezes to confirm"), "products.confirm_freeze", providers.confirm_tile, 7, tiles.LINES,
                12, "products:freeze_list", _("All"),
            )
        )  # fmt: skip
        menu.register(
            menu.MenuItem("products:freeze_list", _("Freezes"), "products.view_freeze", group="work", order=50),
            menu.MenuItem("products:account_list", _("Accounts"), "products.view_account", group="customers", order=20),
        )
        self._keeping()

    def _keeping(self) -> None:
        """What must not be erased, and what a legal hold can be placed on."""
        from crm.fields import erasure
        from customers.services import keeping
        from products import providers

        erasure.register_objection("products.accounts", providers.account_must_be_kept)
        keeping.register_accounts(providers.accounts_to_hold)
