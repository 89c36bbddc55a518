"""What a person holds, as a reviewer sees it: roles, permissions of the advanced level, clearances, single grants, and the last sign-in."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.apps import apps
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext

from crm.access.actor import Actor
from crm.access.granted import wide_tables
from crm.access.reach import Level, Reach
from crm.staff.choices import OTHER_ROLES
from crm.staff.models import RoleAssignment, RolePermission, User
from crm.staff.services.leaving import DORMANT
from crm.staff.services.role_table import permission_label

# A clearance opens labelled customers; the app that owns the labels calls its permissions so.
CLEARANCE = "clear_"
PORTFOLIO_VIEW, PORTFOLIO_CHANGE = "portfolio.view", "portfolio.change"


@dataclass(frozen=True)
class HeldRole:
    """A role, since when and from whom."""

    code: str
    label: str
    since: datetime
    until: datetime | None
    given_by: str


@dataclass(frozen=True)
class HeldPermission:
    """A permission with its reach, and the roles that give it."""

    permission: str
    label: str
    reach: str
    reach_label: str
    roles: str


@dataclass(frozen=True)
class HeldGrant:
    """A single grant; what it is on is named only to readers who see that themselves."""

    table: str
    pk: int
    permission: str
    label: str
    since: datetime
    until: datetime | None
    given_by: str
    reference: str
    reason: str

    @property
    def key(self) -> str:
        """Return what stands for it in forms and in what is kept."""
        return hashlib.sha256(f"{self.table}:{self.pk}".encode()).hexdigest()[:16]


@dataclass(frozen=True)
class Rights:
    """All of it, and a mark that changes with any of it (signing in changes nothing)."""

    roles: list[HeldRole]
    advanced: list[HeldPermission]
    clearances: list[HeldPermission]
    grants: list[HeldGrant]
    last_login: datetime | None
    is_dormant: bool
    is_active: bool

    def facts(self) -> dict[str, Any]:
        """Return what was shown, to be kept with the decision: codes and moments, no customer."""
        return {
            "roles": [[row.code, _iso(row.until)] for row in self.roles],
            "advanced": [[row.permission, row.reach] for row in self.advanced],
            "clearances": [[row.permission, row.reach] for row in self.clearances],
            "grants": [[row.key, row.permission, _iso(row.until)] for row in self.grants],
            "active": self.is_active,
            "dormant": self.is_dormant,
        }

    @property
    def mark(self) -> str:
        """Return the mark of what is shown."""
        return hashlib.sha256(json.dumps(self.facts(), sort_keys=True).encode()).hexdigest()


def rights_of(person: User, reader: Actor) -> Rights:
    """Return what the person holds now. The caller has found the person by a scope."""
    held = _assignments(person)
    permissions = _permissions([row.role_id for row in held])
    last = max((moment for moment in (person.last_login, person.active_since, person.created_at) if moment), default=None)
    return Rights(
        roles=[HeldRole(row.role.code, str(row.role.label), row.assigned_at, row.valid_until, str(row.assigned_by or "")) for row in held],
        advanced=[row for row, level in permissions if level == Level.ADVANCED and not _is_clearance(row.permission)],
        clearances=[row for row, _level in permissions if _is_clearance(row.permission)],
        grants=_grants(person, reader),
        last_login=person.last_login,
        is_dormant=last is None or last < timezone.now() - DORMANT,
        is_active=person.is_usable,
    )


def people_with_rights() -> Any:
    """Return the people of the bank who hold a role; customers and machines hold theirs by nature."""
    holders = RoleAssignment.objects.filter(_live()).exclude(role__code__in=OTHER_ROLES)
    return User.objects.get_queryset().filter(pk__in=holders.values("user"))


def grant_tables() -> list[Any]:
    """Return the tables of single grants, whichever floor they stand on."""
    return [model for model in apps.get_models() if getattr(model, "is_direct_grant", False)]


def _live(now: datetime | None = None) -> Q:
    return Q(valid_until__isnull=True) | Q(valid_until__gt=now or timezone.now())


def _iso(moment: datetime | None) -> str:
    return moment.isoformat() if moment else ""


def _is_clearance(permission: str) -> bool:
    return permission.partition(".")[2].startswith(CLEARANCE)


def _assignments(person: User) -> list[RoleAssignment]:
    return list(person.assignments.filter(_live()).select_related("role", "assigned_by").order_by("role__code"))


def _permissions(roles: Iterable[int]) -> list[tuple[HeldPermission, str]]:
    """Return each permission with its widest reach, and its level."""
    found: dict[str, tuple[Reach, str, list[str]]] = {}
    rows = RolePermission.objects.filter(role_id__in=list(roles)).exclude(reach=Reach.NONE).select_related("role")
    for row in rows.order_by("permission", "role__code"):
        reach, _level, by = found.get(row.permission, (Reach.NONE, "", []))
        found[row.permission] = (max(reach, Reach(row.reach)), row.level, [*by, str(row.role.label)])
    return [
        (HeldPermission(name, permission_label(name), reach.value, str(reach.label), " · ".join(by)), level)
        for name, (reach, level, by) in sorted(found.items())
    ]


def _grants(person: User, reader: Actor) -> list[HeldGrant]:
    found = []
    for table in grant_tables():
        rows = (
            table._base_manager.filter(_live(), user_id=person.pk).select_related("permission__content_type", "granted_by").order_by("pk")
        )
        rows = list(rows)
        granted: Any = table._meta.get_field("content_object").related_model
        seen = granted._default_manager.visible_to(reader).filter(pk__in={row.content_object_id for row in rows}) if rows else []
        called = {row.pk: row.reference for row in seen}
        for row in rows:
            name = f"{row.permission.content_type.app_label}.{row.permission.codename}"
            by, on = str(row.granted_by or ""), called.get(row.content_object_id, "")
            about = (name, permission_label(name), row.valid_from, row.valid_until, by, on, row.reason if on else "")
            found.append(HeldGrant(table._meta.label_lower, row.pk, *about))
    return found + _portfolios(person)


def _portfolios(person: User) -> list[HeldGrant]:
    """Return the stand-ins for whole portfolios, by the number of the colleague stood in for."""
    found = []
    for table in wide_tables():
        rows = list(
            table._base_manager.filter(user_id=person.pk, valid_until__gt=timezone.now()).select_related("granted_by").order_by("pk")
        )
        numbers = dict(User.objects.get_queryset().filter(pk__in=[getattr(row, table.covers) for row in rows]).values_list("pk", "number"))
        for row in rows:
            name = PORTFOLIO_CHANGE if row.may_change else PORTFOLIO_VIEW
            about = (name, grant_label(name), row.valid_from, row.valid_until, str(row.granted_by or ""))
            found.append(HeldGrant(table._meta.label_lower, row.pk, *about, numbers.get(getattr(row, table.covers), ""), row.reason))
    return found


def grant_label(permission: str) -> str:
    """Return what a grant gives, in the reader's language."""
    if permission in (PORTFOLIO_VIEW, PORTFOLIO_CHANGE):
        return gettext("portfolio, view and change") if permission == PORTFOLIO_CHANGE else gettext("portfolio, view")
    return permission_label(permission)
