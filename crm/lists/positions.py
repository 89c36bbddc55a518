"""Next and previous inside the filtered list one came from: a detail page knows its place by a sealed parameter.

On the detail page: `here = position(request)`, then `{% position here %}`. Costs four short queries; None when the reader came another way.
"""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, QueryDict

from crm.access.errors import AccessError
from crm.access.services import actor_of
from crm.lists import keyset, tokens
from crm.lists.counts import count
from crm.lists.definitions import known, with_query
from crm.lists.errors import BadParameters
from crm.lists.requests import Asked

PARAMETER = "in"


@dataclass(frozen=True)
class Here:
    """A place in a list: the way back and to the neighbours; rank and total when the list is short enough to count."""

    list_url: str
    previous: str
    next: str
    rank: int | None
    total: int | None


def row_address(asked: Asked, row: Any) -> str:
    """Where a row opens, carrying its place in this list."""
    url = asked.definition.row_url(row)
    if not url:
        return ""
    place = {
        "l": asked.definition.name,
        "o": asked.definition.of,
        "p": asked.path,
        "q": asked.encoded,
        "v": keyset.values_of(row, asked.keys),
    }
    token = tokens.seal("position", place)
    return f"{url}{'&' if '?' in url else '?'}{PARAMETER}={token}"


def position(request: HttpRequest) -> Here | None:
    """The place of this page in the list the reader came from; None without one, or when the list is not hers any more."""
    try:
        found = tokens.unseal("position", request.GET.get(PARAMETER, ""))
    except tokens.BadToken:
        return None
    listed = known(found["l"])
    if listed is None:
        return None
    definition = listed(found.get("o", ""))
    try:
        definition.require(actor_of(request))
        asked = Asked(definition, actor_of(request), QueryDict(found["q"]), found["p"])
        return _around(asked, found["v"]) if len(found["v"]) == len(asked.keys) else None
    except (BadParameters, AccessError):
        return None


def _around(asked: Asked, values: list[Any]) -> Here:
    before = keyset.read(asked.rows, asked.keys, 1, values, backwards=True).rows
    following = keyset.read(asked.rows, asked.keys, 1, values, backwards=False).rows
    found = count(asked.rows)
    total, countable = found.number, not found.about
    rank = keyset.after(asked.rows.order_by(), asked.keys, values, backwards=True).values("pk").count() + 1 if countable else None
    return Here(
        list_url=with_query(asked.path, asked.conditions),
        previous=row_address(asked, before[0]) if before else "",
        next=row_address(asked, following[0]) if following else "",
        rank=rank if countable and rank is not None and rank <= total else None,
        total=total if countable else None,
    )
