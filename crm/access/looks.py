"""Who looked at whom, written down in one place: whatever a page found by the gate, and whatever a list was asked for.

``get_visible`` and the list engine note what was looked at; the outermost handler writes one line for the answer, unless the page wrote
a line about that customer itself. If the line cannot be written, the answer is withheld. A page that asks by itself (polling, the bell)
looks at nothing new and writes nothing.
"""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from django.db import models, transaction
from django.http import HttpRequest
from django.http.response import HttpResponseBase

from crm.log import services as log

MOST_NAMED = 20
SHOWING = (200, 400, 422)
"""Answers that may show what was asked for: the page, and the page again with a form that was filled in wrongly."""


@dataclass
class Looks:
    """What one request looked at, in order."""

    things: list[models.Model] = field(default_factory=list)
    lists: list[tuple[str, Mapping[str, str]]] = field(default_factory=list)


_open: ContextVar[Looks | None] = ContextVar("looks", default=None)


@contextmanager
def looking() -> Iterator[Looks]:
    """Gather what is looked at until the end of the block."""
    looks = Looks()
    token = _open.set(looks)
    try:
        yield looks
    finally:
        _open.reset(token)


def looked_at(thing: models.Model) -> None:
    """Note that somebody found this by the gate; outside of requests nobody looks."""
    looks = _open.get()
    if looks is not None:
        looks.things.append(thing)


def asked_for(name: str, asked: Mapping[str, str]) -> None:
    """Note that somebody read a list or searched, and under which conditions, masked as the log wants them."""
    looks = _open.get()
    if looks is not None:
        looks.lists.append((name, asked))


def write_down(request: HttpRequest, response: HttpResponseBase, looks: Looks, written: "log.Written") -> None:
    """One line about what this answer shows, where the page wrote none itself. Raises what the log raises."""
    actor = request.actor  # type: ignore[attr-defined]
    match = request.resolver_match
    view = getattr(match, "func", None)
    # By the mark of the view alone: a header that the reader sends herself must not make her invisible.
    if response.status_code not in SHOWING or not actor.is_signed_in or getattr(view, "polling", False):
        return
    about = {str(getattr(thing, "log_customer", "") or ""): thing for thing in reversed(looks.things)}
    unseen = {customer: about[customer] for customer in reversed(about) if customer and customer not in written.customers}
    route = match.view_name if match else ""
    if unseen:
        first = next(iter(unseen))
        data: dict[str, Any] = {"route": route}
        if len(unseen) > 1:
            data["customers"] = list(unseen)[:MOST_NAMED]
        with transaction.atomic():
            log.record(actor=actor, action="page.viewed", target=unseen[first], customer=first, data=data)
    elif looks.lists and not written.actions:
        name, asked = looks.lists[-1]
        told = {key: value for key, value in asked.items() if value}
        with transaction.atomic():
            log.record(actor=actor, action="list.viewed", data={"route": route, "list": name, "asked": told})
