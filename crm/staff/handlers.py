"""What hangs on a person and must be handed over: every app tells in ``AppConfig.ready()``, so that staff need not know it."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise


@dataclass(frozen=True)
class Hanging:
    """One kind of thing: its label, how many a person has, and where those who may can read them."""

    label: str | Promise
    count: Callable[[Any], int]
    url: Callable[[Any], str]


_kinds: list[Hanging] = []


def register_hanging(kind: Hanging) -> None:
    """Have one kind of thing counted when somebody leaves."""
    _kinds.append(kind)


def hanging_on(person: Any) -> list[tuple[str | Promise, int, str]]:
    """Return label, number and address of everything that hangs on a person; what is not there is left out."""
    found = ((kind.label, kind.count(person), kind.url(person)) for kind in _kinds)
    return [(label, count, url) for label, count, url in found if count]
