"""Who is told when nobody reads a notice: registered per kind by the app that sends it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from crm.notify.models import Notice


@dataclass(frozen=True)
class Escalation:
    """After ``after`` without anybody having opened a notice of its key, ``people(notice)`` are told too."""

    kind: str
    after: timedelta
    people: Callable[[Notice], Iterable[Any]]


_rules: dict[str, Escalation] = {}


def register(kind: str, after: timedelta, people: Callable[[Notice], Iterable[Any]]) -> None:
    """Makes unread notices of a kind climb; in ``AppConfig.ready()``."""
    rule = Escalation(kind, after, people)
    known = _rules.setdefault(kind, rule)
    if known != rule:
        raise ImproperlyConfigured(f"The escalation of {kind!r} is registered twice.")


def rules() -> list[Escalation]:
    """All rules, by kind."""
    return [_rules[kind] for kind in sorted(_rules)]
