"""The words of the log: views, results, kinds of actor, and the actions the log itself writes."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.log.actions import ActionKind


class View(models.TextChoices):
    """The three views of the auditor (manual 7.3)."""

    OPERATIONS = "operations", _("Operation log")
    SECURITY = "security", _("Security event log")
    AUDIT = "audit", _("Audit log")


class Result(models.TextChoices):
    """How the act ended."""

    DONE = "done", _("Done")
    REFUSED = "refused", _("Refused")
    FAILED = "failed", _("Failed")


class ActorKind(models.TextChoices):
    """Who acted."""

    STAFF = "staff", _("Employee")
    SERVICE = "service", _("System")
    CUSTOMER = "customer", _("Customer")
    PARTNER = "partner", _("Partner system")
    ANONYMOUS = "anonymous", _("Not signed in")


class Origin(models.TextChoices):
    """Through which door the act came."""

    WEB = "web", _("Page")
    API = "api", _("API")
    TASK = "task", _("Background task")
    COMMAND = "command", _("Command line")
    FILE = "file", _("File")
    ADMIN = "admin", _("Auditor's admin")


ACTIONS = {
    "access.refused": ActionKind(_("Access refused"), "security"),
    "command.run": ActionKind(_("Command run on the server"), "audit"),
    "command.failed": ActionKind(_("Command failed on the server"), "audit"),
    "log.purged": ActionKind(_("Old lines of the audit log purged"), "audit"),
    "log.verified": ActionKind(_("Audit log verified"), "audit"),
    "log.tampering_found": ActionKind(_("Tampering found in the audit log"), "security"),
    "log.exported": ActionKind(_("Audit log exported as a whole"), "audit"),
    "log.attestation_adopted": ActionKind(_("State of the audit log attested anew"), "security"),
}
