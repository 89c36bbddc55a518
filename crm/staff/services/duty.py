"""Who is on duty for something."""

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from crm.access.reach import Reach
from crm.staff.models import Branch, RoleAssignment, RolePermission, User


def people_on_duty(permission: str, branch: Branch | None = None) -> QuerySet[User]:
    """Return the people on duty who hold the permission; with a branch, those whose reach covers it."""
    return people_who_may(permission, branch).filter(on_duty=True)


def people_who_may(permission: str, branch: Branch | None = None) -> QuerySet[User]:
    """Return those who hold the permission, on duty or not: for what cannot wait until somebody comes on duty."""
    people = User.objects.usable()
    if branch is None:
        return people.filter(_holds(permission, [reach for reach in Reach.values if reach != Reach.NONE]))
    below = _holds(permission, [Reach.BRANCH]) & Q(branch__path__in=branch.ancestor_paths)
    return people.filter(_holds(permission, [Reach.ALL]) | below)


def _holds(permission: str, reaches: list[str]) -> Q:
    rights = RolePermission.objects.filter(permission=permission, reach__in=reaches)
    return Q(
        Exists(
            RoleAssignment.objects.filter(
                Q(valid_until__isnull=True) | Q(valid_until__gt=timezone.now()),
                user=OuterRef("pk"),
                role__in=rights.values("role"),
            )
        )
    )
