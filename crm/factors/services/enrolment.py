"""Setting up a code app: a sealed secret, shown once, then confirmed by a first code."""

from collections.abc import Iterable

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.actor import Actor
from crm.access.errors import DomainError
from crm.access.services import require_step_up
from crm.factors.choices import Counting, FactorKind
from crm.factors.models import Factor
from crm.factors.secrets import new_secret, normal_code, seal, unseal
from crm.factors.services.codes import has_factor, matching_counter
from crm.factors.services.counting import refund, take_attempt
from crm.factors.services.notices import tell
from crm.fields.services import forget_data_keys, new_data_key
from crm.log import services as log
from crm.staff.models import User

MOST = 8


class SetUpOver(DomainError):
    """The secret was shown too long ago, or to another browser."""

    code = "set_up_over"
    message = _("The set-up was not finished in time. Begin again and scan the new picture.")


class CodeWrong(DomainError):
    """The first code is not the app's."""

    code = "code_wrong"
    field = "code"
    message = _("This code is not the one the app should show now. Check the clock of the telephone and type the next code.")


class HasFactor(DomainError):
    """Somebody was quicker: the first factor exists; others are added by who has shown it."""

    code = "has_factor"
    message = _("A second factor has been set up meanwhile. Sign in with it; whoever did not do this tells a security officer at once.")


class TooMany(DomainError):
    """Nobody needs so many."""

    code = "too_many_factors"
    message = _("You have eight second factors. Remove one first.")


def plant_factor(*, person: User | None, secret: bytes, name: str, kind: FactorKind = FactorKind.APP, **fields: object) -> Factor:
    """Return a new factor whose secret is sealed, not confirmed yet. The caller writes the line; demo and tests use it."""
    key = new_data_key()
    factor = Factor(user=person, kind=kind, name=name, data_key=key, **{"counting": Counting.TIME, **fields})
    factor.secret = seal(key, factor.seal_id, secret)
    factor.save()
    return factor


def secret_of(factor: Factor) -> bytes:
    """Return the secret of a code app: while it is being set up, to be shown; otherwise for who counts codes."""
    if factor.secret is None or factor.data_key_id is None:
        raise SetUpOver
    return unseal(factor.data_key_id, factor.seal_id, bytes(factor.secret))


@transaction.atomic
def begin_app(*, actor: Actor, person: User, first: bool) -> Factor:
    """Return a code app to be set up; ``first`` is for those who have shown a password only."""
    person = held_for_adding(actor, person, first=first)
    drop(Factor.objects.filter(user=person, confirmed_at__isnull=True))
    if Factor.objects.filter(user=person).count() >= MOST:
        raise TooMany
    factor = plant_factor(person=person, secret=new_secret(), name=str(_("Code app")))
    log.record(actor=actor, action="factors.enrolment_begun", target=person, data={"kind": factor.kind, "factor": factor.reference})
    return factor


def confirm_app(*, actor: Actor, person: User, reference: str, code: str, name: str = "", first: bool) -> Factor:
    """Return the code app, ready from now on; its first code is used up. Raises ``SetUpOver``, ``CodeWrong``, ``CodesLocked``."""
    taken = take_attempt(person.pk)
    factor = _confirm(actor, person, reference, code, name, first=first)
    refund(person.pk, taken)
    return factor


@transaction.atomic
def _confirm(actor: Actor, person: User, reference: str, code: str, name: str, *, first: bool) -> Factor:
    person = held_for_adding(actor, person, first=first)
    factor = Factor.objects.being_set_up().locked().filter(user=person, reference=reference).first()
    if factor is None:
        raise SetUpOver
    counter = matching_counter(factor, normal_code(code))
    if counter is None:
        raise CodeWrong
    factor.last_counter, factor.confirmed_at, factor.last_used_at = counter, timezone.now(), timezone.now()
    factor.name = name.strip() or factor.name
    factor.save(update_fields=["last_counter", "confirmed_at", "last_used_at", "name"])
    log.record(actor=actor, action="factors.added", target=person, data={"kind": factor.kind, "factor": factor.reference, "first": first})
    tell(person, "added")
    return factor


def held_for_adding(actor: Actor, person: User, *, first: bool) -> User:
    """The person's row, held, once the actor may add: the first factor after the password alone, another one after a factor."""
    person = User.objects.locked().get(pk=person.pk)
    if not first:
        require_step_up(actor)
    elif has_factor(person):
        raise HasFactor
    return person


def drop(factors: Iterable[Factor]) -> int:
    """Delete factors together with their data keys; the caller writes the line."""
    rows = list(factors)
    keys = [row.data_key for row in rows if row.data_key is not None]
    for row in rows:
        row.delete()
    forget_data_keys(keys)
    return len(rows)
