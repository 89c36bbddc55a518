"""One's own factors: name, remove; adding stands in ``enrolment`` and ``passkeys``."""

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm.access.actor import Actor
from crm.access.errors import DomainError, NotVisible
from crm.access.services import require_step_up
from crm.factors.models import Factor, FactorQuerySet
from crm.factors.services.enrolment import drop
from crm.factors.services.notices import tell
from crm.log import services as log
from crm.staff.models import User


class LastFactor(DomainError):
    """Nobody is without a second factor."""

    code = "last_factor"
    message = _("This is your only second factor. Add another one first.")


@transaction.atomic
def rename_factor(*, actor: Actor, reference: str, name: str) -> Factor:
    """Call one's own factor by another name."""
    require_step_up(actor)
    factor = _held(actor, reference)
    before, factor.name = factor.name, name.strip()
    factor.save(update_fields=["name"])
    data = {"factor": factor.reference, "before": before, "after": factor.name}
    log.record(actor=actor, action="factors.renamed", target=factor.user, data=data)
    tell(User.objects.get(pk=actor.user_id or 0), "renamed")
    return factor


@transaction.atomic
def remove_factor(*, actor: Actor, reference: str) -> None:
    """Remove one's own factor, never the last one; its codes and its secret are gone."""
    require_step_up(actor)
    person = User.objects.locked().get(pk=actor.user_id or 0)
    factor = _held(actor, reference)
    if not Factor.objects.confirmed().filter(user=person).exclude(pk=factor.pk).exists():
        raise LastFactor
    data = {"factor": factor.reference, "kind": factor.kind, "name": factor.name}
    drop([factor])
    log.record(actor=actor, action="factors.removed", target=person, data=data)
    tell(person, "removed")


def own_factor(*, actor: Actor, reference: str) -> Factor:
    """Return one's own factor; `NotVisible` for anybody else's."""
    return _found(Factor.objects.confirmed(), actor, reference)


def _held(actor: Actor, reference: str) -> Factor:
    return _found(Factor.objects.confirmed().locked(), actor, reference)


def _found(rows: FactorQuerySet, actor: Actor, reference: str) -> Factor:
    factor = rows.filter(user_id=actor.user_id or 0, reference=reference).first()
    if factor is None:
        raise NotVisible("factors.own", detail=reference)
    return factor
