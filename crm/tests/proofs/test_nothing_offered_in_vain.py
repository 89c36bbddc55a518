"""No page offers what its reader may not do: every link and form on it leads where her role opens.

All pages that the tables of the matrix open to a reader are read; each address on them is resolved, and the permission that the tables give
for it must carry for this reader. So a `may(…)` around a button that is gone or wrong shows.

What it cannot find: a form that goes to its own page and asks for more there (its verb refuses); a row within a permission but out of
scope; what scripts add; pages in states that this world does not hold.

Requirements: R253, R259, R261.
"""

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urljoin, urlsplit

import pytest
from django.urls import Resolver404, resolve
from django.utils import translation

from crm.access.gate import OPEN, SIGNED_IN
from crm.fields import policy
from crm.staff.models import User
from crm.tests.personas import Bank
from crm.tests.proofs.principals import PARTNER, PRINCIPALS, STRANGER, Principal, principal
from crm.tests.proofs.test_matrix import ACT, ACTS, REVEAL, all_of, cells, expected, world
from crm.tests.proofs.things import Things
from crm.tests.route_table import ROUTES

pytestmark = pytest.mark.django_db
READERS = [name for name in PRINCIPALS if name not in (STRANGER, PARTNER)]
A_FEW = ("risk-officer", "relationship-manager", "audit-officer")
ASKS = {"hx-get": "GET", "hx-post": "POST", "href": "GET", "action": "", "formaction": "POST"}
__all__ = ["world"]


class Offers(HTMLParser):
    """The addresses of a page, with the method that each would be asked by."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.page, self.found = page, set[tuple[str, str]]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Links, forms, buttons with an address of their own, and fragments."""
        said = {name: value or "" for name, value in attrs}
        for name, method in ASKS.items():
            if name in said and not (name == "href" and tag != "a"):
                asked = method or said.get("method", "get").upper()
                self.found.add((asked, urlsplit(urljoin(self.page, said[name])).path))


def permission_of(method: str, path: str) -> str:
    """The permission that the tables give for an address; empty where it is none of ours or they leave it to the row."""
    try:
        match = resolve(path)
    except Resolver404:
        return ""
    if match.route == REVEAL:
        return next(one.permission for one in policy.registered() if one.label == match.kwargs["label"])
    if match.route == ACT:
        return ACTS[match.kwargs["act"]]
    asked = ROUTES.get(match.route, "")
    return asked if isinstance(asked, str) else asked.get(method, "")


def pages(who: Principal, things: Things) -> Iterator[str]:
    """One address of every page that the tables open to the reader, of a row in reach where it has rows."""
    seen = set()
    for cell in cells(things):
        if cell.method == "GET" and cell.route not in seen and expected(cell, who) == "inside":
            seen.add(cell.route)
            yield cell.address


def in_vain(who: Principal, things: Things) -> tuple[int, int, list[str]]:
    """Return how many pages and addresses were looked at, and what was offered though it is refused."""
    read, offered, wrong = 0, set[tuple[str, str]](), set[str]()
    for address in pages(who, things):
        answer: Any = who.client.get(address)
        if answer.status_code != 200 or not answer["Content-Type"].startswith("text/html"):
            continue
        read += 1
        offered |= offers(address, answer)
        wrong |= refused_offers(who, address, answer)
    return read, len(offered), sorted(wrong)


def offers(address: str, answer: Any) -> set[tuple[str, str]]:
    """The addresses that a page names, each with its method."""
    looking = Offers(address)
    looking.feed(answer.content.decode())
    return looking.found


def refused_offers(who: Principal, address: str, answer: Any) -> set[str]:
    """What a page offers to its reader though it is refused to her."""
    wrong = set()
    for method, path in offers(address, answer) if answer["Content-Type"].startswith("text/html") else ():
        asked = permission_of(method, path)
        if asked not in ("", OPEN, SIGNED_IN) and who.reach(asked) == "none":
            wrong.add(f"{who.name}: {_plain(address)} offers {method} {_plain(path)}, which asks for {asked}")
    return wrong


def _plain(path: str) -> str:
    return re.sub(r"/[A-Z]+-[A-Z0-9]+", "/…", path)


def look(names: tuple[str, ...] | list[str], bank: Bank, found: tuple[Things, User]) -> list[str]:
    """Print the counts; return what was offered in vain."""
    things, sign_in = found
    everything = []
    for name in names:
        who = principal(bank, name, {}, sign_in)
        with translation.override("en"):
            read, offered, wrong = in_vain(who, all_of(bank, who, things))
        print(f"\n{name}: {read} pages, {offered} addresses, {len(wrong)} in vain")
        assert read > 3, name
        everything += wrong
    return everything


def test_a_few_readers(bank: Bank, world: tuple[Things, User], monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing in vain; and what is shown to everybody is found."""
    assert look(A_FEW, bank, world) == []
    monkeypatch.setattr("audit.services.checking.may", lambda *_asked: True)
    assert any("/audit/compliance/ offers GET /risk/alerts/" in one for one in look(A_FEW[-1:], bank, world))


@pytest.mark.slow
@pytest.mark.parametrize("name", READERS)
def test_every_reader(bank: Bank, world: tuple[Things, User], name: str) -> None:
    """R261: all pages of everybody."""
    assert look([name], bank, world) == []
