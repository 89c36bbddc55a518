"""App configuration."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ReviewsConfig(AppConfig):
    """Registers the app, its actions, the approval, the sweep and the menu entry."""

    default_auto_field = "django.db.models.BigAutoField"
    name = "crm.reviews"
    label = "reviews"
    verbose_name = _("Reviews of rights")

    def ready(self) -> None:
        """Register what reviews add to the ground."""
        from crm.approvals.handlers import register as register_approval
        from crm.jobs import sweeps
        from crm.log import actions
        from crm.reviews import providers
        from crm.reviews.choices import ACTIONS
        from crm.ui import menu

        actions.declare(ACTIONS)
        register_approval(providers.REMOVAL)
        sweeps.register("reviews.keep_going", providers.sweep, 3_600)
        menu.register(menu.MenuItem("reviews:review_list", _("Reviews of rights"), "reviews.view_personreview", group="staff", order=35))
