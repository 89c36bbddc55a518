"""The demo world as an app: it has commands and the demo core, and no tables."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from crm.log.actions import ActionKind, declare

ACTIONS = {
    "demo.loaded": ActionKind(_("Demo world loaded"), "operations"),
    "demo.simulation_loaded": ActionKind(_("Simulated bank loaded"), "operations"),
}


class DemoConfig(AppConfig):
    """Declares what the demo world writes in the log. Production does not install it."""

    name = "demo"
    label = "demo"
    verbose_name = _("Demo world")

    def ready(self) -> None:
        """Declare the log's words."""
        declare(ACTIONS)
