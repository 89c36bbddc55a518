"""The systems that transactions come from."""

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm.access.actor import Actor
from crm.access.errors import DomainError
from crm.access.services import require
from crm.log import services as log
from transactions.models import Source
from transactions.validators import known_zone

FORM = "crm"
"""The source of what people enter on our own pages."""


class SourceDiffers(DomainError):
    """A source with this code is recorded with other properties."""

    code = "source_differs"
    message = _("A source with this code is recorded with other properties.")


@transaction.atomic
def add_source(*, actor: Actor, code: str, name: str, zone: str = "Asia/Shanghai", already_completed: bool = False) -> Source:
    """Record a system that transactions come from, or return the one recorded with the same properties before."""
    require(actor, "transactions.add_source")
    known_zone(zone)
    source, is_new = Source.objects.get_or_create(code=code, defaults={"name": name, "zone": zone, "already_completed": already_completed})
    if is_new:
        log.record(actor=actor, action="source.created", target=source, data={"name": name, "zone": zone})
    elif (source.zone, source.already_completed) != (zone, already_completed):
        raise SourceDiffers
    return source
