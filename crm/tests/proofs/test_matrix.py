"""Proof 1: everybody × every route × every method × every relation, against tables that are written apart from the views.

Who: the stock roles of the staff, a customer, a partner, a stranger. Routes: all of the URLconf, by name in `route_table.py`, whose
rows are told in `things.py` and `own_things.py`; a route that is missing there, or whose rows are of no kind, fails. Expected: strangers
end at the door, others without the function at 403, with the function and out of scope at 404 (a method that a page does not know at 405
before all), in scope the page opens. After each request that was denied the tables are what they were, the log, last-seen and lock-outs
aside. Faults are planted and must be found: a lapsed grant that still opens, a scope without its branches, a refusal that writes.

What it cannot find: a page that opens rightly and shows too much (the canaries do); a right that both `route_table.py` and a
`roles.py` give wrongly; what a permitted write does to rows of others (the verbs' own tests); what two requests do together; rows in a
state that this world does not hold; a write that is undone again; a refusal that leaks by its length of time.

Requirements: R246–R263.
"""

import re
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

import pytest

from crm.access import gate, granted
from crm.access.errors import Refused
from crm.access.gate import OPEN, SIGNED_IN
from crm.access.scopes import ScopedQuerySet
from crm.fields import policy
from crm.notify.models import Notice
from crm.staff.models import User
from crm.tests.personas import Bank
from crm.tests.proofs.fingerprints import Watch
from crm.tests.proofs.own_things import own_things
from crm.tests.proofs.principals import CUSTOMER, PARTNER, PRINCIPALS, STRANGER, Principal, person_of, principal
from crm.tests.proofs.things import RELATIONS, Thing, Things, build_things
from crm.tests.route_table import CUSTOMERS_ENTER, ROUTES
from crm.tests.test_permission_matrix import ADMIN, ADMIN_GATE, API, EXAMPLES, FOUND
from crm.tests.test_permission_rows import KINDS, REF

METHODS = ("GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "POST")
DENIED = ("door", "refused", "hidden")
# One request of so many in the quick slice.
SLICE = 293
# Kinds of the routes that `test_permission_rows` leaves to others.
MORE_KINDS = {
    f"api/v1/transactions/{REF}/": "transaction",
    f"approvals/{REF}/": "approval",
    f"audit/alarms/{REF}/": "alarm",
    f"customers/holds/{REF}/": "hold",
    f"exports/{REF}/": "permit",
    f"factors/{REF}/": "factor",
    f"notices/{REF}/": "notice",
    f"reviews/{REF}/": "review",
    f"risk/backtests/{REF}/": "backtest",
    f"risk/inquiries/{REF}/": "inquiry",
    f"risk/register/{REF}/": "register",
    f"risk/verdicts/{REF}/": "transaction",
    f"sessions/{REF}/": "session",
    "admin/^customers/customer/": "customer",
    "admin/^products/account/": "account",
    "admin/^products/freeze/": "freeze",
    "admin/^transactions/transaction/": "transaction",
    "admin/^transactions/fileimport/": "file",
    "admin/^risk/alert/": "alert",
    "admin/^risk/case/": "case",
    "admin/^risk/largevaluerow/": "register",
}
# Routes of rows of no kind, each with the reason.
UNTRIED: dict[str, str] = {}
# Kinds whose rows hang on a customer: each stands in all five relations.
OF_CUSTOMER = ("customer", "account", "freeze", "alert", "case", "inquiry", "transaction", "hold", "register", "approval")
REVEAL, ACT = f"reveal/<sealed_label:label>/{REF}/", f"transactions/{REF}/act/<slug:act>/"
# Acts in the address ask for permissions of their own; so does each sealed field (as the apps' `roles.py` say).
ACTS = {
    "release": "transactions.release_transaction",
    "decline": "transactions.release_transaction",
    "revoke": "transactions.revoke_transaction",
    "reverse": "transactions.reverse_transaction",
}
# Pages open to everybody who is signed in, for rows of her own.
ONES_OWN = ("notices/", "sessions/", "factors/")
# What is asked for here is a change of an account: who asked, and who may decide on it, read it.
DECIDES = "products.approve_account"
# Open pages that lead to the first page of signing in when there is nothing to go on with.
LEADS_BACK = ("sign-in/",)
# Tables in the auditors' admin that another permission shows than the model's own.
ADMIN_ASKS = {"auditlog.view_logentry": "audit.view_event"}


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
        said = f"{name} {self.route} {self.method} {self.permission} {self.thing.relation if self.thing else ''}"
        return share == 1 or crc32(said.encode()) % share == 0

    def __str__(self) -> str:
        return f"{self.method} {self.route} ({self.permission}, {self.thing.relation if self.thing else '-'})"


@dataclass
class Tally:
    """What was tried, and what went wrong."""

    cells: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)


def kind_of(route: str) -> str:
    """Return the kind of row in a route's address; empty where there is none."""
    known = KINDS | MORE_KINDS
    return known[max((beginning for beginning in known if route.startswith(beginning)), key=len)] if has_kind(route) else ""


def has_kind(route: str) -> bool:
    """Return whether the rows of a route are of a known kind."""
    return any(route.startswith(beginning) for beginning in KINDS | MORE_KINDS)


def spelled(route: str, asked: str) -> Iterator[tuple[str, str, str]]:
    """(route with its words filled in, permission that decides, kind of row)."""
    if route == REVEAL:
        for one in policy.registered():
            yield route.replace("<sealed_label:label>", one.label), one.permission, one.label.split(".")[1]
    elif route == ACT:
        for act, permission in ACTS.items():
            yield route.replace("<slug:act>", act), permission, "transaction"
    else:
        yield route, asked, kind_of(route)


def cells(things: Things) -> Iterator[Cell]:
    """Every request there is to try."""
    for route, (place, found) in FOUND.items():
        gate_ = ROUTES.get(route, found)
        for method in METHODS:
            asked = gate_ if isinstance(gate_, str) else gate_.get("GET" if method == "HEAD" else method, "")
            for text, permission, kind in spelled(route, asked):
                rows: list[Thing | None] = [*things.get(kind, [])] or [None]
                for thing in rows:
                    yield Cell(route, method, permission, _address(text, place, thing), thing)


def _address(text: str, place: str, thing: Thing | None) -> str:
    if thing is None:
        return place
    if text.startswith(ADMIN):
        return place.replace(EXAMPLES[0], thing.reference)
    return "/" + re.sub(r"<\w+:\w+>", "none", text.replace(REF, thing.reference))


def deciding(cell: Cell, who: Principal) -> str:
    """The permission that decides: in the auditors' admin each table asks for its own once the door is open."""
    table = re.match(r"admin/\^?(\w+)/(\w+)/", cell.route)
    if table is None or who.reach(ADMIN_GATE) == "none":
        return cell.permission
    permission = f"{table[1]}.view_{table[2]}"
    return ADMIN_ASKS.get(permission, permission)


def expected(cell: Cell, who: Principal) -> str:
    """Return what the tables say: open, door, refused, hidden (404), or inside."""
    if cell.permission == OPEN:
        return "open"
    # Partners enter the API and nothing else; people of the bank enter everything else.
    if not who.is_known or cell.route.startswith(API) != (who.name == PARTNER):
        return "door"
    if who.name == CUSTOMER and cell.route and not cell.route.startswith(CUSTOMERS_ENTER):
        return "refused"
    permission = deciding(cell, who)
    reach = "all" if permission == SIGNED_IN else who.reach(permission)
    if reach == "none":
        return "refused"
    return "inside" if cell.thing is None or _shows(cell.route, cell.thing, reach, who) else "hidden"


def _shows(route: str, thing: Thing, reach: str, who: Principal) -> bool:
    is_own = thing.owner is not None and thing.owner == who.person
    if route.startswith(ONES_OWN):
        return is_own
    if route.startswith("approvals/"):
        return is_own or thing.is_in(who.reach(DECIDES), who)
    if route.startswith("audit/alarms/"):
        return not is_own  # nobody reads what was noticed about herself
    if route.startswith("reviews/") and reach != "all":
        return not is_own and thing.is_in(reach, who)  # nobody reviews herself
    return thing.is_in(reach, who)


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
    if cell.method in ("PUT", "PATCH", "DELETE") or (cell.route.startswith(ADMIN) and cell.method == "OPTIONS"):
        return status in (403, 404)  # 405 was seen above: nothing in the house knows these methods
    return not at_the_door and status != 403 and (cell.thing is None or status != 404)


def try_all(who: Principal, all_cells: Iterable[Cell], tally: Tally) -> None:
    """Send a principal's requests; what is allowed to write is not sent, what is denied must change nothing."""
    watch = Watch()
    for cell in all_cells:
        wanted = expected(cell, who)
        if cell.method == "POST" and wanted in ("open", "inside"):
            continue  # would act; what acting does is told beside each verb
        answer = who.client.generic(cell.method, cell.address)
        tally.cells[wanted] += 1
        if not is_right(cell, wanted, answer.status_code, answer.get("Location", "")):
            tally.failures.append(f"{who.name} {cell}: {wanted}, not {answer.status_code}")
        changed = watch.changed()
        if changed and wanted in DENIED:
            tally.failures.append(f"{who.name} {cell}: {changed} changed")


@pytest.fixture
def world(bank: Bank, settings: Any, tmp_path: Any) -> tuple[Things, User]:
    """Everything, in every relation."""
    settings.MEDIA_ROOT = tmp_path
    readers = [person_of(bank, name) for name in PRINCIPALS if name not in (STRANGER, PARTNER, CUSTOMER)]
    return build_things(bank, readers)


def all_of(bank: Bank, who: Principal, things: Things) -> Things:
    """Return the rows of everybody, and the reader's own."""
    own = own_things(bank, who)
    return {kind: [*things.get(kind, []), *own.get(kind, [])] for kind in {**things, **own}}


def run(bank: Bank, world: tuple[Things, User], headers: dict[str, str], names: tuple[str, ...], share: int = 1) -> list[str]:
    """Print the counts; return what was wrong."""
    things, sign_in = world
    tally, began = Tally(), time.monotonic()
    for name in names:
        who = principal(bank, name, headers, sign_in)
        try_all(who, (cell for cell in cells(all_of(bank, who, things)) if cell.is_in(share, name)), tally)
    print(
        f"\nmatrix: {', '.join(names)}: {len(FOUND)} routes, {sum(tally.cells.values())} requests {dict(tally.cells)},"
        f" {len(tally.failures)} wrong, {time.monotonic() - began:.0f} s",
        *tally.failures,
        sep="\n",
    )
    return tally.failures


def _lapsed_opens(model: Any, table: Any, user_id: int, names: Any) -> Any:
    return list(table._base_manager.filter(user_id=user_id, permission__codename__in=names).values_list("content_object_id", flat=True))


def _without_branches(rows: Any, row: Any, _permission: str, _reach: Any) -> Any:
    return rows.all() if row is not None else rows.none()


def _writing_require(*asked: Any) -> None:
    Notice.objects.update(subject="y")
    raise Refused(asked[1])


# Planted faults: what is put in the place of what, whom it lets in, and of which relation the matrix must then name a row.
FAULTS = {
    "a lapsed grant opens": ((granted, "_asked", _lapsed_opens), "relationship-manager", "lapsed"),
    "a scope without its branches": ((ScopedQuerySet, "_reached", _without_branches), "branch-manager", "other"),
    "a refusal writes": ((gate, "require", _writing_require), "system-officer", "other"),
}


def faults_found(bank: Bank, world: tuple[Things, User], headers: dict[str, str]) -> dict[str, int]:
    """Plant each fault; return how often the matrix named a row of the relation that it lets in."""
    found = {}
    for fault, (planted, name, relation) in FAULTS.items():
        who, tally = principal(bank, name, headers, world[1]), Tally()
        tried = [cell for cell in cells(world[0]) if cell.method == "GET" and cell.route.startswith(f"customers/{REF}/")]
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(*planted)
            try_all(who, (cell for cell in tried if cell.thing and cell.thing.relation == relation), tally)
        found[fault] = len([one for one in tally.failures if relation in one])
    print(f"\nplanted faults: {found}")
    return found


@pytest.mark.django_db
def test_a_slice_of_the_matrix(bank: Bank, world: tuple[Things, User], partner_headers: dict[str, str]) -> None:
    """One request of every 293, drawn by principal, route, method and relation: always the same ones; and the planted faults."""
    assert {kind for kind in OF_CUSTOMER if [one.relation for one in world[0].get(kind, [])] != [*RELATIONS]} == set()
    failures = run(bank, world, partner_headers, PRINCIPALS, SLICE)
    assert failures == [], "\n".join(failures)
    assert all(faults_found(bank, world, partner_headers).values())


@pytest.mark.slow
@pytest.mark.first
@pytest.mark.django_db
@pytest.mark.parametrize("name", PRINCIPALS)
def test_the_whole_matrix(bank: Bank, world: tuple[Things, User], partner_headers: dict[str, str], name: str) -> None:
    """R253, R257, R259: all of it."""
    failures = run(bank, world, partner_headers, (name,))
    assert failures == [], "\n".join(failures)


def unwritten(routes: Iterable[str]) -> list[str]:
    """Return the routes that no table knows, and those whose rows are of no kind."""
    of_rows = {route for route in ROUTES if REF in route and not has_kind(route) and route not in (REVEAL, *UNTRIED)}
    return sorted({route for route in routes if not route.startswith(ADMIN) and route not in ROUTES} | of_rows)


def test_every_route_is_in_the_table() -> None:
    """A route that nobody wrote down has no policy, and its rows need a kind (`KINDS` in test_permission_rows, or `MORE_KINDS` here)."""
    assert unwritten(FOUND) == []
    assert unwritten([*FOUND, "nowhere/"]) == ["nowhere/"]
