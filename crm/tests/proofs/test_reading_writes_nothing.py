"""Proof 6, two of its parts: no GET writes anything of the business, and no unsafe route works without the form's own token.

Each address of the world is read by everybody; the tables are compared by count and by what wrote each row, the log, last-seen and
lock-outs aside, and nothing may have been enqueued. Each route is then sent a form as a foreign page would send it: with the session
and without the token.

What it cannot find: a read that writes only under parameters nobody wrote here (the fuzzers send some); a write into the log's own tables
or the session; a page of rows that this world does not hold.

Requirements: R253, R259.
"""

import time
from typing import Any
from zlib import crc32

import pytest
from django.test import Client

from crm.access.gate import OPEN
from crm.jobs.queue import captured
from crm.notify.models import Notice
from crm.staff.models import User
from crm.tests.personas import Bank, browser
from crm.tests.proofs.fingerprints import Watch
from crm.tests.proofs.principals import CUSTOMER, PARTNER, PRINCIPALS, STRANGER, person_of, principal
from crm.tests.proofs.test_matrix import all_of, cells, expected
from crm.tests.proofs.things import Things, build_things
from crm.tests.test_house_urls import ROUTES as NAMED
from crm.tests.test_permission_matrix import API, FOUND

pytestmark = pytest.mark.django_db
# Who reads in the quick slice: between them they open nearly every page.
READERS = ("risk-supervisor", "security-officer")
# One read of so many there.
SLICE = 5
# Reads that write what is theirs to write, each with the reason.
MAY_WRITE: dict[str, str] = {
    "notices/<ref:reference>/": "opening a notice marks it as read, for oneself alone",
}
# Answer an unsafe request without the token otherwise than by 403, each with the reason.
TOKENLESS: dict[str, str] = {}


@pytest.fixture
def world(bank: Bank, settings: Any, tmp_path: Any) -> tuple[Things, User]:
    """Everything, in every relation."""
    settings.MEDIA_ROOT = tmp_path
    return build_things(bank, [person_of(bank, name) for name in PRINCIPALS if name not in (STRANGER, PARTNER, CUSTOMER)])


def readings(bank: Bank, world: tuple[Things, User], headers: dict[str, str], names: tuple[str, ...], share: int = 1) -> list[str]:
    """Read all that opens to these; return what wrote."""
    things, sign_in = world
    failures, read, began = [], 0, time.monotonic()
    for name in names:
        who = principal(bank, name, headers, sign_in)
        all_cells, watch = cells(all_of(bank, who, things)), Watch()
        for cell in (one for one in all_cells if one.method == "GET" and one.is_in(share, name)):
            if expected(cell, who) not in (OPEN, "inside") or cell.route in MAY_WRITE:
                continue
            with captured() as queue:
                status = who.client.get(cell.address).status_code
            read, changed = read + 1, watch.changed()
            if status >= 500 or queue or changed:
                failures.append(f"{name} {cell}: {status}, {changed} changed, {queue} enqueued")
    counted = f"{', '.join(names)}, {read} GETs, {len(failures)} wrote, {time.monotonic() - began:.0f} s"
    print(f"\nreads: {counted}", *failures, sep="\n")
    return failures


def test_reading_writes_nothing(bank: Bank, world: tuple[Things, User], partner_headers: dict[str, str]) -> None:
    """R253: of two readers who open most pages one in so many; and a read that writes is found."""
    failures = readings(bank, world, partner_headers, READERS, SLICE)
    assert failures == [], "\n".join(failures)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("crm.access.gate.require", lambda *_asked: Notice.objects.update(subject="y"))
        assert readings(bank, ({}, world[1]), partner_headers, READERS[:1], SLICE) != []


@pytest.mark.slow
@pytest.mark.parametrize("name", PRINCIPALS)
def test_nobody_writes_by_reading(bank: Bank, world: tuple[Things, User], partner_headers: dict[str, str], name: str) -> None:
    """R253: everybody, everything."""
    failures = readings(bank, world, partner_headers, (name,))
    assert failures == [], "\n".join(failures)


def tokenless(client: Client, methods: tuple[str, ...], share: int = 1) -> list[str]:
    """Send an unsafe request to every route without the token; return those that did not refuse."""
    failures = []
    for route, (place, gate) in FOUND.items():
        if route.startswith(API) or crc32(route.encode()) % share:
            continue  # no cookie opens the API: there is nothing that a foreign page could use
        for method in methods:
            status = client.generic(method, place, "a=b", "application/x-www-form-urlencoded").status_code
            if status != 403 and not (status == 405 and gate != OPEN) and route not in TOKENLESS:
                failures.append(f"{method} {route}: {status}")
    return failures


def foreign(bank: Bank, methods: tuple[str, ...]) -> list[str]:
    """Send what a foreign page could send, with the victim's session and with none; return what was let through or changed something."""
    client, stranger = (Client(enforce_csrf_checks=True, raise_request_exception=False) for _time in range(2))
    client.cookies = browser(bank.somebody("risk-supervisor")).cookies
    began, watch = time.monotonic(), Watch()
    failures = tokenless(client, methods) + tokenless(stranger, ("POST",))
    print(f"\ntokens: {len(FOUND)} routes × {len(methods) + 1}, {len(failures)} let through, {time.monotonic() - began:.0f} s")
    return failures + watch.changed()


def test_a_foreign_page_can_send_nothing(bank: Bank) -> None:
    """R259: forms without the token get 403 before any view, and nothing changes; with the check away, each is let through."""
    assert foreign(bank, ("POST",)) == []
    assert len(tokenless(Client(raise_request_exception=False), ("POST",), share=9)) > 9


@pytest.mark.slow
def test_a_foreign_page_can_send_nothing_by_any_method(bank: Bank) -> None:
    """R259."""
    assert foreign(bank, ("POST", "PUT", "PATCH", "DELETE")) == []


def test_no_view_is_exempt() -> None:
    """Only DRF's views are: they know no cookie."""
    exempt = [path for _name, path, pattern in NAMED if getattr(pattern.callback, "csrf_exempt", False)]
    assert [path for path in exempt if not path.startswith(API)] == []
