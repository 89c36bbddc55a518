"""Hardware tokens that show one-time codes: imported from the maker's list, then assigned to a person by serial number."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.actor import Actor
from crm.access.errors import DomainError
from crm.access.services import require, require_step_up
from crm.factors.choices import Counting, FactorKind
from crm.factors.models import Factor
from crm.factors.secrets import normal_code, seal
from crm.factors.services.codes import counter_of_two, has_factor
from crm.factors.services.notices import tell
from crm.fields.services import new_data_keys
from crm.log import services as log
from crm.staff.models import User
from crm.staff.services.access import OwnRights

IMPORT, ASSIGN = "factors.import_token", "factors.assign_token"
RESYNC_WINDOW = 1_000
"""Presses ahead that are looked through for two codes in a row: a stranger's two guesses meet one of them once in a thousand million."""


@dataclass(frozen=True, kw_only=True)
class TokenRow:
    """One line of the maker's list. ``counter`` is the next event of a token with a button; tokens with a clock have none."""

    serial: str
    secret: bytes
    counting: Counting
    digits: int = 6
    counter: int = 0
    step_seconds: int = 30


class SerialTaken(DomainError):
    """Nothing of the list is imported."""

    code = "serial_taken"


class TokenNotFree(DomainError):
    """Unknown, or somebody's already; which one is not told."""

    code = "token_not_free"
    field = "serial"
    message = _("No free token has this serial number.")


class NotInStep(DomainError):
    """The two codes are none of this token's that follow each other; which of it is wrong is not told."""

    code = "not_in_step"
    field = "first"
    message = _(
        "These are not two codes in a row of an assigned token with a button, within its next 1,000 presses. Press twice, type both."
    )


class HasAnother(DomainError):
    """A second factor for somebody who has one would be a way in that one officer alone made."""

    code = "has_another"
    field = "person"
    message = _("This person has a second factor. Two officers reset it first; then a token can be assigned.")


@transaction.atomic
def import_tokens(*, actor: Actor, rows: Sequence[TokenRow]) -> int:
    """Return how many tokens were stored, sealed and nobody's yet: all of the list or none. Their maker's list is to be destroyed then."""
    require(actor, IMPORT)
    require_step_up(actor)
    known = Factor.objects.filter(serial__in=[row.serial for row in rows]).order_by("serial")
    taken = list(known.values_list("serial", flat=True)[:5])
    if taken:
        raise SerialTaken(_("Imported before: %(serials)s. Nothing was imported.") % {"serials": ", ".join(map(str, taken))})
    factors = []
    for row, key in zip(rows, new_data_keys(len(rows)), strict=True):
        factor = Factor(
            kind=FactorKind.TOKEN,
            name=row.serial,
            serial=row.serial,
            data_key=key,
            counting=row.counting,
            digits=row.digits,
            step_seconds=row.step_seconds,
            last_counter=row.counter - 1,
        )
        factor.secret = seal(key, factor.seal_id, row.secret)
        factor.save()
        factors.append(factor)
    log.record(actor=actor, action="factors.tokens_imported", data={"tokens": len(factors), "serials": [row.serial for row in rows[:100]]})
    return len(factors)


@transaction.atomic
def assign_token(*, actor: Actor, serial: str, person: User) -> Factor:
    """Give a free token to a person without a second factor, whose factor it is from now on; she is told. Nobody gives herself one.

    Raises `HasAnother`: who lost a factor, or is to have another kind, is reset by two officers first.
    """
    require(actor, ASSIGN)
    if actor.user_id == person.pk:
        raise OwnRights
    require_step_up(actor)
    person = User.objects.locked().get(pk=person.pk)
    factor = Factor.objects.locked().filter(kind=FactorKind.TOKEN, serial=serial.strip(), user__isnull=True).first()
    if factor is None:
        raise TokenNotFree
    if has_factor(person):
        raise HasAnother
    factor.user, factor.confirmed_at = person, timezone.now()
    factor.save(update_fields=["user", "confirmed_at"])
    data = {"factor": factor.reference, "serial": factor.serial}
    log.record(actor=actor, action="factors.token_assigned", target=person, data=data)
    tell(person, "assigned")
    return factor


def resynchronise_token(*, actor: Actor, serial: str, first: str, second: str) -> Factor:
    """Take up a token whose button was pressed too often, by two codes in a row (RFC 4226, section 7.4); neither opens anything any more.

    A try that does not fit is a line of the log, too. Nobody does it for herself.
    """
    require(actor, ASSIGN)
    require_step_up(actor)
    try:
        with transaction.atomic():
            return _resynchronise(actor, serial.strip(), normal_code(first), normal_code(second))
    except NotInStep:
        log.record_refusal(actor=actor, action="factors.token_resynchronised", data={"serial": serial.strip()[:40]})
        raise


def _resynchronise(actor: Actor, serial: str, first: str, second: str) -> Factor:
    factor = Factor.objects.locked().filter(kind=FactorKind.TOKEN, counting=Counting.EVENT, serial=serial, user__isnull=False).first()
    if factor is None or factor.user is None:
        raise NotInStep
    if factor.user_id == actor.user_id:
        raise OwnRights
    counter = counter_of_two(factor, first, second, RESYNC_WINDOW)
    if counter is None:
        raise NotInStep
    missed, factor.last_counter = counter - 2 - factor.last_counter, counter
    factor.save(update_fields=["last_counter"])
    data = {"factor": factor.reference, "serial": factor.serial, "missed": missed}
    log.record(actor=actor, action="factors.token_resynchronised", target=factor.user, data=data)
    tell(factor.user, "resynchronised")
    return factor
