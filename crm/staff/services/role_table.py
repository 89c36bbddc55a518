"""The role table: filled from the apps' ``roles.py``, never overwriting what the bank changed."""

from collections.abc import Iterable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.apps import apps
from django.db import transaction

from crm.access.reach import Level, Reach
from crm.staff.choices import ROLE_LABELS
from crm.staff.models import Role, RolePermission
from crm.staff.models.people import widest

Stock = dict[tuple[str, str], tuple[str, str]]


def reach_of_roles(codes: Iterable[str], permission: str) -> Reach:
    """Return the widest reach that any of the roles gives for the permission, now."""
    rows = RolePermission.objects.filter(role__code__in=list(codes), permission=permission)
    return widest(rows.values_list("permission", "reach")).get(permission, Reach.NONE)


def stock_permissions() -> Stock:
    """Return (role, permission) → (reach, level) as the apps declare them in ``ROLES``.

    A value is a reach (``"own"``) or a pair of reach and level (``("own", "advanced")``).
    """
    stock: Stock = {}
    for config in apps.get_app_configs():
        if find_spec(f"{config.name}.roles") is None:
            continue
        for role, permissions in getattr(import_module(f"{config.name}.roles"), "ROLES", {}).items():
            for permission, value in permissions.items():
                reach, level = (value, Level.BASIC) if isinstance(value, str) else value
                stock[role, permission] = (str(Reach(reach)), str(Level(level)))
    return stock


@transaction.atomic
def load_role_table(**_signal: Any) -> int:
    """Add the stock roles and permissions that the table lacks; return how many permissions were added."""
    stock = stock_permissions()
    for code in {*ROLE_LABELS, *(role for role, _permission in stock)}:
        Role.objects.get_or_create(code=code)
    roles = dict(Role.objects.values_list("code", "pk"))
    present = set(RolePermission.objects.values_list("role__code", "permission"))
    missing = [
        RolePermission(role_id=roles[role], permission=permission, reach=reach, level=level)
        for (role, permission), (reach, level) in sorted(stock.items())
        if (role, permission) not in present
    ]
    RolePermission.objects.bulk_create(missing)
    return len(missing)
