"""App configuration."""

from datetime import timedelta

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop


class ApprovalsConfig(AppConfig):
    """Declares the actions and the menu entry of approvals."""

    default_auto_field = "django.db.models.BigAutoField"
    name = "crm.approvals"
    label = "approvals"
    verbose_name = _("Approvals")

    def ready(self) -> None:
        """Register what approvals add to the ground."""
        from crm.approvals import notices
        from crm.approvals.choices import ACTIONS
        from crm.approvals.providers import waiting
        from crm.approvals.services import enqueue_expiry
        from crm.jobs import sweeps
        from crm.log import actions
        from crm.notify import escalation
        from crm.ui import menu

        actions.declare(ACTIONS)
        menu.register(menu.MenuItem("approvals:request_list", _("Approvals"), group="work", order=60, badge=waiting))
        sweeps.register("approvals.expire", enqueue_expiry, 60)
        escalation.register(
            "approvals.to_decide",
            timedelta(hours=4),
            notices.deciders_now,
            waits=notices.still_waits,
            unread_only=False,
            subject=gettext_noop("Request %(request)s still waits for a decision"),
            body=gettext_noop("Nobody has decided on it yet. It expires if nobody does."),
        )
