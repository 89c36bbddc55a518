"""What a person could do at a former moment: account, branch, roles, reach and single grants, from the versions that triggers keep.

One answer for the auditor's question and for the page that explains access, so that the two agree.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.apps import apps
from django.db.models import Q

from crm.access.granted import wide_tables
from crm.access.reach import Reach
from crm.fields.history import as_of, formerly
from crm.staff.models import Branch, Role, RoleAssignment, RolePermission, User


@dataclass(frozen=True)
class HeldThen:
    """A permission as a role gave it."""

    permission: str
    reach: Reach
    role: str


@dataclass(frozen=True)
class Past:
    """A person at a moment. ``rows`` is what the roles gave; ``reach`` is what held, nothing for an account that was switched off."""

    person: User
    moment: datetime
    is_usable: bool
    branch: Branch | None
    roles: list[str]
    rows: list[HeldThen]

    def reach(self, permission: str) -> Reach:
        """Return how far the permission carried for the person then."""
        held = [row.reach for row in self.rows if row.permission == permission] if self.is_usable else []
        return max(held, default=Reach.NONE)


def as_was(person: User, moment: datetime) -> Past:
    """Return the person as she was at a moment; before she was recorded she could do nothing."""
    then = formerly(person, "is_active", moment) or person
    was_usable = person.created_at <= moment and then.is_active and (then.valid_until is None or then.valid_until > moment)
    live = Q(valid_until__isnull=True) | Q(valid_until__gt=moment)
    ids = list(as_of(RoleAssignment, moment, user_id=person.pk).filter(live).values_list("role_id", flat=True))
    names = {role.pk: str(role.label) for role in Role.objects.filter(pk__in=ids)}
    held = as_of(RolePermission, moment, role_id__in=ids).exclude(reach=Reach.NONE.value).order_by("permission", "role_id")
    branch = Branch.objects.filter(pk=then.branch_id).first() if then.branch_id else None
    rows = [HeldThen(row.permission, Reach(row.reach), names.get(row.role_id, "")) for row in held]
    return Past(person, moment, was_usable, branch, sorted(names.values()), rows)


def grants_of(person: User, moment: datetime) -> list[tuple[Any, Any]]:
    """Return the single grants that were valid then: the model of what was granted, and the grant's version."""
    live = Q(valid_from__lte=moment) & (Q(valid_until__isnull=True) | Q(valid_until__gt=moment))
    tables: list[Any] = [model for model in apps.get_models() if getattr(model, "is_direct_grant", False)]
    return [
        (table._meta.get_field("content_object").related_model, version)
        for table in tables
        for version in as_of(table, moment, user_id=person.pk).filter(live).order_by("pgh_obj_id")
    ]


def portfolios_of(person: User, moment: datetime) -> list[tuple[int, Any]]:
    """Return the stand-ins for whole portfolios that were valid then: whose portfolio (a key), and the grant's version."""
    return [
        (getattr(version, table.covers), version)
        for table in wide_tables()
        for version in as_of(table, moment, user_id=person.pk).filter(valid_from__lte=moment, valid_until__gt=moment).order_by("pgh_obj_id")
    ]
