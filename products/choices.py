"""Coded lists of accounts and freezes."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.log.actions import ActionKind


class AccountKind(models.TextChoices):
    """Account types: classes I to III for persons, four kinds for organisations."""

    CLASS_1 = "class_1", _("Class I account")
    CLASS_2 = "class_2", _("Class II account")
    CLASS_3 = "class_3", _("Class III account")
    BASIC = "basic", _("Basic account")
    GENERAL = "general", _("General account")
    SPECIAL = "special", _("Special-purpose account")
    TEMPORARY = "temporary", _("Temporary account")


class AccountStatus(models.TextChoices):
    """The core's own status; what our freezes forbid is computed from the freezes that stand."""

    NORMAL = "normal", pgettext_lazy("account status", "Normal")
    DORMANT = "dormant", _("Dormant")
    LONG_DORMANT = "long_dormant", _("Long dormant")
    CLOSED = "closed", pgettext_lazy("account status", "Closed")


class FreezeKind(models.TextChoices):
    """What a freeze forbids, from the strictest to the mildest."""

    AUTHORITY = "authority_freeze", _("Freeze by authority")
    PAYMENT_STOP = "payment_stop", _("Payment stop")
    DEBIT_BLOCK = "debit_block", _("Debit block")
    AMOUNT = "amount", _("Amount freeze")


class Authority(models.TextChoices):
    """Who ordered the freeze. Only our own can be lifted by us."""

    OWN = "own", _("Own control")
    COURT = "court", _("Court")
    POLICE = "police", _("Public security")
    PROCURATORATE = "procuratorate", _("Procuratorate")
    TAX = "tax", _("Tax or customs")
    SUPERVISION = "supervision", _("Supervisory commission")


class FreezeState(models.TextChoices):
    """A freeze binds from the moment it is placed; the state says what the core has answered and how it ended."""

    PENDING = "pending", _("Waiting for the core")
    IN_FORCE = "in_force", _("In force")
    FAILED = "failed", _("Core refused")
    LIFTED = "lifted", pgettext_lazy("freeze", "Lifted")
    LAPSED = "lapsed", pgettext_lazy("freeze", "Lapsed")


STANDING = (FreezeState.PENDING, FreezeState.IN_FORCE, FreezeState.FAILED)
"""States in which a freeze binds: a core that refused or is silent does not let money move here."""


class InstructionAct(models.TextChoices):
    """What the core is told to do."""

    PLACE = "place", _("Place the freeze")
    LIFT = "lift", _("Lift the freeze")


class InstructionState(models.TextChoices):
    """Whether the core has answered."""

    OWED = "owed", _("Waiting for the core")
    ACKNOWLEDGED = "acknowledged", _("Acknowledged")
    FAILED = "failed", _("Core refused")
    CANCELLED = "cancelled", pgettext_lazy("instruction", "Not needed")


ACTIONS = {
    "account.opened": ActionKind(_("Account recorded"), "operations"),
    "account.changed": ActionKind(_("Account changed"), "operations"),
    "account.viewed": ActionKind(_("Account viewed"), "operations"),
    "account.number_clash": ActionKind(_("Account number of another customer typed"), "security"),
    "account.balance_reported": ActionKind(_("Balance reported by the core"), "operations"),
    "freeze.placed": ActionKind(_("Freeze placed"), "operations"),
    "freeze.confirmed": ActionKind(_("Automatic freeze confirmed"), "operations"),
    "freeze.lifted": ActionKind(_("Freeze lifted"), "operations"),
    "freeze.lapsed": ActionKind(_("Freeze lapsed"), "operations"),
    "core.told": ActionKind(_("Core told"), "operations"),
    "core.answered": ActionKind(_("Core answered an instruction"), "operations"),
    "core.silent": ActionKind(_("Core did not answer"), "operations"),
    "core.failed": ActionKind(_("Connection to the core failed"), "operations"),
    "core.cancelled": ActionKind(_("Instruction to the core not needed"), "operations"),
    "core.told_again": ActionKind(_("Core told again"), "operations"),
}
