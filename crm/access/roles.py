"""The place where the role table is plugged in, so that the ground can ask it without importing it."""

from collections.abc import Callable, Iterable

from crm.access.reach import Reach

RoleTable = Callable[[Iterable[str], str], Reach]

_table: list[RoleTable] = []


def register_role_table(table: RoleTable) -> None:
    """Make ``table(role_codes, permission)`` the answer for services that are not rows of any table."""
    _table[:] = [table]


def reach_of_roles(codes: Iterable[str], permission: str) -> Reach:
    """Return the widest reach that any of the roles gives for the permission."""
    if not _table:
        return Reach.NONE
    return _table[0](codes, permission)
