"""Proof 6, forms: every form of every page, every field, texts that break software.

The forms are read from the pages as each reader sees them, and filled in so that the one text is what is wrong with them. No answer may be
a 5xx; what was sent is undone after each. A field that lets a NUL through is planted, and must be found.

What it cannot find: a form that only a script builds; what breaks for one reader of a form that another one has sent (whole); what needs
two forms one after another; a wrong answer that is no 5xx; two texts that break only together. Fields that a form does not have:
`test_foreign_fields`.

Requirements: R253, R257, R259.
"""

import time
from collections.abc import Iterator
from copy import copy
from typing import Any
from urllib.parse import urlsplit
from zlib import crc32

import pytest
from django.core import validators
from django.db import transaction
from django.test import Client
from django.urls import resolve

from crm.access import middleware
from crm.access.gate import OPEN
from crm.jobs.queue import captured
from crm.staff.models import User
from crm.tests.personas import Bank, browser
from crm.tests.proofs.filled import Sent, filled
from crm.tests.proofs.html_forms import Form, forms_of
from crm.tests.proofs.principals import CUSTOMER, PARTNER, PRINCIPALS, STRANGER, Principal, person_of, principal
from crm.tests.proofs.test_matrix import cells, expected
from crm.tests.proofs.things import Things, build_things

pytestmark = pytest.mark.django_db
NAUGHTY = (
    *("", " ", "\x00", "a\x00b", "'", "'; DROP TABLE log_event; --", "<script>alert(1)</script>", "{{ 7 * 7 }}", "{% debug %}"),
    *("%s%n%d", "%(x)s", "=1+1", "-0", "NaN", "Infinity", "1e309", "1_000", "１２", "0x1F", "9" * 400, "-1", "99999999999999999999"),
    *("0.0000000000000000001", "2026-02-30", "0000-00-00", "9999-12-31", "10000-01-01", "24:61", "null", "[]", "{}", "[[[[", "\\"),
    *("\r\n\r\n", "../../etc/passwd", "file:///etc/passwd", "//evil.test/", "\u202eabc", "𝕳𝖊", "张" * 500, "a" * 70_000),
    *("X-22222222", "C-22222222", "00000000-0000-0000-0000-000000000000", "True", "on", "\ufeff", "\u2028", "(", "*", "[a-", "é" * 300),
)
READERS = ("relationship-manager", "risk-supervisor", "operations", "security-officer")
MORE = (*READERS, "branch-manager", "risk-officer", "system-officer", "audit-officer", "auditor", "service-agent", STRANGER)
# Who met a kind of form first sends it; the same code takes it from the others.
SENT_BY: dict[Any, str] = {}
# Addresses whose answer would end what the rest needs.
LEFT_OUT = ("/sign-out/",)


@pytest.fixture
def world(bank: Bank, settings: Any, tmp_path: Any) -> tuple[Things, User]:
    """Everything, in every relation."""
    settings.MEDIA_ROOT = tmp_path
    return build_things(bank, [person_of(bank, name) for name in PRINCIPALS if name not in (STRANGER, PARTNER, CUSTOMER)])


def all_forms(who: Principal, things: Things) -> Iterator[Form]:
    """Every form that this reader is shown, once."""
    seen = set()
    for cell in cells(things):
        if cell.method != "GET" or expected(cell, who) not in (OPEN, "inside") or (cell.thing and cell.thing.relation != "own"):
            continue
        answer = who.client.get(cell.address)
        if answer.status_code != 200 or not answer.get("Content-Type", "").startswith("text/html"):
            continue
        for form in forms_of(cell.address, answer.content.decode()):
            if form.key not in seen and not form.action.startswith(LEFT_OUT):
                seen.add(form.key)
                yield form


def kind_of(form: Form) -> tuple[str, str, frozenset[str]]:
    """The same for the same form about another thing: its view, and the fields that can be filled in."""
    return form.method, resolve(urlsplit(form.action).path).view_name, frozenset(form.writable)


def send(client: Client, form: Form, values: Sent) -> Any:
    """Send a form, undo what it did, the browser's cookies included; return the answer."""
    before, cookies = transaction.savepoint(), copy(client.cookies)
    with captured():
        path = form.action.partition("?")[0]
        answer = client.post(path, values) if form.method == "POST" else client.get(path, values)
    transaction.savepoint_rollback(before)
    client.cookies = cookies
    return answer


def is_out(who: Principal, answer: Any) -> bool:
    """Return whether somebody was sent to the door who is inside: from then on nothing would be tried any more."""
    return who.is_known and str(answer.get("Location", "")).startswith("/sign-in/?")


def attempts(form: Form, every: bool) -> Iterator[dict[str, str]]:
    """Every text in every field, one at a time; or once another text in each field."""
    fields = sorted(form.writable)
    if every:
        yield from ({field: text} for field in fields for text in NAUGHTY)
    elif fields:
        first = crc32(form.action.rpartition("/")[0].encode())
        yield {field: NAUGHTY[(first + 17 * n) % len(NAUGHTY)] for n, field in enumerate(fields)}


def fuzz(who: Principal, shown: list[Form], *, every: bool) -> list[str]:
    """Print the counts; return the 5xx."""
    failures, fields, sent, began = [], 0, 0, time.monotonic()
    for form in shown:
        who.client.get("/")  # what a form does is undone, its being seen too: after a quarter of an hour the session would be idle
        fields += len(form.writable)
        for texts in attempts(form, every):
            answer, sent = send(who.client, form, {**filled(form), **texts}), sent + 1
            if answer.status_code >= 500 or is_out(who, answer):
                told = {field: text[:40] for field, text in texts.items()}
                failures.append(f"{who.name} {form.method} {form.action} {told}: {answer.status_code} {answer.get('Location', '')}")
    counts = f"{len(shown)} forms, {fields} fields, {sent} sent, {len(failures)} answers of 5xx"
    print(f"\nforms: {who.name}: {counts}, {time.monotonic() - began:.0f} s")
    return failures


@pytest.mark.slow
@pytest.mark.parametrize("name", MORE)
def test_every_naughty_text(bank: Bank, world: tuple[Things, User], partner_headers: dict[str, str], name: str) -> None:
    """All texts in all fields; a slice of them is sent in `test_foreign_fields`, where the forms are read already."""
    things, sign_in = world
    who = principal(bank, name, partner_headers, sign_in)
    shown = [form for form in all_forms(who, things) if SENT_BY.setdefault(kind_of(form), name) == name]
    failures = fuzz(who, shown, every=True)
    assert failures == [], "\n".join(failures)


def test_a_field_that_lets_a_nul_through_is_found(bank: Bank, sun_yue: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hole: Django's own refusal of NUL taken away, and the answer for what PostgreSQL then refuses."""
    client = browser(sun_yue)
    client.raise_request_exception = False
    form = Form("/customers/", "GET", {"q": ""}, {"q"})
    assert {send(client, form, {"q": text}).status_code for text in NAUGHTY[:4]} <= {200, 302, 400}
    monkeypatch.setattr(validators.ProhibitNullCharactersValidator, "__call__", lambda _self, _value: None)
    assert 400 in {send(client, form, {"q": text}).status_code for text in NAUGHTY[:4]}
    monkeypatch.setattr(middleware, "DataError", ZeroDivisionError)
    assert 500 in {send(client, form, {"q": text}).status_code for text in NAUGHTY[:4]}
