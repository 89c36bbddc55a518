"""Proof 3: texts that occur nowhere else stand in rows out of reach and in masked fields; no channel may show one.

Channels: every page, fragment and list that opens, every refusal, the search box (a value typed in part, and in full against one that
exists nowhere), the read-only admin, files to download, answers of the API, notices and mails. For everybody.

What it cannot find: a value told by its length, its order in a list or the time an answer takes; a value taken apart (spaced, hashed, in a
picture); a channel that needs a permitted write first (an export that was asked for: crm/exports/tests).

Requirements: R253, R257, R261, R268.
"""

import io
import re
import time
import zipfile
from dataclasses import dataclass, field
from typing import Any

import pytest
from django.core import mail
from django.http import HttpResponse

from crm.notify.models import Notice
from crm.staff.models import User
from crm.tests.personas import Bank
from crm.tests.proofs import things as told
from crm.tests.proofs.principals import CUSTOMER, PARTNER, PRINCIPALS, STRANGER, Principal, person_of, principal
from crm.tests.proofs.test_matrix import cells
from crm.tests.proofs.things import RELATIONS, Things, build_things
from crm.tests.route_table import ROUTES
from customers.models import Customer
from products.models import Account

pytestmark = pytest.mark.django_db
# One who sees a part of the bank, and one who sees nobody.
QUICK = ("relationship-manager", "system-officer")
QUICK_RELATIONS = ("own", "other")
NAMES = {"own": "令狐甲辰", "branch": "司马琉璃", "other": "欧阳玳瑁", "granted": "上官琥珀", "lapsed": "诸葛翡翠"}
# Whose reach is the whole bank sees every name; then only the masked values count.
UNKNOWN = {"id_number": "110105199901019996", "mobile": "13611119999"}


@dataclass
class Canaries:
    """What must not be seen: by anybody, and of whom."""

    masked: dict[str, str] = field(default_factory=dict)
    of: dict[str, dict[str, str]] = field(default_factory=dict)


@pytest.fixture
def world(bank: Bank, settings: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> tuple[Things, User]:
    """Everything, in every relation, under names of its own."""
    settings.MEDIA_ROOT = tmp_path
    named = {relation: (*values[:2], NAMES[relation], values[3]) for relation, values in told.CUSTOMERS.items()}
    monkeypatch.setattr(told, "CUSTOMERS", named)
    return build_things(bank, [person_of(bank, name) for name in PRINCIPALS if name not in (STRANGER, PARTNER, CUSTOMER)])


def hidden() -> Canaries:
    """Return the canaries of this world."""
    found = Canaries()
    for relation in RELATIONS:
        customer = Customer.objects.get(name=NAMES[relation])
        account = Account.objects.get(customer=customer)
        found.of[relation] = {"name": customer.name, "core number": customer.core_number, "reference": customer.reference}
        found.of[relation]["account"] = account.reference
        n = RELATIONS.index(relation)
        masked = {
            "ID": told.CUSTOMERS[relation][3],
            "mobile": f"1370000222{n}",
            "mail": f"c{n}@mail.test",
            "number": f"62220200000012388{n}1",
        }
        found.masked |= {f"{what} of {relation}": value for what, value in masked.items()}
    found.masked["counterparty"] = "6217000010001234567"
    return found


def text_of(answer: Any) -> str:
    """Return everything an answer says: headers, body, and what is inside a workbook."""
    body = b"".join(answer.streaming_content) if answer.streaming else answer.content
    if body[:2] == b"PK":
        with zipfile.ZipFile(io.BytesIO(body)) as file:
            body = b"\n".join(file.read(name) for name in file.namelist())
    return f"{answer.headers}\n{body.decode('utf-8', 'replace')}"


def is_hidden_from(who: Principal, relation: str, things: Things) -> bool:
    """Return whether a relation's customer is out of this reader's reach altogether."""
    thing = next(one for one in things["customer"] if one.relation == relation)
    reaches = {who.reach(gate) for gate in ROUTES.values() if isinstance(gate, str)} - {"source"}
    return not any(thing.is_in(reach, who) for reach in reaches if reach != "all" or who.reach("customers.view_customer") == "all")


def asked(who: Principal, things: Things, canaries: Canaries, relations: tuple[str, ...] = RELATIONS) -> list[tuple[str, str, str]]:
    """(channel, address, what it said) of all that this reader can ask."""
    said, lists = [], []
    for cell in cells(things):
        if cell.method != "GET" or (cell.thing and cell.thing.relation not in relations):
            continue
        answer = who.client.get(cell.address)
        own = cell.thing.reference if cell.thing else ""
        # An address says what its reader typed: that is no news to her.
        said.append((f"{answer.status_code}", cell.address, text_of(answer).replace(own, "") if own else text_of(answer)))
        if answer.status_code == 200 and cell.thing is None and b'name="q"' in answer.content:
            lists.append(cell.address)
    seen = [seen for relation, seen in canaries.of.items() if relation in relations]
    parts = sorted({value[: max(2, len(value) * 2 // 3)] for one in seen for value in list(one.values())[:2]})
    for address in [*lists, "/search/"]:
        said += [("typed", f"{address}?q={part}", text_of(who.client.get(address, {"q": part}))) for part in parts]
    return said


def without_chance(text: str) -> str:
    """Return a page without what differs from one reading to the next, and without what was typed."""
    for typed in (*UNKNOWN.values(), told.CUSTOMERS["other"][3], "13700002222"):
        text = text.replace(typed, "")
    return re.sub(r"[0-9a-f]{32}|[A-Za-z0-9_-]{40,}|\d+ ms", "", text)


def sing(
    bank: Bank, world: tuple[Things, User], headers: dict[str, str], names: tuple[str, ...], relations: tuple[str, ...] = RELATIONS
) -> list[str]:
    """Print the counts; return the canaries that were seen."""
    (things, sign_in), canaries = world, hidden()
    failures, answers, looked_for, began = [], 0, 0, time.monotonic()
    for name in names:
        who = principal(bank, name, headers, sign_in)
        looked = {what: value for what, value in canaries.masked.items() if not what.startswith("mail")}
        for relation, seen in canaries.of.items():
            if is_hidden_from(who, relation, things):
                looked |= {f"{what} of {relation}": value for what, value in seen.items()}
        looked_for += len(looked)
        for channel, address, text in asked(who, things, canaries, relations):
            answers += 1
            failures += [f"{name} {channel} {address}: {what}" for what, value in looked.items() if value in text]
    counted = f"{len(names)} readers, {looked_for} looked for, {answers} answers, {len(failures)} seen"
    print(f"\ncanaries: {counted}, {time.monotonic() - began:.0f} s")
    return failures


def test_a_few_readers(bank: Bank, world: tuple[Things, User], partner_headers: dict[str, str]) -> None:
    """R253, R268: one who sees a part, and one who sees nobody."""
    failures = sing(bank, world, partner_headers, QUICK, QUICK_RELATIONS)
    assert failures == [], "\n".join(failures[:60])


@pytest.mark.slow
@pytest.mark.parametrize("name", PRINCIPALS)
def test_everybody(bank: Bank, world: tuple[Things, User], partner_headers: dict[str, str], name: str) -> None:
    """R253, R268."""
    failures = sing(bank, world, partner_headers, (name,))
    assert failures == [], "\n".join(failures[:60])


def test_the_search_box_confirms_nothing(bank: Bank, world: tuple[Things, User], partner_headers: dict[str, str]) -> None:
    """R261: a number of somebody out of reach answers as one that exists nowhere."""
    things, sign_in = world
    numbers = {"id_number": told.CUSTOMERS["other"][3], "mobile": "13700002222"}
    for name in ("relationship-manager", "branch-manager", "system-officer", CUSTOMER):
        who = principal(bank, name, partner_headers, sign_in)
        for what, number in numbers.items():
            there, nowhere = (without_chance(text_of(who.client.get("/search/", {"q": typed}))) for typed in (number, UNKNOWN[what]))
            assert there == nowhere, f"{name}: {what}"
    assert things


def test_notices_and_mails_name_nobody(bank: Bank, world: tuple[Things, User]) -> None:
    """R268: what is sent holds references, no names and no numbers."""
    canaries = hidden()
    values = [value for seen in canaries.of.values() for what, value in seen.items() if what in ("name", "core number")]
    values += canaries.masked.values()
    rows = Notice.objects.values_list("subject", "body", "params", "url_args")
    text = "\n".join([*(str(row) for row in rows), *(f"{one.subject} {one.body}" for one in mail.outbox)])
    assert rows.count() > len(RELATIONS)
    assert [value for value in values if value in text] == []


def test_a_planted_canary_is_seen(bank: Bank, world: tuple[Things, User], partner_headers: dict[str, str]) -> None:
    """The search for them, shown to find: a name out of reach in a page, and a number inside a workbook."""
    things, sign_in = world
    who = principal(bank, "relationship-manager", partner_headers, sign_in)
    assert is_hidden_from(who, "other", things) and not is_hidden_from(who, "own", things)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("xl/sharedStrings.xml", told.CUSTOMERS["other"][3])
    assert told.CUSTOMERS["other"][3] in text_of(HttpResponse(packed.getvalue()))
    assert NAMES["own"] in "".join(
        text for _channel, _address, text in asked(who, {"customer": things["customer"][:1]}, hidden(), ("own",))
    )
