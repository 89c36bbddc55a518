"""How many rows a person may take on her own word."""

from crm.access.actor import Actor
from crm.exports.choices import CAPS, OTHERS
from crm.exports.models import RowCap


def cap_of(actor: Actor) -> int:
    """Return the widest cap of the roles held now: as the bank set it, else as the product comes."""
    roles = actor.user.role_codes() if actor.user is not None else []
    changed = dict(RowCap.objects.filter(role__in=roles).values_list("role", "rows"))
    return max((changed.get(role, CAPS.get(role, OTHERS)) for role in roles), default=0)
