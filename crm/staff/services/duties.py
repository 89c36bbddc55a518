"""Duties that cannot meet in one person: declared beside the permissions, refused in words here, and by a trigger whatever comes.

A duty is a permission that reaches anything, or ``role:<code>``. A star at the end of a pattern stands for the rest.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from importlib import import_module
from importlib.util import find_spec

from django.apps import apps
from django.db import IntegrityError
from django.db.models import Q
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.access.errors import DomainError
from crm.access.reach import Reach
from crm.staff.choices import ROLE_LABELS
from crm.staff.models import Role, RoleAssignment, RolePermission
from crm.staff.models.duties import DutyConflict
from crm.staff.services.role_table import permission_label


class RolesConflict(DomainError):
    """Separate powers stay separate."""

    code = "roles_conflict"
    field = "roles"
    message = _("System, security and audit officers hold no other role.")


@dataclass(frozen=True)
class Conflict:
    """A declared pair and why."""

    first: str
    second: str
    why: str | Promise

    def among(self, duties: Iterable[str]) -> tuple[str, str] | None:
        """Return two different duties of the pair that are both there."""
        held = sorted(duties)
        for one in held:
            if fnmatchcase(one, self.first):
                for other in held:
                    if other != one and fnmatchcase(other, self.second):
                        return one, other
        return None


def declared() -> list[Conflict]:
    """Return every pair the apps declare in ``CONFLICTS`` of their ``roles.py``."""
    found = []
    for config in apps.get_app_configs():
        if find_spec(f"{config.name}.roles") is not None:
            found += [Conflict(*row) for row in getattr(import_module(f"{config.name}.roles"), "CONFLICTS", ())]
    return found


def load_conflicts(using: str) -> None:
    """Make the table of the trigger say what is declared, no more and no less; run by migrations."""
    wanted = {(_pattern(one.first), _pattern(one.second)) for one in declared()}
    rows = DutyConflict.objects.using(using)
    for row in rows.all():
        if (row.first, row.second) not in wanted:
            row.delete()
    present = set(rows.values_list("first", "second"))
    rows.bulk_create(DutyConflict(first=first, second=second) for first, second in sorted(wanted - present))


def _pattern(text: str) -> str:
    return text.replace("_", "\\_").replace("*", "%")


def duty_label(duty: str) -> str:
    """Return a duty in the reader's language."""
    kind, _colon, code = duty.partition(":")
    return str(ROLE_LABELS.get(code, code)) if kind == "role" and code else permission_label(duty)


def refuse_conflicts(duties: Iterable[str], who: str = "") -> None:
    """Raise ``RolesConflict``, naming the two duties, where they cannot meet."""
    held = set(duties)
    for conflict in declared():
        pair = conflict.among(held)
        if pair is not None:
            words = gettext("“%(first)s” and “%(second)s” cannot meet in one person. %(why)s") % {
                "first": duty_label(pair[0]),
                "second": duty_label(pair[1]),
                "why": conflict.why,
            }
            raise RolesConflict(f"{words} ({who})" if who else words)


def duties_of(roles: Iterable[str], changed: Mapping[tuple[str, str], str] | None = None) -> set[str]:
    """Return the duties that roles give together; ``changed`` is reach by role and permission as it would be."""
    codes = set(roles)
    rows = RolePermission.objects.filter(role__code__in=codes).values_list("role__code", "permission", "reach")
    reaches = {(role, permission): reach for role, permission, reach in rows}
    reaches |= {key: reach for key, reach in (changed or {}).items() if key[0] in codes}
    return {f"role:{code}" for code in codes} | {permission for (_role, permission), reach in reaches.items() if reach != Reach.NONE}


def refuse_for_holders(role: Role, changed: Mapping[str, str]) -> None:
    """Raise ``RolesConflict`` when a role so changed would unite duties, in itself or in somebody who holds it beside others."""
    after = {(role.code, permission): reach for permission, reach in changed.items()}
    refuse_conflicts(duties_of([role.code], after))
    live = Q(valid_until__isnull=True) | Q(valid_until__gt=timezone.now())
    holders = RoleAssignment.objects.filter(live, role=role).values("user")
    held: dict[str, set[str]] = {}
    for number, code in RoleAssignment.objects.filter(live, user__in=holders).values_list("user__number", "role__code"):
        held.setdefault(number, set()).add(code)
    for number, codes in sorted(held.items()):
        if len(codes) > 1:
            refuse_conflicts(duties_of(codes, after), who=number)


def told_by_the_database(clash: IntegrityError) -> DomainError:
    """Return the refusal for what the trigger stopped: somebody else gave the other duty at the same moment. Others are raised again."""
    if "duties_conflict" in str(clash):
        return RolesConflict(gettext("Another change has just given this person a duty that cannot meet with this one."))
    raise clash
