"""App configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CustomersConfig(AppConfig):
    """Registers what customers offer to the ground: actions, field policies, menu, search, approvals."""

    default_auto_field = "django.db.models.BigAutoField"
    name = "customers"
    label = "customers"
    verbose_name = _("Customers")

    def ready(self) -> None:
        """Plug the app into the registries."""
        from crm.access import granted, guards
        from crm.approvals import handlers
        from crm.fields import erasure, policy
        from crm.log import purging
        from crm.log.actions import declare
        from crm.staff import tiles
        from crm.staff.handlers import register_hanging
        from crm.ui import menu, search
        from customers import providers
        from customers.choices import ACTIONS
        from customers.models import Customer, PortfolioGrant, barred_from
        from customers.roles import POLICIES
        from customers.services.keeping import held_references, standing_hold
        from customers.services.standins import standing_in_for

        declare(ACTIONS)
        guards.register_guard(barred_from)
        granted.register_wide(Customer, PortfolioGrant)
        policy.register(*POLICIES)
        erasure.register_objection("customers.hold", standing_hold)
        purging.register_keeper(held_references)
        handlers.register(providers.LIFT_HOLD, providers.ERASE_CUSTOMER)
        handlers.register(providers.CHANGE_CUSTOMER, providers.LABEL_CUSTOMER, providers.STAND_IN_FOR, providers.PORTFOLIO_STAND_IN)
        handlers.register_exclusion(standing_in_for)
        search.register(providers.find_customers)
        register_hanging(providers.CUSTOMERS_OF)
        tiles.register(
            tiles.Tile("customers.mine", _("Customers"), "customers.view_customer", providers.customer_tile, order=10),
            tiles.Tile("customers.birthdays", _("Birthdays"), "customers.view_customer", providers.birthday_tile, 20, tiles.LINES, 6),
        )
        menu.register(menu.MenuItem("customers:customer_list", _("Customers"), "customers.view_customer", group="customers", order=10))
        menu.register(menu.MenuItem("customers:stand_ins", _("Stand-ins"), "customers.view_customergrant", group="customers", order=90))
        menu.register(menu.MenuItem("customers:why", _("Why access"), "staff.explain_access", group="staff", order=60))
