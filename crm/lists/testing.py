"""What every list must keep; call it from the list's own test.

::

    def test_alert_list(browser_of, zhou_min, make_alert) -> None:
        check_list(AlertList(), path=reverse("risk:alert_list"), user=zhou_min, make_row=make_alert)

`make_row(n)` makes the n-th row that the user may see (in a transaction of its own, with its log line). It is called three times.
"""

from collections.abc import Callable
from typing import Any

from django.db import connection
from django.http import HttpRequest, QueryDict
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext

from crm.access.actor import Actor
from crm.lists.definitions import ListDefinition
from crm.lists.keyset import read, values_of
from crm.lists.requests import Asked

BAD = {
    "unknown": "no_such_condition=1",
    "sort": "sort=no_such_column",
    "page": "at=AAAA",
    "page_not_ascii": "at=%E4%B8%AD",
    "columns": "columns=no_such_column",
    "size": "size=1000000",
    "size_text": "size=abc",
}


def check_list(definition: ListDefinition, *, path: str, user: Any, make_row: Callable[[int], Any]) -> None:
    """Assert a list's promises: flat queries from one row to three, whole paging, bad parameters refused in words."""
    client = Client()
    client.force_login(user)
    make_row(1)
    client.get(path)  # sessions, content types and the like are read once
    one = count_queries(client, path)
    make_row(2)
    make_row(3)
    _hold(count_queries(client, path) == one, f"{definition.name} asks more queries for three rows than for one")
    check_bad_parameters(client, path)
    for column in definition.columns:
        for sort in (column.name, f"-{column.name}") if column.sort_paths else ():
            _hold(client.get(path, {"sort": sort}).status_code == 200, f"{definition.name} cannot be sorted by {sort}")


def _hold(promise: bool, otherwise: str) -> None:
    if not promise:
        raise AssertionError(otherwise)


def count_queries(client: Client, path: str) -> int:
    """How many statements a page costs, savepoints aside."""
    with CaptureQueriesContext(connection) as found:
        response = client.get(path)
    _hold(response.status_code == 200, f"{path} answered {response.status_code}")
    return len([query for query in found.captured_queries if "SAVEPOINT" not in query["sql"]])


def check_bad_parameters(client: Client, path: str) -> None:
    """Assert that an address that does not fit is refused with 400 and a page, never a 500."""
    for what, parameters in BAD.items():
        response = client.get(f"{path}?{parameters}")
        _hold(response.status_code == 400, f"{path}: bad {what} answered {response.status_code}")
        _hold(b'role="alert"' in response.content, f"{path}: bad {what} is refused without a sentence")


def walk(definition: ListDefinition, actor: Actor, query: str = "", size: int = 2) -> tuple[list[Any], list[Any]]:
    """All primary keys as one reads them forward, and as one reads them backwards from the end (turned round)."""
    asked = Asked(definition, actor, QueryDict(query), "/")
    return _walk(asked, size, backwards=False), _walk(asked, size, backwards=True)[::-1]


def _walk(asked: Asked, size: int, *, backwards: bool) -> list[Any]:
    seen: list[Any] = []
    place: list[Any] | None = None
    while True:
        page = read(asked.rows, asked.keys, size, place, backwards)
        rows = page.rows[::-1] if backwards else page.rows
        seen.extend(row.pk for row in rows)
        if not (page.has_previous if backwards else page.has_next):
            return seen
        place = values_of(rows[-1], asked.keys)


def request_of(actor: Actor, path: str = "/") -> HttpRequest:
    """A bare request of an actor, for functions that take one."""
    request = RequestFactory().get(path)
    request.actor = actor  # type: ignore[attr-defined]
    return request
