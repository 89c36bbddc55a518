"""Proof 3: texts that occur nowhere else stand in rows out of reach and in masked fields; no channel may show one.

Channels: every page, fragment and list that opens, every refusal and error page (400, 404, 405, 500), the search box and the search of
every list (a value typed in part), the number of hits (a name out of reach, typed in full, answers as one that exists nowhere), every list
as an Excel file, the read-only admin with its rows, answers of the API, notices and mails, the process log and the lines of the audit log.
For everybody. The product has no autocompletion (audit/tests/test_admin.py sees to the admin's).

What it cannot find: a value told by its length, its order in a list or the time an answer takes; a value taken apart (spaced, hashed, in a
picture); what a script would draw; a channel that opens only after a permitted write other than an export.

Requirements: R253, R257, R261, R268.
"""

import io
import re
import time
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import pytest
from django.core import mail
from django.http import HttpResponse

from crm.fields.pinyin import pinyin
from crm.lists.definitions import all_known
from crm.log.models import Event
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
# One question of so many of them, and the search of so many lists.
SLICE, MOST_LISTS = 7, 2
NAMES = {"own": "令狐甲辰", "branch": "司马琉璃", "other": "欧阳玳瑁", "granted": "上官琥珀", "lapsed": "诸葛翡翠"}
# Whose reach is the whole bank sees every name; then only the masked values count.
NOBODY = "西门荸荠"
DIFFERS = "the number of hits differs"
SAID = {"purpose": "review", "words": "季度会议", "next": "/"}
# Samples of every component, with the time of day; its box searches nothing.
NO_SEARCH = ("styleguide/",)
# The log speaks in references, and whoever reads the log reads them; a partner reads back the account that it named itself.
TOLD_BY_DESIGN = {("audit-officer", "audit.event"): ("reference of", "account of"), (PARTNER, "/api/v1/transactions"): ("account of own",)}
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


def asked(who: Principal, things: Things, canaries: Canaries, share: int = 1) -> Iterator[tuple[str, str, str]]:
    """(channel, address, what it said) of all that this reader can ask."""
    lists = ["/search/"]
    for cell in cells(things):
        if cell.method != "GET" or not cell.is_in(share, who.name):
            continue
        answer = who.client.get(cell.address)
        own = cell.thing.reference if cell.thing else ""
        # An address says what its reader typed: that is no news to her.
        yield f"{answer.status_code}", cell.address, text_of(answer).replace(own, "") if own else text_of(answer)
        if answer.status_code == 200 and cell.thing is None and b'name="q"' in answer.content and cell.route not in NO_SEARCH:
            lists.append(cell.address)
            yield "bad parameter", cell.address, text_of(who.client.get(cell.address, {"sort": "none"}))
    parts = sorted({value[: max(2, len(value) * 2 // 3)] for one in canaries.of.values() for value in list(one.values())[:2]})
    for address in lists[:MOST_LISTS] if share > 1 else lists:
        for part in parts[:: min(share, 2)]:
            yield "typed", f"{address}?q={part}", text_of(who.client.get(address, {"q": part}))
        yield from counts(who, address)
    for one in all_known():
        if one.export_permission and who.reach(one.export_permission) != "none":
            yield "file", one.name, text_of(who.client.post(f"/lists/{one.name}/export/", {**SAID, "query": ""}))


def counts(who: Principal, address: str) -> Iterator[tuple[str, str, str]]:
    """Where a name out of reach is typed in full and the answer is another than for one of nobody, that difference, marked."""
    for relation, name in NAMES.items():
        if relation in who.hidden:
            there, nowhere = (without_chance(text_of(who.client.get(address, {"q": typed}))) for typed in (name, NOBODY))
            yield "hits", f"{address}?q={name}", "" if there == nowhere else f"{DIFFERS}: {there}"


def without_chance(text: str) -> str:
    """Return a page without what differs from one reading to the next, and without what was typed."""
    for typed in (*UNKNOWN.values(), told.CUSTOMERS["other"][3], "13700002222", *NAMES.values(), NOBODY):
        text = text.replace(typed, "").replace(quote(quote(typed)), "").replace(quote(typed), "").replace(pinyin(typed), "")
    return re.sub(r"[0-9a-f]{32}|[A-Za-z0-9_-]{40,}|\d+ ms|\d+:\d+:\d+|'Content-Length': '\d+'", "", text)


def sing(
    bank: Bank, world: tuple[Things, User], headers: dict[str, str], names: tuple[str, ...], log: pytest.LogCaptureFixture, share: int = 1
) -> list[str]:
    """Print the counts; return the canaries that were seen."""
    (things, sign_in), canaries = world, hidden()
    failures, answers, looked_for, lines, began = list[str](), 0, 0, 0, time.monotonic()
    log.set_level("INFO")
    for name in names:
        who = principal(bank, name, headers, sign_in)
        looked = dict(canaries.masked)
        who.hidden = tuple(relation for relation in canaries.of if is_hidden_from(who, relation, things))
        for relation in who.hidden:
            looked |= {f"{what} of {relation}": value for what, value in canaries.of[relation].items()}
        looked |= {"a number of hits": DIFFERS}
        looked_for += len(looked)
        for channel, address, text in asked(who, things, canaries, share):
            answers += 1
            told_here = TOLD_BY_DESIGN.get((name, address.rpartition("/T-")[0] or address), ())
            failures += [
                f"{name} {channel} {address}: {what}" for what, value in looked.items() if value in text and not what.startswith(told_here)
            ]
        failures, lines = failures + logged(canaries, log), lines + len(log.records)
        # Last: what a programmer wrote into an exception stands in the process log, numbers hidden.
        page = broken(who, canaries)
        failures += [f"{name} 500 /search/: {what}" for what, value in looked.items() if value in page]
        log.clear()
    counted = f"{len(names)} readers, {looked_for} looked for, {answers} answers, {lines} log lines, {len(failures)} seen"
    print(f"\ncanaries: {', '.join(names)}: {counted}, {time.monotonic() - began:.0f} s", *failures[:60], sep="\n")
    return failures


def broken(who: Principal, canaries: Canaries) -> str:
    """What a page says that breaks over a row out of reach."""

    def breaks(*_args: Any) -> Any:
        raise RuntimeError(str(canaries))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("crm.ui.search.find", breaks)
        return text_of(who.client.get("/search/", {"q": "白山"}))


def logged(canaries: Canaries, log: pytest.LogCaptureFixture) -> list[str]:
    """The canaries in the process log, and the masked ones in the audit log's lines."""
    names = {f"{what} of {relation}": one[what] for relation, one in canaries.of.items() for what in ("name", "core number")}
    lines = "\n".join(f"{record.getMessage()} {record.__dict__.get('request', '')}" for record in log.records)
    found = [f"process log: {what}" for what, value in {**names, **canaries.masked}.items() if value in lines]
    events = "\n".join(str(row) for row in Event.objects.values_list("data", "reason", "target_ref", "customer", "actor_name"))
    return found + [f"audit log: {what}" for what, value in canaries.masked.items() if value in events]


def test_a_few_readers(bank: Bank, world: tuple[Things, User], partner_headers: dict[str, str], caplog: pytest.LogCaptureFixture) -> None:
    """R253, R261, R268: one who sees a part and one who sees nobody; the search box; notices and mails; planted canaries are seen."""
    failures = sing(bank, world, partner_headers, QUICK, caplog, SLICE)
    assert failures == [], "\n".join(failures[:60])
    search_box_confirms_nothing(bank, world, partner_headers)
    notices_and_mails_name_nobody()
    planted_canaries_are_seen(bank, world, partner_headers)


@pytest.mark.slow
@pytest.mark.parametrize("name", PRINCIPALS)
def test_everybody(
    bank: Bank, world: tuple[Things, User], partner_headers: dict[str, str], caplog: pytest.LogCaptureFixture, name: str
) -> None:
    """R253, R268."""
    failures = sing(bank, world, partner_headers, (name,), caplog)
    assert failures == [], "\n".join(failures[:60])


def search_box_confirms_nothing(bank: Bank, world: tuple[Things, User], headers: dict[str, str]) -> None:
    """A number of somebody out of reach answers as one that exists nowhere."""
    numbers = {"id_number": told.CUSTOMERS["other"][3], "mobile": "13700002222"}
    for name in ("relationship-manager", "branch-manager", "system-officer", CUSTOMER):
        who = principal(bank, name, headers, world[1])
        for what, number in numbers.items():
            there, nowhere = (without_chance(text_of(who.client.get("/search/", {"q": typed}))) for typed in (number, UNKNOWN[what]))
            assert there == nowhere, f"{name}: {what}"


def notices_and_mails_name_nobody() -> None:
    """What is sent holds references, no names and no numbers."""
    canaries = hidden()
    values = [value for seen in canaries.of.values() for what, value in seen.items() if what in ("name", "core number")]
    values += canaries.masked.values()
    rows = Notice.objects.values_list("subject", "body", "params", "url_args")
    text = "\n".join([*(str(row) for row in rows), *(f"{one.subject} {one.body}" for one in mail.outbox)])
    assert rows.count() > len(RELATIONS)
    assert [value for value in values if value in text] == []


def planted_canaries_are_seen(bank: Bank, world: tuple[Things, User], headers: dict[str, str]) -> None:
    """The search for them, shown to find: in a page, inside a workbook, by a number of hits."""
    things, sign_in = world
    who = principal(bank, "relationship-manager", headers, sign_in)
    assert is_hidden_from(who, "other", things) and not is_hidden_from(who, "own", things)
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        file.writestr("xl/sharedStrings.xml", told.CUSTOMERS["other"][3])
    assert told.CUSTOMERS["other"][3] in text_of(HttpResponse(packed.getvalue()))
    assert NAMES["own"] in text_of(who.client.get(f"/customers/{things['customer'][0].reference}/"))
    who.hidden = ("own",)
    assert [text[: len(DIFFERS)] for _channel, _address, text in counts(who, "/customers/")] == [DIFFERS]
