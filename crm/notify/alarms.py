"""Alarms: facts that somebody has to act on, looked at every hour, told once to those who can act."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.core.exceptions import ImproperlyConfigured


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """What is told. ``key`` says when it is told anew: the same key is told to the same person once."""

    key: str
    subject: str
    body: str = ""
    params: Mapping[str, Any] = field(default_factory=dict)
    url_name: str = ""
    url_args: tuple[str, ...] = ()


@dataclass(frozen=True)
class Check:
    """A look at the facts, and the permission of those who can act."""

    name: str
    look: Callable[[], Alarm | None]
    permission: str


_checks: dict[str, Check] = {}
_people: list[Callable[[str], Iterable[Any]]] = []


def register(name: str, look: Callable[[], Alarm | None], permission: str) -> None:
    """Has ``look()`` asked every hour; its alarm goes to the people on duty who hold the permission."""
    check = Check(name, look, permission)
    if _checks.setdefault(name, check) != check:
        raise ImproperlyConfigured(f"The alarm {name!r} is registered twice.")


def register_people(people: Callable[[str], Iterable[Any]]) -> None:
    """Plugs in who is on duty for a permission; the staff app does."""
    _people[:] = [people]


def people_for(permission: str) -> list[Any]:
    """The people on duty who hold the permission; nobody before the staff app has said who works here."""
    return list(_people[0](permission)) if _people else []


def checks() -> list[Check]:
    """All checks, by name."""
    return [_checks[name] for name in sorted(_checks)]
