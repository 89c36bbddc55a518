"""Proof 6, forms: every form of every page, every field, texts that break software; and fields that the form does not have.

The forms are read from the pages as each reader sees them. No answer may be a 5xx; what was sent is undone after each. Then every form is
sent with the name of every column of every model beside its own fields: what is stored must be what is stored without them.

What it cannot find: a form that only a script builds; what needs two forms one after another; a wrong answer that is no 5xx; extra
fields in forms that are refused as they stand on the page (nothing is stored with or without them).

Requirements: R253, R257, R259.
"""

import json
import time
from collections.abc import Iterator
from typing import Any
from zlib import crc32

import pytest
from django.apps import apps
from django.db import connection, transaction
from django.test import Client

from crm.access.gate import OPEN
from crm.jobs.queue import captured
from crm.staff.models import User
from crm.tests.personas import Bank
from crm.tests.proofs.fingerprints import tables
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
# Addresses whose answer would end what the rest needs.
LEFT_OUT = ("/sign-out/",)
# Names that a form reads although the page does not show them, each with the reason.
READ_TOO = {"reference": "one notice instead of all", "csrfmiddlewaretoken": "the form's own"}


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


def send(client: Client, form: Form, values: dict[str, str]) -> int:
    """Send a form, undo what it did; return the status."""
    before = transaction.savepoint()
    with captured():
        path = form.action.partition("?")[0]
        answer = client.post(path, values) if form.method == "POST" else client.get(path, values)
    transaction.savepoint_rollback(before)
    return answer.status_code


def attempts(form: Form, every: bool) -> Iterator[dict[str, str]]:
    """Every text in every field, one at a time; or once another text in each field."""
    fields = sorted(form.writable)
    if every:
        yield from ({field: text} for field in fields for text in NAUGHTY)
    elif fields:
        first = crc32(form.action.rpartition("/")[0].encode())
        yield {field: NAUGHTY[(first + 17 * n) % len(NAUGHTY)] for n, field in enumerate(fields)}


def fuzz(bank: Bank, world: tuple[Things, User], headers: dict[str, str], names: tuple[str, ...], *, every: bool) -> list[str]:
    """Print the counts; return the 5xx."""
    things, sign_in = world
    failures, forms, fields, sent, began = [], 0, 0, 0, time.monotonic()
    for name in names:
        who = principal(bank, name, headers, sign_in)
        for form in list(all_forms(who, things)):
            forms, fields = forms + 1, fields + len(form.writable)
            for texts in attempts(form, every):
                status, sent = send(who.client, form, form.values | texts), sent + 1
                if status >= 500:
                    told = {field: text[:40] for field, text in texts.items()}
                    failures.append(f"{name} {form.method} {form.action} {told}: {status}")
    print(f"\nforms: {forms}, {fields} fields, {sent} sent, {len(failures)} answers of 5xx, {time.monotonic() - began:.0f} s")
    return failures


def test_a_slice_of_naughty_texts(bank: Bank, world: tuple[Things, User], partner_headers: dict[str, str]) -> None:
    """Each form of one reader once, another text in each field."""
    failures = fuzz(bank, world, partner_headers, READERS[:1], every=False)
    assert failures == [], "\n".join(failures)


@pytest.mark.slow
@pytest.mark.parametrize("name", MORE)
def test_every_naughty_text(bank: Bank, world: tuple[Things, User], partner_headers: dict[str, str], name: str) -> None:
    """All texts in all fields."""
    failures = fuzz(bank, world, partner_headers, (name,), every=True)
    assert failures == [], "\n".join(failures)


def columns() -> dict[str, str]:
    """Return the name of every column of every model, with a value that would show."""
    names = {field.name for model in apps.get_models() for field in model._meta.concrete_fields}
    names |= {field.attname for model in apps.get_models() for field in model._meta.concrete_fields}
    return dict.fromkeys(sorted(names - set(READ_TOO)), "1")


def places(names: list[str]) -> dict[str, set[str]]:
    """Return where the rows of each table lie, and what wrote them."""
    parts = [f"SELECT '{name}', array_agg(ctid::text || ' ' || xmin::text) FROM \"{name}\"" for name in names]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts))
        return {str(name): set(rows or ()) for name, rows in cursor.fetchall()}


def stored(client: Client, form: Form, values: dict[str, str], names: list[str]) -> list[tuple[str, dict[str, Any]]]:
    """Return the rows that a form writes, as they would stand; undone afterwards."""
    before, lay = transaction.savepoint(), places(names)
    with captured():
        client.post(form.action.partition("?")[0], values)
    written: list[tuple[str, dict[str, Any]]] = []
    for name, rows in places(names).items():
        fresh = sorted(place.split()[0] for place in rows - lay[name])
        if fresh:
            with connection.cursor() as cursor:
                cursor.execute(f'SELECT to_jsonb(t) FROM "{name}" t WHERE ctid = ANY(%s::tid[]) ORDER BY ctid', [fresh])
                written += [(name, json.loads(row) if isinstance(row, str) else row) for (row,) in cursor.fetchall()]
    transaction.savepoint_rollback(before)
    return written


def differences(one: list[tuple[str, dict[str, Any]]], other: list[tuple[str, dict[str, Any]]]) -> set[str]:
    """Return the columns that differ between two runs."""
    if [name for name, _row in one] != [name for name, _row in other]:
        return {"rows"}
    found = set()
    for (name, row), (_same, twin) in zip(one, other, strict=True):
        found |= {f"{name}.{column}" for column in row if row[column] != twin.get(column)}
    return found


@pytest.mark.parametrize("name", [READERS[0], *[pytest.param(name, marks=pytest.mark.slow) for name in MORE[1:-1]]])
def test_fields_that_the_form_has_not(bank: Bank, world: tuple[Things, User], partner_headers: dict[str, str], name: str) -> None:
    """Two runs without them show what differs by itself; a third with them may differ in nothing else."""
    things, sign_in = world
    who, extra, names = principal(bank, name, partner_headers, sign_in), columns(), tables()
    failures, wrote, began = [], 0, time.monotonic()
    for form in [form for form in all_forms(who, things) if form.method == "POST"]:
        values = {key: value or "1" for key, value in form.values.items()}
        plain = stored(who.client, form, values, names)
        if not plain:
            continue
        wrote += 1
        by_itself = differences(plain, stored(who.client, form, values, names))
        by_extra = differences(plain, stored(who.client, form, {**extra, **values}, names)) - by_itself
        if by_extra and "rows" not in by_itself:
            failures.append(f"{name} {form.action}: {sorted(by_extra)}")
    told = f"{len(extra)} names, {wrote} forms that store, {len(failures)} changed by them"
    print(f"\nextra fields: {told}, {time.monotonic() - began:.0f} s")
    assert failures == [], "\n".join(failures)
