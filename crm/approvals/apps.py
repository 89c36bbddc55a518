"""App configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ApprovalsConfig(AppConfig):
    """Declares the actions and the menu entry of approvals."""

    default_auto_field = "django.db.models.BigAutoField"
    name = "crm.approvals"
    label = "approvals"
    verbose_name = _("Approvals")

    def ready(self) -> None:
        """Register what approvals add to the ground."""
        from crm.approvals.choices import ACTIONS
        from crm.approvals.providers import waiting
        from crm.approvals.services import enqueue_expiry
        from crm.jobs import sweeps
        from crm.log import actions
        from crm.ui import menu

        actions.declare(ACTIONS)
        menu.register(menu.MenuItem("approvals:request_list", _("Approvals"), group="work", order=60, badge=waiting))
        sweeps.register("approvals.expire", enqueue_expiry, 60)
