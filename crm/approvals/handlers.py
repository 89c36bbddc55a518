"""What can be proposed: every app registers a handler per kind of change or act in `AppConfig.ready()`."""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.apps import apps
from django.db.models import Model, QuerySet
from django.utils.functional import Promise

from crm.access.actor import Actor
from crm.access.reach import Reach
from crm.access.remembered import remembered
from crm.access.scopes import ScopedQuerySet

if TYPE_CHECKING:
    from crm.approvals.models import ChangeRequest

DEFAULT_LIFE = timedelta(days=7)
"""A request that nobody decided in a week is asked again or forgotten; a handler may say otherwise."""


@dataclass(frozen=True)
class Difference:
    """One line of what is shown to the person who decides: before and after, masked where the field is sensitive.

    ``context=True``: a fact that helps to decide and does not change; its text is in ``before``.
    """

    field: str
    label: str | Promise
    before: str
    after: str
    context: bool = False


@dataclass(frozen=True, kw_only=True)
class Disclosure:
    """What an act hands to the person who approved it, shown once on the answer and kept nowhere."""

    title: str | Promise
    text: str
    advice: str | Promise = ""


def _nobody(request: "ChangeRequest") -> Collection[str]:
    return ()


@dataclass(frozen=True, kw_only=True)
class Handler:
    """How one kind of request is asked for, shown, judged and done.

    * ``describe`` gives what the decider sees; the same request must give the same lines until somebody changes the base. Labels may be
      lazy; texts are made in English when they are hashed, so use gettext for words and plain values for data.
    * ``base_version`` is any text that changes when the target changes; a request on an older base is refused as out of date.
    * ``apply`` does it, inside the deciding transaction: it locks the target, checks again and records its own line (``approver``).
      It may return a ``Disclosure`` for the approver; any other value is dropped.
    * ``visible`` narrows the requests of this kind to those whose target the reader may decide about; without it, the target's own
      ``visible_to(user, decide_permission)`` answers.
    * ``excluded`` names employee numbers that may not decide beside the proposer, for example who placed the freeze.
    """

    kind: str
    label: str | Promise
    propose_permission: str
    decide_permission: str
    describe: Callable[["ChangeRequest"], list[Difference]]
    base_version: Callable[[Any], str]
    apply: Callable[[Actor, "ChangeRequest"], Any]
    visible: Callable[["QuerySet[ChangeRequest]", Any], "QuerySet[ChangeRequest]"] | None = None
    excluded: Callable[["ChangeRequest"], Collection[str]] = _nobody
    target_url: Callable[["ChangeRequest"], str] | None = None
    expires_after: timedelta = field(default=DEFAULT_LIFE)

    def within_reach(self, requests: "QuerySet[ChangeRequest]", user: Any) -> "QuerySet[ChangeRequest]":
        """The requests of this kind whose target the reader may decide about."""
        if self.visible is not None:
            return self.visible(requests, user)
        if Reach(user.reach(self.decide_permission)) == Reach.ALL:
            return requests
        allowed = requests.none()
        for label in _target_types(requests.model).get(self.kind, ()):
            rows = apps.get_model(label)._default_manager.all() if label else None
            if isinstance(rows, ScopedQuerySet):
                targets = rows.visible_to(user, self.decide_permission).values("pk")
                allowed = allowed | requests.filter(target_type=label, target_id__in=targets)
        return allowed


def _target_types(model: type["ChangeRequest"]) -> dict[str, list[str]]:
    """The labels of what is asked about, by kind: one question a page, however many kinds there are."""

    def ask() -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for kind, label in model._default_manager.order_by("kind", "target_type").values_list("kind", "target_type").distinct():
            found.setdefault(kind, []).append(label)
        return found

    return remembered("target types of requests", ask)


Exclusion = Callable[["ChangeRequest"], Collection[str]]
_exclusions: list[Exclusion] = []


def register_exclusion(numbers: Exclusion) -> None:
    """Let ``numbers(request)`` name people who may not decide whatever the kind; the staff app knows who is nobody's second person."""
    if numbers not in _exclusions:
        _exclusions.append(numbers)


def excluded_from(request: "ChangeRequest") -> set[str]:
    """The numbers of those who may not decide: the proposer, whom the kind excludes, and whom any app excludes from all kinds."""
    found = {request.requested_by_number, *handler_of(request.kind).excluded(request)}
    return found.union(*(numbers(request) for numbers in _exclusions))


class UnknownKind(LookupError):
    """No app registered a handler of this kind."""


_handlers: dict[str, Handler] = {}


def register(*added: Handler) -> None:
    """Make kinds proposable."""
    for handler in added:
        _handlers[handler.kind] = handler


def handler_of(kind: str) -> Handler:
    """The handler of a kind, else `UnknownKind`."""
    try:
        return _handlers[kind]
    except KeyError:
        raise UnknownKind(kind) from None


def registered() -> list[Handler]:
    """All handlers, by kind."""
    return [_handlers[kind] for kind in sorted(_handlers)]


def label_of(kind: str) -> str:
    """The kind in the reader's language; the bare name for a kind of a former release."""
    return str(_handlers[kind].label) if kind in _handlers else kind


def target_of(request: "ChangeRequest") -> Model | None:
    """The object that the request is about, as it is now."""
    if not request.target_type or request.target_id is None:
        return None
    rows: QuerySet[Any] = apps.get_model(request.target_type)._default_manager.all()
    found: Model | None = rows.filter(pk=request.target_id).first()
    return found
