"""Showing a second factor: one-time codes of apps and hardware tokens, and recovery codes. Each opens once."""

from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone

from crm.access.actor import Actor
from crm.factors.choices import Counting, Purpose
from crm.factors.models import Factor, RecoveryCode
from crm.factors.secrets import RECOVERY_LETTERS, code_at, normal_code, recovery_mark, same_code, unseal
from crm.factors.services.counting import CodesLocked, refund, take_attempt
from crm.factors.services.notices import tell
from crm.log import services as log
from crm.staff.models import User

DRIFT = 1
"""Time steps before and after ours that are taken: clocks of telephones differ (RFC 6238, section 5.2)."""
LOOK_AHEAD = 10
"""Events ahead of the last one used that are taken: buttons are pressed in pockets (RFC 4226, section 7.4)."""


@dataclass(frozen=True)
class Shown:
    """What was shown: a factor, or one of so many recovery codes left."""

    factor: Factor | None
    codes_left: int | None = None


def has_factor(person: User) -> bool:
    """Return whether the person has set up a second factor."""
    return Factor.objects.confirmed().filter(user=person).exists()


def show_code(*, actor: Actor, person: User, code: str, purpose: Purpose) -> Shown | None:
    """Return what the code belongs to, now used up, or None for a wrong, used or foreign one; raises ``CodesLocked``."""
    try:
        taken = take_attempt(person.pk)
    except CodesLocked:
        write_refusal(actor, person, purpose, "factors.locked")
        raise
    shown = _use(actor, person, normal_code(code), purpose)
    if shown is None:
        write_refusal(actor, person, purpose, "factors.refused")
    else:
        refund(person.pk, taken)
    return shown


def write_refusal(actor: Actor, person: User, purpose: Purpose, action: str) -> None:
    """Write down that something was shown that opens nothing."""
    with transaction.atomic():
        log.record(actor=actor, action=action, target=person, result="refused", data={"for": str(purpose)})


@transaction.atomic
def _use(actor: Actor, person: User, code: str, purpose: Purpose) -> Shown | None:
    now = timezone.now()
    if len(code) == RECOVERY_LETTERS:
        return _use_recovery_code(actor, person, code, purpose)
    # Held until the end: of fifty posts of one code the others find it used.
    for factor in Factor.objects.confirmed().filter(user=person, secret__isnull=False).locked():
        counter = matching_counter(factor, code)
        if counter is not None:
            factor.last_counter, factor.last_used_at = counter, now
            factor.save(update_fields=["last_counter", "last_used_at"])
            data = {"for": str(purpose), "kind": factor.kind, "factor": factor.reference}
            log.record(actor=actor, action="factors.shown", target=person, data=data)
            return Shown(factor)
    return None


def _use_recovery_code(actor: Actor, person: User, code: str, purpose: Purpose) -> Shown | None:
    row = RecoveryCode.objects.locked().filter(user=person, mark=recovery_mark(code), used_at__isnull=True).first()
    if row is None:
        return None
    row.used_at = timezone.now()
    row.save(update_fields=["used_at"])
    left = RecoveryCode.objects.filter(user=person, used_at__isnull=True).count()
    data = {"for": str(purpose), "kind": "recovery", "left": left}
    log.record(actor=actor, action="factors.shown", target=person, data=data)
    tell(person, "used", left=left)
    return Shown(None, left)


def step_now(factor: Factor) -> int:
    """Return the time step we are in."""
    return int(timezone.now().timestamp()) // factor.step_seconds


def matching_counter(factor: Factor, code: str) -> int | None:
    """Return the step or event that the code belongs to, when it is acceptable now and was not used yet."""
    if len(code) != factor.digits or factor.secret is None or factor.data_key_id is None:
        return None
    secret = unseal(factor.data_key_id, factor.seal_id, bytes(factor.secret))
    if factor.counting == Counting.TIME:
        first, last = step_now(factor) - DRIFT, step_now(factor) + DRIFT
    else:
        first, last = factor.last_counter + 1, factor.last_counter + LOOK_AHEAD
    found = None
    for counter in range(max(first, 0), last + 1):
        if same_code(code_at(secret, counter, factor.digits), code) and counter > factor.last_counter and found is None:
            found = counter
    return found


def counter_of_two(factor: Factor, first: str, second: str, window: int) -> int | None:
    """Return the event of the second of two codes in a row, not used yet and at most ``window`` events ahead; all are compared."""
    if factor.secret is None or factor.data_key_id is None or not len(first) == len(second) == factor.digits:
        return None
    secret = unseal(factor.data_key_id, factor.seal_id, bytes(factor.secret))
    found, before = None, False
    for counter in range(factor.last_counter + 1, factor.last_counter + window + 2):
        code = code_at(secret, counter, factor.digits)
        if before and same_code(code, second) and found is None:
            found = counter
        before = same_code(code, first)
    return found
