"""Changing what a role may do, as a whole: one security officer proposes, another decides, the role table follows at once."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from django.db import IntegrityError, transaction
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.access.actor import Actor
from crm.access.errors import Conflict, DomainError
from crm.access.reach import Level, Reach
from crm.access.services import require, require_step_up
from crm.approvals.models import ChangeRequest
from crm.approvals.services import propose
from crm.log import services as log
from crm.staff.models import Role, RolePermission
from crm.staff.services.duties import refuse_for_holders, told_by_the_database
from crm.staff.services.role_table import level_of, permission_label, stock_permissions

CHANGE_ROLE = "staff.role_permission"
PROPOSE, DECIDE = "staff.change_role", "staff.approve_role"


class PermissionUnknown(DomainError):
    """No app declares this permission."""

    code = "permission_unknown"
    field = "permission"
    message = _("No part of the product knows this permission.")


class AboveCeiling(DomainError):
    """A permission of a higher level than the role may hold."""

    code = "above_ceiling"
    message = _("This permission is above the highest level of the role.")


class RoleExists(DomainError):
    """The code is taken."""

    code = "role_exists"
    field = "code"
    message = _("A role with this code is there already, or the code is no word of small letters, digits and hyphens.")


def reaches_of(role: Role) -> dict[str, str]:
    """Return reach by permission as the role has it now."""
    return dict(RolePermission.objects.filter(role=role).values_list("permission", "reach"))


def version_of(role: Role) -> str:
    """Return a text that changes with any permission of the role, or its highest level."""
    rows = RolePermission.objects.filter(role=role).order_by("permission").values_list("permission", "reach")
    return hashlib.sha256(repr([Level(role.ceiling).value, *rows]).encode()).hexdigest()


@transaction.atomic
def create_role(*, actor: Actor, code: str, name: str, reason: str) -> Role:
    """Make a role that may do nothing yet; every permission of it is a change that another officer decides."""
    require(actor, PROPOSE)
    require_step_up(actor)
    if not re.fullmatch(r"[a-z][a-z0-9-]{2,39}", code) or code == "new" or Role.objects.filter(code=code).exists():
        raise RoleExists
    role: Role = Role.objects.create(code=code, name=name.strip(), ceiling=Level.BASIC)
    log.record(actor=actor, action="staff.role_created", target=role, data={"code": code, "name": role.name}, reason=reason)
    return role


def propose_role(*, actor: Actor, role: Role, reaches: Mapping[str, str], reason: str, ceiling: str = "") -> ChangeRequest:
    """Ask for other reaches, by permission, and another highest level; nothing changes before a second officer agrees.

    Raises ``PermissionUnknown``, ``AboveCeiling`` and ``RolesConflict``, each naming what cannot be.
    """
    require(actor, PROPOSE, role)
    require_step_up(actor)
    held = reaches_of(role)
    changes = {
        permission: [held.get(permission, Reach.NONE.value), Reach(reach).value]
        for permission, reach in sorted(reaches.items())
        if held.get(permission, Reach.NONE.value) != Reach(reach).value
    }
    payload = {"changes": changes, "ceiling": [Level(role.ceiling).value, Level(ceiling or role.ceiling).value]}
    refuse_change(role, payload)
    return propose(actor=actor, kind=CHANGE_ROLE, target=role, payload=payload, reason=reason, summary=f"{role.code} ({len(changes)})")


def refuse_change(role: Role, payload: Mapping[str, Any]) -> None:
    """Raise when a change cannot be: an unknown permission, one above the highest level, or two duties that cannot meet."""
    after = {permission: reach for permission, (_before, reach) in payload["changes"].items()}
    stock = stock_permissions()
    if not set(after) <= {permission for _role, permission in stock} | set(reaches_of(role)):
        raise PermissionUnknown
    highest = Level(payload["ceiling"][1])
    for permission, reach in sorted({**reaches_of(role), **after}.items()):
        if reach != Reach.NONE and level_of(permission, stock).rank > highest.rank:
            words = gettext("“%(permission)s” is of level %(level)s, above the highest level of this role.")
            raise AboveCeiling(words % {"permission": permission_label(permission), "level": level_of(permission, stock).label})
    refuse_for_holders(role, after)


@transaction.atomic
def set_role(*, actor: Actor, request: ChangeRequest) -> Role:
    """Do what was asked, inside the deciding transaction; effective at everybody's next request."""
    require(actor, DECIDE)
    role: Role = Role.objects.locked().get(pk=request.target_id or 0)
    changes, (floor, ceiling) = request.payload["changes"], request.payload["ceiling"]
    held = reaches_of(role)
    if role.ceiling != floor or any(held.get(permission, Reach.NONE) != before for permission, (before, _after) in changes.items()):
        raise Conflict
    refuse_change(role, request.payload)
    try:
        with transaction.atomic():
            _write(role, {permission: after for permission, (_before, after) in changes.items()}, ceiling)
    except IntegrityError as clash:
        raise told_by_the_database(clash) from clash
    log.record(
        actor=actor,
        action="staff.role_permission_changed",
        target=role,
        data={"changes": changes, "ceiling": request.payload["ceiling"], "asked_by": request.requested_by_number},
        reason=request.reason,
        approver=actor.number,
    )
    return role


def _write(role: Role, after: Mapping[str, str], ceiling: str) -> None:
    if role.ceiling != ceiling:
        role.ceiling = ceiling
        role.save(update_fields=["ceiling"])
    # What is taken goes first: a duty that makes room for another one must be gone when the database looks.
    for permission, reach in sorted(after.items(), key=lambda item: (item[1] != Reach.NONE, item[0])):
        defaults = {"reach": reach, "level": level_of(permission).value}
        RolePermission.objects.update_or_create(role=role, permission=permission, defaults=defaults)
