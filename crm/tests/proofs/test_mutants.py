"""Proof 4: with a guard away, something must fail.

Always: the gate's four hinges are taken off one at a time, and the matrix must notice each; and `guards.tsv` names every guard there is,
with what noticed that it was away or the reason why nothing can. `make mutants` (tools/mutants.py) takes away every single call of the gate
in the product's code (`require`, `require_step_up`, `visible_to`, `get_visible`, `may`, the gate on a view, the permission of an API view,
the closed serializer's refusal, each answer of the read-only admin) and runs the tests that reach it, or the matrix (``--matrix``), or
reads all pages of everybody (``--pages``).
No serializer has read-only fields: what the API takes and what it answers are apart.

What it cannot find: a guard that was never written (the matrix and the canaries look for these), a guard whose condition is wrong, several
guards in a row of which each alone suffices (they survive one by one, and are listed as such), guards in the database.

Requirements: R253, R257, R259.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.db import transaction
from django.http import HttpResponse

from crm.access import gate
from crm.access.api import GatePermission
from crm.access.scopes import ScopedQuerySet
from crm.staff.models import User
from crm.tests.personas import Bank
from crm.tests.proofs import guards, mutating
from crm.tests.proofs.mutating import SWITCHES
from crm.tests.proofs.principals import CUSTOMER, PARTNER, PRINCIPALS, STRANGER, Principal, person_of, principal
from crm.tests.proofs.test_canaries import hidden, is_hidden_from, text_of
from crm.tests.proofs.test_canaries import world as named_world
from crm.tests.proofs.test_matrix import Cell, all_of, cells, expected, is_right
from crm.tests.proofs.test_nothing_offered_in_vain import READERS, refused_offers
from crm.tests.proofs.things import Things, build_things

pytestmark = pytest.mark.django_db
__all__ = ["named_world"]
DENIED = ("door", "refused", "hidden")
# What is taken off, and who then enters where she must not.
HINGES = {
    "require of the page's gate": ("system-officer", ("roles/", "calendar/", "partners/", "products/", "customers/new/")),
    "visible_to of every scope": ("relationship-manager", ("customers/<ref:reference>/", "products/accounts/")),
    "permission of every API view": ("partner", ("api/",)),
    "sign-in before every view": ("anonymous", ("customers/", "roles/")),
}
MOST_CELLS = 12
SHORTEST_REASON = 20


@pytest.fixture
def world(bank: Bank, settings: Any, tmp_path: Any) -> tuple[Things, User]:
    """Everything, in every relation."""
    settings.MEDIA_ROOT = tmp_path
    return build_things(bank, [person_of(bank, name) for name in PRINCIPALS if name not in (STRANGER, PARTNER, CUSTOMER)])


def is_missed(who: Principal, cell: Cell) -> bool:
    """Return whether a request that must be denied is not; what it did is undone."""
    before = transaction.savepoint()
    answer = who.client.generic(cell.method, cell.address)
    transaction.savepoint_rollback(before)
    return not is_right(cell, expected(cell, who), answer.status_code, answer.get("Location", ""))


@contextmanager
def off(hinge: str) -> Iterator[None]:
    """Take one of the four off its pins."""
    with pytest.MonkeyPatch.context() as patch:
        if hinge.startswith("require"):
            patch.setattr(gate, "require", lambda *_args: None)
        elif hinge.startswith("visible_to"):
            patch.setattr(ScopedQuerySet, "visible_to", lambda rows, *_args, **_named: rows.all())
        elif hinge.startswith("permission"):
            patch.setattr(GatePermission, "has_permission", lambda *_args: True)
        else:
            patch.setattr("crm.access.middleware.to_sign_in", lambda _request: None)
            patch.setattr(gate, "to_sign_in", lambda _request: HttpResponse())
        yield


def test_the_matrix_misses_each_hinge(bank: Bank, world: tuple[Things, User], partner_headers: dict[str, str]) -> None:
    """With all on their pins the four requests are denied; with one off, that one is not."""
    things, sign_in = world
    for hinge, (name, routes) in HINGES.items():
        who = principal(bank, name, partner_headers, sign_in)
        denied = [
            cell for cell in cells(things) if cell.route.startswith(routes) and cell.method == "GET" and expected(cell, who) in DENIED
        ]
        tried = denied[:: max(1, len(denied) // MOST_CELLS)]
        assert not any(is_missed(who, cell) for cell in tried), f"{name} is not denied as it stands"
        with off(hinge):
            missed = sum(is_missed(who, cell) for cell in tried)
        print(f"\nwithout the {hinge}: {missed} of {len(tried)} requests noticed")
        assert missed, f"nothing was noticed without the {hinge}"


@pytest.mark.skipif(os.environ.get("CRM_MUTANTS_STEP") != "matrix", reason="make mutants runs it, with a switch at every guard")
def test_the_matrix_against_each_guard(bank: Bank, world: tuple[Things, User], partner_headers: dict[str, str]) -> None:
    """Each request that somebody is denied, sent again with the guards away that it passed: first all of them, then by halves."""
    things, sign_in = world
    from crm.tests.proofs.mutant_plugin import BOOK

    began, requests, tried, wrong = time.monotonic(), 0, set(), []
    for name in PRINCIPALS:
        who = principal(bank, name, partner_headers, sign_in)
        for cell in cells(things):
            wanted = expected(cell, who)
            kind = (cell.route, cell.address, cell.method, wanted)
            if wanted not in DENIED or cell.method not in ("GET", "POST") or kind in tried:
                continue
            tried.add(kind)
            SWITCHES.reached.clear()
            requests += 1
            if is_missed(who, cell):
                wrong.append(f"{name} {cell}")
                continue
            test = f"matrix: {name} {cell.method} {cell.route}"
            sites = sorted(site for site in SWITCHES.reached if BOOK.is_open(site, test) and len(BOOK.tried.get(site, ())) < MOST_CELLS)
            for site, missed in mutating.hunt(sites, lambda who=who, cell=cell: is_missed(who, cell)):  # type: ignore[misc]
                BOOK.note(site, test, missed=missed)
        BOOK.save()
    print(f"\nguards: {len(SWITCHES.sites)}, {len(BOOK.killed)} noticed, {requests} requests, {time.monotonic() - began:.0f} s")
    assert wrong == [], "not denied with every guard in its place:\n" + "\n".join(wrong)


@pytest.mark.skipif(os.environ.get("CRM_MUTANTS_STEP") != "pages", reason="make mutants runs it, with a switch at every guard")
def test_the_pages_against_each_guard(bank: Bank, named_world: tuple[Things, User]) -> None:
    """Each page that opens to somebody, read again with the guards away that it passed: more is offered in vain, or a canary is seen."""
    things, sign_in = named_world
    from crm.tests.proofs.mutant_plugin import BOOK

    began, read = time.monotonic(), 0
    for name in READERS:
        who = principal(bank, name, {}, sign_in)
        rows = all_of(bank, who, things)
        looked = sought(who, rows)
        for cell in (cell for cell in cells(rows) if cell.method == "GET" and expected(cell, who) == "inside"):
            SWITCHES.reached.clear()
            if tells_too_much(who, cell, looked):
                continue
            read += 1
            test = f"pages: {name} {cell.route}"
            sites = sorted(site for site in SWITCHES.reached if BOOK.is_open(site, test))
            for site, missed in mutating.hunt(sites, lambda who=who, cell=cell, looked=looked: tells_too_much(who, cell, looked)):  # type: ignore[misc]
                BOOK.note(site, test, missed=missed)
        BOOK.save()
    print(f"\nguards: {len(SWITCHES.sites)}, {len(BOOK.killed)} noticed, {read} pages, {time.monotonic() - began:.0f} s")


def sought(who: Principal, things: Things) -> list[str]:
    """The texts that this reader must not see."""
    canaries = hidden()
    out = [relation for relation in canaries.of if is_hidden_from(who, relation, things)]
    return [*canaries.masked.values(), *(value for relation in out for value in canaries.of[relation].values())]


def tells_too_much(who: Principal, cell: Cell, looked: list[str]) -> bool:
    """Return whether a page offers what is refused, or shows what must not be seen; what reading it did is undone."""
    before = transaction.savepoint()
    answer = who.client.get(cell.address)
    transaction.savepoint_rollback(before)
    text = text_of(answer)
    if cell.thing is not None:
        text = text.replace(cell.thing.reference, "")
    return any(value in text for value in looked) or bool(answer.status_code == 200 and refused_offers(who, cell.address, answer))


def test_the_list_names_every_guard() -> None:
    """A guard that is new, gone or without a word stands here by name; `make mutants` writes the list, reasons are written by hand."""
    rows = guards.listed()
    assert sorted(guard.site for guard in rows) == sorted(guards.present())
    assert [guard.site for guard in rows if guard.state not in (guards.NOTICED, guards.SURVIVES, guards.NOT_RUN)] == []
    assert [guard.site for guard in rows if guard.state == guards.NOTICED and not guard.why] == []
    # A sentence, and no more than a reason: nobody writes "ok".
    assert [guard.site for guard in rows if guard.state == guards.SURVIVES and len(guard.why) < SHORTEST_REASON] == []


def test_every_kind_of_guard_gets_a_switch() -> None:
    """The weaver itself: each form in which the house writes a guard, and what it is with the guard away."""
    source = b"""
@gated("a.b")
def page(request):
    require(1)
    row = get_visible(rows, 2, reference="x")
    return rows.visible_to(3) if may(4) else None
class Door(APIView):
    pass
class Table(ReadOnlyAdmin):
    def has_add_permission(self, request):
        return False
"""
    before = set(SWITCHES.sites)
    mutating.woven(source, "somewhere", "somewhere.py")
    found = {site for site in SWITCHES.sites if site.startswith("somewhere:")}
    for site in set(SWITCHES.sites) - before:
        del SWITCHES.sites[site]
    assert found == {
        "somewhere:page:@gated",
        "somewhere:page:require",
        "somewhere:page:get_visible",
        "somewhere:page:visible_to",
        "somewhere:page:may",
        "somewhere:-:Door.check_permissions",
        "somewhere:Table:has_add_permission says yes",
    }
