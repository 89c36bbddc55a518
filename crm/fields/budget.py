"""How many full values a person may see, and how many numbers she may look for, within 24 hours; more is a pattern, not work."""

from datetime import timedelta

from django.conf import settings
from django.contrib.auth import get_user_model
from django.db import transaction
from django.db.models import Model
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.actor import Actor
from crm.access.errors import DomainError
from crm.fields.policy import PROBE, FieldPolicy, registered
from crm.log import services as log
from crm.log.models import Event

WINDOW = timedelta(hours=24)
REVEALED, PROBED = "field.revealed", "field.probed"


class BudgetSpent(DomainError):
    """So many full values within 24 hours are enough."""

    code = "budget_spent"
    message = _("You have seen as many full values within 24 hours as your role may. Ask your superior, or wait until tomorrow.")


class ProbesSpent(DomainError):
    """So many searches for a full number within 24 hours are enough."""

    code = "probes_spent"
    message = _("You have searched for full numbers as often within 24 hours as one may. Search by name.")


def read_limits(text: str) -> dict[str, int]:
    """Return role → full values a day from "50,risk-officer=200", the number of all other roles under ""; `ValueError` for other text."""
    given: dict[str, int] = {}
    for part in text.split(","):
        role, _equals, number = (piece.strip() for piece in part.rpartition("="))
        if not (number.isascii() and number.isdigit()) or role in given:
            raise ValueError(text)
        given[role] = int(number)
    return given


def budget_of(actor: Actor) -> int:
    """Return how many full values this person may see within 24 hours: the widest of her roles (setting ``REVEALS_A_DAY``)."""
    given = read_limits(settings.REVEALS_A_DAY)
    default = given.get("", 0)
    return max((given.get(role, default) for role in actor.role.split(",")), default=default)


def spent(actor: Actor, action: str) -> int:
    """Return how often this person did it within 24 hours."""
    return Event.objects.filter(actor_number=actor.number, at__gte=timezone.now() - WINDOW, action=action).count()


def check_reveals(actor: Actor) -> None:
    """Raise ``BudgetSpent`` when the day's full values are used up; holds the person, so that two clicks at once count as two."""
    if not actor.is_person:
        return
    _hold(actor)
    if spent(actor, REVEALED) >= budget_of(actor):
        raise BudgetSpent


def _hold(actor: Actor) -> None:
    if actor.user_id is not None:
        list(get_user_model()._default_manager.filter(pk=actor.user_id).select_for_update(no_key=True).values_list("pk"))


@transaction.atomic
def count_probe(actor: Actor) -> None:
    """Count a search for a full number, found or not; raises ``ProbesSpent`` beyond the day's number, whatever would have been found.

    Holds the person, so that a burst of searches is counted one by one.
    """
    if actor.reach(PROBE) or any(actor.reach(policy.permission) for policy in registered()):
        _hold(actor)
        if spent(actor, PROBED) >= int(settings.PROBES_A_DAY):
            raise ProbesSpent
        log.record(actor=actor, action=PROBED)


def record_refusal(actor: Actor, obj: Model, policy: FieldPolicy) -> None:
    """Write that a full value was not shown because the budget is spent; after the rollback, in a transaction of its own."""
    with transaction.atomic():
        log.record(
            actor=actor,
            action="field.reveal_refused",
            target=obj,
            result="refused",
            data={"field": policy.label, "budget": budget_of(actor)},
        )
