"""The role table: filled from the apps' ``roles.py``, never overwriting what the bank changed."""

from collections.abc import Iterable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, transaction

from crm.access.actor import SYSTEM
from crm.access.reach import Level, Reach
from crm.database.prepared import run
from crm.log import services as log
from crm.staff.choices import ROLE_LABELS
from crm.staff.models import Role, RolePermission

Stock = dict[tuple[str, str], tuple[str, str]]


def reach_of_roles(codes: Iterable[str], permission: str) -> Reach:
    """Return the widest reach that any of the roles gives for the permission, now."""
    rows = run(_REACH, {"codes": list(codes), "permission": permission})
    return max((Reach(value) for (value,) in rows), default=Reach.NONE)


_REACH = """
SELECT p.reach FROM staff_rolepermission p JOIN staff_role r ON r.id = p.role_id
 WHERE r.code = ANY(%(codes)s::text[]) AND p.permission = %(permission)s::text"""


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


# What a permission lets somebody do, by its first word, where no app says otherwise.
READS = ("view", "search", "list", "see", "watch")
DECIDES = ("approve", "lift", "confirm", "export", "reveal", "clear", "destroy", "release", "reverse", "assign")


def level_of(permission: str, stock: Stock | None = None) -> Level:
    """Return the level of a permission, the same in every role: the highest an app declares, else by what it lets somebody do."""
    declared = [Level(level) for (_role, name), (_reach, level) in (stock or stock_permissions()).items() if name == permission]
    highest = max(declared, key=lambda level: level.rank, default=Level.BASIC)
    verb = permission.partition(".")[2].partition("_")[0]
    usual = Level.BASIC if verb in READS else Level.ADVANCED if verb in DECIDES else Level.BUSINESS
    return max(highest, usual, key=lambda level: level.rank)


def permission_label(permission: str) -> str:
    """Return what a permission is called in the reader's language, as its app says in ``LABELS``; else the permission itself."""
    app = permission.partition(".")[0]
    name = next((config.name for config in apps.get_app_configs() if config.label == app), "")
    if not name or find_spec(f"{name}.roles") is None:
        return permission
    return str(getattr(import_module(f"{name}.roles"), "LABELS", {}).get(permission, permission))


def load_role_table(*, using: str = DEFAULT_DB_ALIAS, **_signal: Any) -> int:
    """Add the stock roles and permissions that the table lacks; return how many permissions were added.

    Rows that are there stay as the bank set them: to take a stock permission away, set its reach to ``none``.
    """
    # On the default connection one transaction around rows and line; the owner's connection commits before the line.
    with transaction.atomic(), transaction.atomic(using=using):
        added = _add_missing(using)
        if added:
            log.record(actor=SYSTEM, action="staff.role_table_loaded", data={"added": added})
    return added


def _add_missing(using: str) -> int:
    stock = stock_permissions()
    roles = Role.objects.using(using)
    levels = {name: level_of(name, stock).value for name in {permission for _role, permission in stock}}
    for code in sorted({*ROLE_LABELS, *(role for role, _permission in stock)}):
        held = [Level(levels[permission]) for role, permission in stock if role == code]
        ceiling = max(held, key=lambda level: level.rank, default=Level.BUSINESS)
        roles.get_or_create(code=code, defaults={"ceiling": ceiling.value})
    keys = dict(roles.values_list("code", "pk"))
    rows = RolePermission.objects.using(using)
    present = set(rows.values_list("role__code", "permission"))
    missing = [
        RolePermission(role_id=keys[role], permission=permission, reach=reach, level=levels[permission])
        for (role, permission), (reach, _level) in sorted(stock.items())
        if (role, permission) not in present
    ]
    rows.bulk_create(missing)
    for row in rows.filter(permission__in=levels):  # a level is the product's word about a permission, not the bank's
        if row.level != levels[row.permission]:
            rows.filter(pk=row.pk).update(level=levels[row.permission])
    return len(missing)
