"""How many rows a person may take on her own word: by role, changed by two security officers."""

from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm.access.actor import Actor
from crm.access.errors import Conflict, DomainError
from crm.access.services import require, require_step_up
from crm.approvals.models import ChangeRequest
from crm.approvals.services import propose
from crm.exports.choices import CAPS, HIGHEST, OTHERS
from crm.exports.models import RowCap
from crm.log import services as log
from crm.staff.models import Role
from crm.staff.services.access import staff_roles

KIND = "exports.row_cap"
VIEW_CAPS, PROPOSE, DECIDE = "exports.view_rowcap", "exports.change_rowcap", "exports.approve_rowcap"


class BeyondReason(DomainError):
    """More rows than anybody takes on her own word."""

    code = "beyond_reason"
    field = "rows"
    message = _("A cap lies between 0 and 50,000 rows; with 0 every export of the role waits for a second person.")


class NoSuchRole(DomainError):
    """A role that people of the bank do not hold."""

    code = "role_unknown"
    field = "role"
    message = _("People of the bank do not hold this role.")


@dataclass(frozen=True)
class Cap:
    """The cap of a role as it holds, and as the product comes."""

    role: Role
    rows: int
    stock: int

    @property
    def differs(self) -> bool:
        """Whether the bank changed it."""
        return self.rows != self.stock


def cap_of(actor: Actor) -> int:
    """Return the widest cap of the roles held now: as the bank set it, else as the product comes."""
    roles = actor.user.role_codes() if actor.user is not None else []
    changed = dict(RowCap.objects.filter(role__in=roles).values_list("role", "rows"))
    return max((changed.get(role, CAPS.get(role, OTHERS)) for role in roles), default=0)


def rows_of(role: Role) -> int:
    """Return the cap of one role as it holds now."""
    changed = RowCap.objects.filter(role=role.code).values_list("rows", flat=True).first()
    return CAPS.get(role.code, OTHERS) if changed is None else changed


def caps(*, actor: Actor) -> list[Cap]:
    """Return the cap of every role that people of the bank can hold."""
    require(actor, VIEW_CAPS)
    changed = dict(RowCap.objects.values_list("role", "rows"))
    roles = Role.objects.filter(code__in=staff_roles()).order_by("code")
    stock = {role.code: CAPS.get(role.code, OTHERS) for role in roles}
    return [Cap(role, changed.get(role.code, stock[role.code]), stock[role.code]) for role in roles]


@transaction.atomic
def propose_cap(*, actor: Actor, role: str, rows: int, reason: str) -> ChangeRequest:
    """Ask for another cap of a role; nothing changes before a second officer agrees. Raises ``BeyondReason``, ``NoSuchRole``."""
    require(actor, PROPOSE)
    require_step_up(actor)
    if not 0 <= rows <= HIGHEST:
        raise BeyondReason
    found: Role | None = Role.objects.filter(code=role).first() if role in staff_roles() else None
    if found is None:
        raise NoSuchRole
    payload = {"before": rows_of(found), "rows": rows}
    return propose(actor=actor, kind=KIND, target=found, payload=payload, reason=reason, summary=f"{role} {rows}")


@transaction.atomic
def set_cap(*, actor: Actor, request: ChangeRequest) -> None:
    """Do what was asked, inside the deciding transaction; holds from the next export on."""
    require(actor, DECIDE)
    role: Role = Role.objects.locked().get(pk=request.target_id or 0)
    before, after = rows_of(role), int(request.payload["rows"])
    if before != request.payload["before"]:
        raise Conflict
    RowCap.objects.update_or_create(role=role.code, defaults={"rows": after})
    log.record(
        actor=actor,
        action="export.cap_changed",
        target=role,
        data={"role": role.code, "before": before, "after": after, "asked_by": request.requested_by_number},
        reason=request.reason,
        approver=actor.number,
    )
