"""Changing what a role may do: one security officer proposes, another decides, the role table follows at once."""

import hashlib

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm.access.actor import Actor
from crm.access.errors import DomainError
from crm.access.reach import Reach
from crm.access.services import require, require_step_up
from crm.approvals.models import ChangeRequest
from crm.approvals.services import propose
from crm.log import services as log
from crm.staff.models import Role, RolePermission

CHANGE_ROLE = "staff.role_permission"
PROPOSE, DECIDE = "staff.change_role", "staff.approve_role"


class PermissionUnknown(DomainError):
    """No app declares this permission."""

    code = "permission_unknown"
    field = "permission"
    message = _("No part of the product knows this permission.")


def reach_in(role: Role, permission: str) -> Reach:
    """Return how far the role carries the permission now."""
    row = RolePermission.objects.filter(role=role, permission=permission).first()
    return Reach(row.reach) if row is not None else Reach.NONE


def version_of(role: Role) -> str:
    """Return a text that changes with any permission of the role."""
    rows = RolePermission.objects.filter(role=role).order_by("permission").values_list("permission", "reach")
    return hashlib.sha256(repr(list(rows)).encode()).hexdigest()


def propose_role_permission(*, actor: Actor, role: Role, permission: str, reach: str, reason: str) -> ChangeRequest:
    """Ask for another reach of one permission; nothing changes before a second officer agrees."""
    require(actor, PROPOSE, role)
    require_step_up(actor)
    if not RolePermission.objects.filter(permission=permission).exists():
        raise PermissionUnknown
    payload = {"permission": permission, "before": str(reach_in(role, permission).value), "reach": Reach(reach).value}
    return propose(actor=actor, kind=CHANGE_ROLE, target=role, payload=payload, reason=reason, summary=f"{role.code} {permission}")


@transaction.atomic
def set_role_permission(*, actor: Actor, request: ChangeRequest) -> RolePermission:
    """Do what was asked, inside the deciding transaction; effective at everybody's next request."""
    require(actor, DECIDE)
    role = Role.objects.locked().get(pk=request.target_id)
    permission, reach = request.payload["permission"], Reach(request.payload["reach"])
    before = reach_in(role, permission)
    row, _new = RolePermission.objects.update_or_create(role=role, permission=permission, defaults={"reach": reach.value})
    log.record(
        actor=actor,
        action="staff.role_permission_changed",
        target=role,
        data={"permission": permission, "before": before.value, "after": reach.value},
        reason=request.reason,
        approver=actor.number,
    )
    return row
