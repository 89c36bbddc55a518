"""One search box for the whole product.

An app registers a provider in `AppConfig.ready()`::

    from crm.ui import search

    def find_customers(user, query: search.Query) -> list[search.Hit]:
        rows = Customer.objects.visible_to(user).filter(core_number=query.digits)[: search.LIMIT]
        return [search.Hit(_("Customers"), row.name, row.core_number, row.get_absolute_url(), _("Core customer number")) for row in rows]

    search.register(find_customers)

`why` says in words which field matched, because a reader must know whether 8821 is an account's tail or a customer number.
Providers read through `visible_to` and answer at most `LIMIT` hits. `query` is a `str` (the text as typed, normalised) with a
few readings of it as properties.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.functional import Promise

from crm.lists.terms import Query

LIMIT = 8
__all__ = ["LIMIT", "Group", "Hit", "Query", "find", "register"]


@dataclass(frozen=True)
class Hit:
    """One thing found."""

    kind: str | Promise
    label: str
    detail: str
    url: str
    why: str | Promise
    level: str = ""


@dataclass(frozen=True)
class Group:
    """Hits of one kind, in the order of the providers."""

    kind: str
    hits: list[Hit]


Provider = Callable[[Any, Query], list[Hit]]
_providers: list[Provider] = []


def register(provider: Provider) -> None:
    """Add a place to look; registering the same function twice is harmless."""
    if provider not in _providers:
        _providers.append(provider)


def find(user: Any, query: Query) -> list[Group]:
    """All that this reader may see and that matches, grouped by kind."""
    groups: dict[str, list[Hit]] = {}
    for hit in _hits(user, query):
        groups.setdefault(str(hit.kind), []).append(hit)
    return [Group(kind, hits) for kind, hits in groups.items()]


def _hits(user: Any, query: Query) -> Iterator[Hit]:
    seen: set[str] = set()
    for provider in _providers:
        for hit in provider(user, query)[:LIMIT]:
            if hit.url not in seen:
                seen.add(hit.url)
                yield hit
