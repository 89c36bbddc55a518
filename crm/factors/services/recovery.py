"""Recovery codes: ten, shown once, each good once, for the day on which everything else is lost."""

from django.db import transaction

from crm.access.actor import Actor
from crm.access.services import require_step_up
from crm.factors.models import RecoveryCode
from crm.factors.secrets import new_recovery_code, recovery_mark
from crm.factors.services.notices import tell
from crm.log import services as log
from crm.staff.models import User

CODES = 10
FEW = 3
"""With so many or fewer left the page reminds."""


def codes_left(person: User) -> int:
    """Return how many recovery codes still open."""
    return RecoveryCode.objects.filter(user=person, used_at__isnull=True).count()


@transaction.atomic
def make_recovery_codes(*, actor: Actor) -> list[str]:
    """Return ten new codes in clear, to be shown once; the old ones open nothing any more."""
    require_step_up(actor)
    person = User.objects.locked().get(pk=actor.user_id or 0)
    RecoveryCode.objects.filter(user=person).delete()
    codes = [new_recovery_code() for _place in range(CODES)]
    RecoveryCode.objects.bulk_create(RecoveryCode(user=person, mark=recovery_mark(code)) for code in codes)
    log.record(actor=actor, action="factors.recovery_codes_made", target=person, data={"codes": CODES})
    tell(person, "recovery")
    return codes
