"""Proof 1: everybody × every route × every method × every relation, against tables that are written apart from the views.

Who: the stock roles of the staff, a customer, a partner, a stranger. Routes: all of the URLconf, by name in `route_table.py`, whose
rows are told in `things.py`; a route that is missing there fails. Expected: strangers end at the door, others without the function at
403, with the function and out of scope at 404 (a method that a page does not know at 405 before all), in scope the page opens. After
all that was denied to somebody on a route, the tables are what they were, the log, last-seen and lock-outs aside.

What it cannot find: a page that opens rightly and shows too much (the canaries do); a right that both `route_table.py` and a
`roles.py` give wrongly; what a permitted write does to rows of others (the verbs' own tests); a refusal that leaks by its length of time.

Requirements: R246–R263.
"""

import re
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

import pytest

from crm.access.gate import OPEN, SIGNED_IN
from crm.staff.models import User
from crm.tests.personas import Bank
from crm.tests.proofs.fingerprints import changed, fingerprints, tables
from crm.tests.proofs.principals import CUSTOMER, PARTNER, PRINCIPALS, STRANGER, Principal, person_of, principal
from crm.tests.proofs.things import Thing, Things, build_things
from crm.tests.route_table import CUSTOMERS_ENTER, ROUTES, SECOND_ASKED
from crm.tests.test_permission_matrix import ADMIN, API, FOUND
from crm.tests.test_permission_rows import ELSEWHERE, KINDS, REF

METHODS = ("GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "POST")
READS = ("GET", "HEAD")
# One request of so many in the quick slice.
SLICE = 197
# Kinds of the routes that `test_permission_rows` leaves to others.
MORE_KINDS = {
    f"api/v1/transactions/{REF}/": "transaction",
    f"notices/{REF}/": "notice",
    f"risk/inquiries/{REF}/": "inquiry",
    f"reveal/<sealed_label:label>/{REF}/": "customer",
}
LABEL, LABEL_PERMISSION = "customers.customer.mobile", "customers.reveal_mobile"
# Open pages that lead to the first page of signing in when there is nothing to go on with.
LEADS_BACK = ("sign-in/",)
# Rows that answer 404 in scope, too, each with the reason.
NOT_THERE = {
    f"transactions/{REF}/act/": "the act in the address is none of this row's",
    f"risk/inquiries/{REF}/": "asked of one person; officers and auditors read it, others with the function do not",
}


@dataclass(frozen=True)
class Cell:
    """One request of somebody, and what decides about it."""

    route: str
    method: str
    permission: str
    address: str
    thing: Thing | None

    def is_in(self, share: int, name: str) -> bool:
        """Return whether it belongs to a principal's slice."""
        said = f"{name} {self.route} {self.method} {self.thing.relation if self.thing else ''}"
        return share == 1 or crc32(said.encode()) % share == 0


@dataclass
class Tally:
    """What was tried, and what went wrong."""

    cells: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


def kind_of(route: str) -> str:
    """Return the kind of row in a route's address; empty where the row is of no kind that relations decide about."""
    known = KINDS | MORE_KINDS
    found = [beginning for beginning in known if route.startswith(beginning)]
    best = max(found, key=len, default="")
    skipped = [beginning for beginning in ELSEWHERE if route.startswith(beginning) and len(beginning) > len(best)]
    return known[best] if best and not skipped else ""


def cells(things: Things) -> Iterator[Cell]:
    """Every request there is to try."""
    for route, (place, found) in FOUND.items():
        gate = ROUTES.get(route, found)
        rows: list[Thing | None] = [*things.get(kind_of(route), [])] or [None]
        for thing in rows:
            address = place if thing is None else "/" + route.replace(REF, thing.reference).replace("<sealed_label:label>", LABEL)
            address = re.sub(r"<\w+:\w+>", "none", address)
            for method in METHODS:
                asked = gate if isinstance(gate, str) else gate.get("GET" if method == "HEAD" else method, "")
                yield Cell(route, method, LABEL_PERMISSION if route.startswith("reveal/") else asked, address, thing)


def expected(cell: Cell, who: Principal) -> str:
    """Return what the tables say: open, door, refused, hidden (404), or inside."""
    if cell.permission == OPEN:
        return "open"
    # Partners enter the API and nothing else; people of the bank enter everything else.
    if not who.is_known or cell.route.startswith(API) != (who.name == PARTNER):
        return "door"
    if who.name == CUSTOMER and cell.route and not cell.route.startswith(CUSTOMERS_ENTER):
        return "refused"
    reach = "all" if cell.permission == SIGNED_IN else who.reach(cell.permission)
    if reach == "none":
        return "refused"
    if cell.thing is None:
        return "inside"
    if cell.route.startswith("notices/"):
        reach = "own"
    return "inside" if cell.thing.is_in(reach, who) else "hidden"


def is_right(cell: Cell, wanted: str, status: int, location: str) -> bool:
    """Return whether an answer is what was expected."""
    at_the_door = status == 401 or (status == 302 and location.startswith("/sign-in/"))
    if status >= 500:
        return False
    if status == 405 and cell.method != "GET":
        return True  # said before anybody was looked at, or because the method is none of the page's
    if wanted == "open":
        return not (at_the_door and not cell.route.startswith(LEADS_BACK)) and status != 403
    if wanted == "door":
        return at_the_door
    if wanted == "refused":
        return status == 403
    if wanted == "hidden":
        return status in (404, 405)
    if cell.method in ("PUT", "PATCH", "DELETE"):
        return status in (403, 404)  # 405 was seen above: nothing in the house knows these methods
    own_rules = cell.route in SECOND_ASKED or cell.route.startswith(ADMIN) or any(cell.route.startswith(b) for b in NOT_THERE)
    missing = status == 404 and cell.thing is not None
    return not at_the_door and (own_rules or not (status == 403 or missing))


def try_all(who: Principal, all_cells: list[Cell], tally: Tally) -> None:
    """Send a principal's requests; what is allowed to write is not sent, what is denied must change nothing."""
    names = tables()
    before, route = fingerprints(names), ""
    for cell in all_cells:
        wanted = expected(cell, who)
        if cell.method == "POST" and wanted in ("open", "inside"):
            continue  # would act; what acting does is told beside each verb
        answer = who.client.generic(cell.method, cell.address)
        tally.cells[wanted] += 1
        if not is_right(cell, wanted, answer.status_code, answer.get("Location", "")):
            relation = cell.thing.relation if cell.thing else "-"
            asked = f"{cell.method} {cell.route} ({cell.permission}, {relation})"
            tally.failures.append(f"{who.name} {asked}: {wanted}, not {answer.status_code}")
        if cell.route != route:
            after = fingerprints(names)
            if changed(before, after):
                tally.failures.append(f"{who.name} {route} or {cell.method} {cell.route}: {changed(before, after)} changed")
            before, route = after, cell.route


@pytest.fixture
def world(bank: Bank, settings: Any, tmp_path: Any) -> tuple[Things, User]:
    """Everything, in every relation."""
    settings.MEDIA_ROOT = tmp_path
    readers = [person_of(bank, name) for name in PRINCIPALS if name not in (STRANGER, PARTNER, CUSTOMER)]
    return build_things(bank, readers)


def run(bank: Bank, world: tuple[Things, User], headers: dict[str, str], names: tuple[str, ...], share: int = 1) -> list[str]:
    """Print the counts; return what was wrong."""
    things, sign_in = world
    tally, began, all_cells = Tally(), time.monotonic(), list(cells(things))
    for name in names:
        try_all(principal(bank, name, headers, sign_in), [cell for cell in all_cells if cell.is_in(share, name)], tally)
    print(
        f"\nmatrix: {', '.join(names)}: {len(FOUND)} routes, {sum(tally.cells.values())} requests {dict(tally.cells)},"
        f" {len(tally.failures)} wrong, {time.monotonic() - began:.0f} s"
    )
    return tally.failures


@pytest.mark.django_db
def test_a_slice_of_the_matrix(bank: Bank, world: tuple[Things, User], partner_headers: dict[str, str]) -> None:
    """One request of every 197, drawn by principal, route, method and relation: always the same ones."""
    failures = run(bank, world, partner_headers, PRINCIPALS, SLICE)
    assert failures == [], "\n".join(failures)


@pytest.mark.slow
@pytest.mark.first
@pytest.mark.django_db
@pytest.mark.parametrize("name", PRINCIPALS)
def test_the_whole_matrix(bank: Bank, world: tuple[Things, User], partner_headers: dict[str, str], name: str) -> None:
    """R253, R257, R259: all of it."""
    failures = run(bank, world, partner_headers, (name,))
    assert failures == [], "\n".join(failures)


def test_every_route_is_in_the_table() -> None:
    """A route that nobody wrote down has no policy, and its rows need a kind or a reason."""
    assert {route for route in FOUND if not route.startswith(ADMIN)} - set(ROUTES) == set()
    rows = [route for route in ROUTES if REF in route and not kind_of(route) and not any(route.startswith(b) for b in ELSEWHERE)]
    assert rows == []
