"""Proof 6, mass assignment by forms: beside its own fields every form is sent the name of every column of every model.

Each form is filled in so that it is taken as often as possible, sent twice without foreign names (which shows what differs by itself:
references, moments) and once with all of them. The rows that were written must be the same, the answer too, and the foreign value may
stand nowhere, not even in a column that differs by itself. A form that hands on all it was sent is planted, and must be found.

What it cannot find: forms that are refused as they are filled in here (their names are printed: nothing is stored with or without);
a foreign field that is read only together with another value than the one sent; rows that are written by a later task.

Requirements: R253, R257, R259.
"""

import json
import re
import time
from copy import copy
from typing import Any
from zlib import crc32

import pytest
from django import forms
from django.apps import apps
from django.db import connection, transaction
from django.test import Client

from crm.jobs.queue import captured
from crm.staff.models import User
from crm.tests.personas import Bank, browser
from crm.tests.proofs.filled import Sent, filled
from crm.tests.proofs.fingerprints import tables, written
from crm.tests.proofs.html_forms import Form, forms_of
from crm.tests.proofs.principals import Principal, principal
from crm.tests.proofs.test_forms_fuzzed import MORE, READERS, all_forms, fuzz, is_out, world
from crm.tests.proofs.things import Things
from customers.models import Customer

__all__ = ["world"]
pytestmark = pytest.mark.django_db
CLOCK = re.compile(r"\d{8}-\d{6}")
# What every foreign name is sent with: text, number and no date, so that it shows wherever it is stored, and breaks what takes it for more.
MARKER = "77731"
# Names that a form reads although the page does not show them, each with the reason.
READ_TOO = {"reference": "one notice instead of all", "csrfmiddlewaretoken": "the form's own"}
# One form of so many in the quick slice.
SHARE = 5

REFERENCE = re.compile(r"[A-Z]{1,2}-[0-9A-Z]{8,13}")

Rows = list[tuple[str, dict[str, Any]]]


def columns() -> dict[str, str]:
    """Return the name of every column of every model, with a value that would show."""
    names = {field.name for model in apps.get_models() for field in model._meta.concrete_fields}
    names |= {field.attname for model in apps.get_models() for field in model._meta.concrete_fields}
    return dict.fromkeys(sorted(names - set(READ_TOO)), MARKER)


def places(names: list[str]) -> dict[str, set[str]]:
    """Return where the rows of each table lie, and what wrote them."""
    parts = [f"SELECT '{name}', array_agg(ctid::text || ' ' || xmin::text) FROM \"{name}\"" for name in names]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(parts))
        return {str(name): set(rows or ()) for name, rows in cursor.fetchall()}


def stored(client: Client, form: Form, values: Sent, names: list[str]) -> tuple[Any, Rows]:
    """Return the answer, and the rows that a form writes as they would stand; undone afterwards, the browser's cookies included."""
    before, cookies, touched, lay = transaction.savepoint(), copy(client.cookies), written({*names}), places(names)
    with captured():
        answer = client.post(form.action.partition("?")[0], values)
    rows: Rows = []
    counts = written({*names})
    for name, now in places([name for name in names if counts.get(name) != touched.get(name)] or names[:1]).items():
        fresh = sorted(place.split()[0] for place in now - lay[name])
        if fresh:
            with connection.cursor() as cursor:
                cursor.execute(f'SELECT to_jsonb(t) FROM "{name}" t WHERE ctid = ANY(%s::tid[]) ORDER BY ctid', [fresh])
                rows += [(name, json.loads(row) if isinstance(row, str) else row) for (row,) in cursor.fetchall()]
    transaction.savepoint_rollback(before)
    client.cookies = cookies
    return answer, rows


def differences(one: Rows, other: Rows) -> set[str]:
    """Return the columns that differ between two runs."""
    if [name for name, _row in one] != [name for name, _row in other]:
        return {"rows"}
    found = set()
    for (name, row), (_same, twin) in zip(one, other, strict=True):
        found |= {f"{name}.{column}" for column in row if timeless(row[column]) != timeless(twin.get(column))}
    return found


def timeless(value: Any) -> Any:
    """A value without the second in which a file was named: two sendings may fall into one second, and the third into the next."""
    return CLOCK.sub("", value) if isinstance(value, str) else value


def marked(rows: Rows) -> set[str]:
    """Return the columns in which the foreign value stands."""
    return {f"{name}.{column}" for name, row in rows for column, value in row.items() if MARKER in json.dumps(value)}


def found_in(who: Client, form: Form, names: list[str], given: dict[str, str] | None = None) -> tuple[bool, str]:
    """Return whether the form stores anything, and what foreign names changed; empty when nothing."""

    def sent(**extra: str) -> tuple[Any, Rows]:
        # Files are read once: they are made anew each time.
        return stored(who, form, {**extra, **filled(form, given)}, names)

    plain, before = sent()
    if not before:
        return False, ""
    by_itself = differences(before, sent()[1])
    answer, rows = sent(**columns())
    wrong = (differences(before, rows) - by_itself) | (marked(rows) - marked(before))
    if "rows" in by_itself:
        wrong -= {"rows"}
    codes = f"{plain.status_code} → {answer.status_code}"
    return True, f"{form.action}: {codes}, {sorted(wrong)}" if wrong or answer.status_code != plain.status_code else ""


def given_by(things: Things) -> dict[str, str]:
    """Return rows of this world by the names of the fields that ask for one."""
    own = {kind: next((thing.reference for thing in rows if thing.relation == "own"), "") for kind, rows in things.items()}
    return {"account": own["account"], "customer": own["customer"]}


def walk(who: Principal, shown: list[Form], given: dict[str, str], share: int = 1) -> list[str]:
    """Print the counts and what stored nothing; return what was changed by foreign names."""
    names, failures, stores, silent, began = tables(), [], 0, set(), time.monotonic()
    for form in shown:
        action = REFERENCE.sub("…", form.action)
        if form.method != "POST" or (share > 1 and crc32(action.encode()) % share):
            continue
        stored_any, wrong = found_in(who.client, form, names, given)
        stores += stored_any
        if wrong:
            failures.append(f"{who.name} {wrong}")
        if not stored_any:
            silent.add(action)
    if is_out(who, who.client.get("/")):
        failures.append(f"{who.name} was signed out, and nothing was tried from then on")
    counts = f"{len(columns())} names, {stores} forms that store, {len(silent)} that store nothing, {len(failures)} changed"
    print(f"\nforeign fields: {who.name}: {counts}, {time.monotonic() - began:.0f} s\nnothing stored: {sorted(silent)}")
    assert stores
    return failures


def test_a_slice_of_forms(bank: Bank, world: tuple[Things, User], partner_headers: dict[str, str]) -> None:
    """One reader: each form once with another text in each field, and some forms with foreign names."""
    things, sign_in = world
    who = principal(bank, READERS[0], partner_headers, sign_in)
    shown = list(all_forms(who, things))
    failures = fuzz(who, shown, every=False) + walk(who, shown, given_by(things), SHARE)
    assert failures == [], "\n".join(failures)


@pytest.mark.slow
@pytest.mark.parametrize("name", MORE[:-1])
def test_fields_that_no_form_has(bank: Bank, world: tuple[Things, User], partner_headers: dict[str, str], name: str) -> None:
    """Every form that a reader is shown."""
    things, sign_in = world
    who = principal(bank, name, partner_headers, sign_in)
    failures = walk(who, list(all_forms(who, things)), given_by(things))
    assert failures == [], "\n".join(failures)


def test_a_form_that_hands_on_all_it_was_sent_is_found(bank: Bank, sun_yue: User, monkeypatch: pytest.MonkeyPatch) -> None:
    """The hole: what came with the request and is named like a column is put into the row, as `Model(**request.POST)` would."""
    clean, save, came = forms.BaseForm._clean_form, Customer.save, dict[str, str]()  # type: ignore[attr-defined]

    def remember(self: Any) -> None:
        clean(self)
        came.update({name: value for name, value in self.data.items() if name not in self.fields})

    def hole(self: Customer, *args: Any, **kwargs: Any) -> None:
        if not self.pk and "name_pinyin" in came:
            self.name_pinyin = came["name_pinyin"]
        save(self, *args, **kwargs)

    client = browser(sun_yue)
    client.raise_request_exception = False
    [form] = [form for form in forms_of("/customers/new/", client.get("/customers/new/").content.decode()) if "id_number" in form.values]
    assert found_in(client, form, tables()) == (True, "")
    monkeypatch.setattr(forms.BaseForm, "_clean_form", remember)
    monkeypatch.setattr(Customer, "save", hole)
    assert "name_pinyin" in found_in(client, form, tables())[1]
