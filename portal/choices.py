"""What a customer is told of a transaction: four words, the same whatever stopped it."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.log.actions import ActionKind
from transactions.choices import Status

UNDER_WAY = pgettext_lazy("told to the customer", "Under way")
CARRIED_OUT = pgettext_lazy("told to the customer", "Carried out")
NOT_CARRIED_OUT = pgettext_lazy("told to the customer", "Not carried out")
TAKEN_BACK = pgettext_lazy("told to the customer", "Taken back")

# Held looks like received, declined and refused like failed: the difference would tell that somebody looked.
TOLD: dict[str, str | Promise] = {
    Status.RECEIVED: UNDER_WAY,
    Status.APPROVED: UNDER_WAY,
    Status.HELD: UNDER_WAY,
    Status.RELEASED: UNDER_WAY,
    Status.COMPLETED: CARRIED_OUT,
    Status.DECLINED: NOT_CARRIED_OUT,
    Status.FAILED: NOT_CARRIED_OUT,
    Status.ABORTED: NOT_CARRIED_OUT,
    Status.REFUSED: NOT_CARRIED_OUT,
    Status.REVOKED: TAKEN_BACK,
    Status.REVERSED: TAKEN_BACK,
}

ACTIONS = {"portal.viewed": ActionKind(_("Own page opened by a customer"), "operations")}
