"""The register of actions: what may be written in the log, under which label and in which view."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import Promise

ViewName = Literal["operations", "security", "audit"]


@dataclass(frozen=True)
class ActionKind:
    """A label in the reader's language and the view that shows the action."""

    label: str | Promise
    view: ViewName


class UndeclaredAction(LookupError):
    """A service wrote an action that no app declared in its `choices.ACTIONS`."""

    def __init__(self, action: str) -> None:
        super().__init__(f"The action {action!r} is not declared. Add it to ACTIONS in the app's choices.py.")


_KINDS: dict[str, ActionKind] = {}


def declare(actions: Mapping[str, ActionKind]) -> None:
    """Make actions writable; call it in `AppConfig.ready()`. Declaring one name with two meanings is an error."""
    for name, kind in actions.items():
        known = _KINDS.setdefault(name, kind)
        if known is not kind and (known.view != kind.view or str(known.label) != str(kind.label)):
            raise ImproperlyConfigured(f"The action {name!r} is declared twice with different meanings.")


def kind_of(action: str) -> ActionKind:
    """The declared kind of an action, else `UndeclaredAction`."""
    try:
        return _KINDS[action]
    except KeyError:
        raise UndeclaredAction(action) from None


def label_of(action: str) -> str:
    """The action in the reader's language; the bare name for an action of a former release."""
    kind = _KINDS.get(action)
    return str(kind.label) if kind else action


def declared() -> dict[str, ActionKind]:
    """All actions by name, in alphabetical order."""
    return dict(sorted(_KINDS.items()))
