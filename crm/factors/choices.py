"""Words of this app: kinds of second factors, and what it writes in the log."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from crm.log.actions import ActionKind


class FactorKind(models.TextChoices):
    """What somebody has beside the password."""

    APP = "app", _("Code app on a telephone")
    TOKEN = "token", _("Hardware token")
    PASSKEY = "passkey", _("Passkey")


class Counting(models.TextChoices):
    """What a one-time code is counted by (RFC 6238, RFC 4226)."""

    TIME = "time", _("By the clock")
    EVENT = "event", _("By the button")


class Purpose(models.TextChoices):
    """What a second factor was shown for."""

    SIGN_IN = "sign_in", _("Sign-in")
    STEP_UP = "step_up", _("Before a sensitive act")


ACTIONS = {
    "factors.enrolment_begun": ActionKind(_("Second factor: set-up begun"), "security"),
    "factors.added": ActionKind(_("Second factor added"), "security"),
    "factors.renamed": ActionKind(_("Second factor renamed"), "security"),
    "factors.removed": ActionKind(_("Second factor removed"), "security"),
    "factors.shown": ActionKind(_("Second factor shown"), "security"),
    "factors.refused": ActionKind(_("Second factor refused"), "security"),
    "factors.locked": ActionKind(_("Second factor locked after failures"), "security"),
    "factors.recovery_codes_made": ActionKind(_("Recovery codes made"), "security"),
    "factors.reset": ActionKind(_("Second factors reset"), "security"),
    "factors.tokens_imported": ActionKind(_("Hardware tokens imported"), "security"),
    "factors.token_assigned": ActionKind(_("Hardware token assigned"), "security"),
    "factors.token_resynchronised": ActionKind(_("Hardware token brought into step"), "security"),
}
