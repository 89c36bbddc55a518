"""Who is told when nobody reads a notice, or does what it asks for: registered per kind by the app that sends it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from crm.notify.models import Notice


@dataclass(frozen=True)
class Escalation:
    """After ``after`` what a notice is about still waits: then ``people(notice)`` are told too, once.

    It waits while ``waits(notice)`` says so. With ``unread_only`` it is also over as soon as anybody opened a notice of its key; without,
    reading is not doing. ``subject`` and ``body`` are message ids with the notice's own parameters; empty, they stay as they were.
    """

    kind: str
    after: timedelta
    people: Callable[[Notice], Iterable[Any]]
    waits: Callable[[Notice], bool]
    unread_only: bool
    subject: str
    body: str


_rules: dict[str, Escalation] = {}


def _always(_notice: Notice) -> bool:
    return True


def register(
    kind: str,
    after: timedelta,
    people: Callable[[Notice], Iterable[Any]],
    *,
    waits: Callable[[Notice], bool] = _always,
    unread_only: bool = True,
    subject: str = "",
    body: str = "",
) -> None:
    """Makes notices of a kind climb; in ``AppConfig.ready()``."""
    rule = Escalation(kind, after, people, waits, unread_only, subject, body)
    known = _rules.setdefault(kind, rule)
    if known != rule:
        raise ImproperlyConfigured(f"The escalation of {kind!r} is registered twice.")


def rules() -> list[Escalation]:
    """All rules, by kind."""
    return [_rules[kind] for kind in sorted(_rules)]
