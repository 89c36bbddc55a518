"""No ID number, mobile, account or counterparty account in clear: not in a dump, not in the state folder, not in a broker message."""

import base64
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote_plus

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection

from crm.fields.errors import SealBroken
from crm.jobs.queue import captured
from crm.lists.models import SavedView
from crm.operations.pytest_plugin import RUN
from crm.operations.servers.postgres import SUPERUSER
from crm.staff.models import User
from crm.tests.personas import Bank, browser
from crm.tests.web import Visitor, web
from customers.models import Customer
from products.models import Account
from transactions.models import Source, Transaction

pytestmark = pytest.mark.django_db(transaction=True)
# Numbers of this test alone, so that nothing another test writes can hide or excuse a leak.
ID_NUMBER = "11010519780506041X"
MOBILE = "19866604417"
ACCOUNT = "6217995550001112221"
COUNTERPARTY = "6230580000777666550"
WEB_LOG = RUN.home.path / "logs" / "web.log"
CANARIES = {"ID number": ID_NUMBER, "mobile": MOBILE, "account": ACCOUNT, "counterparty account": COUNTERPARTY}


def shapes(text: str) -> Iterator[bytes]:
    """Yield the forms in which a number could lie about: plain, grouped, base64 at every offset, UTF-16, hexadecimal."""
    raw = text.encode()
    yield raw
    yield " ".join(text[i : i + 4] for i in range(0, len(text), 4)).encode()
    for shift in range(3):
        coded = base64.b64encode(b"\0" * shift + raw)
        yield coded[4 if shift else 0 : len(coded) - 4]
    yield text.encode("utf-16-le")
    yield text.encode("utf-16-be")
    yield raw.hex().encode()


def found_in(content: bytes, canaries: dict[str, str]) -> set[str]:
    """Return which canaries the bytes hold in any shape."""
    return {name for name, text in canaries.items() if any(shape in content for shape in shapes(text))}


def live(bank: Bank, canaries: dict[str, str], manager: User, operations: User) -> list[Any]:
    """Use the product as people do: record, search, open an account, pay, upload a file; return what would go to the broker."""
    Source.objects.get_or_create(code="core", defaults={"name": "Core banking", "already_completed": True})
    with captured() as messages:
        page = browser(manager)
        answer = page.post("/customers/new/", _customer(bank, canaries))
        assert answer.status_code == 302, answer.context["form"].errors
        customer = Customer.objects.get()
        page.post("/search/", {"q": canaries["ID number"]})
        page.get("/search/", {"q": canaries["mobile"]})
        opened = page.post(f"/products/customers/{customer.reference}/accounts/new/", _account(bank, canaries))
        assert opened.status_code == 302, opened.context["form"].errors
        desk = browser(operations)
        heading = "交易流水号,账号,借方,贷方,交易时间,对方账号"
        text = f"{heading}\nF1,{canaries['account']},100.00,,2026-11-20 12:00:00,{canaries['counterparty account']}\n"
        desk.post("/transactions/files/new/", {"source": "core", "file": SimpleUploadedFile("day.csv", text.encode("gb18030"))})
        form = desk.get("/transactions/new/").content.decode()
        token = re.search(r'name="token" value="([0-9a-f]{32})"', form)
        assert token is not None
        paid = desk.post("/transactions/new/", _payment(canaries, token[1]))
        assert paid.status_code == 302, paid.context["form"].errors
    assert Account.objects.count() == Transaction.objects.count() == 1
    return messages


def search_and_save(manager: User, canaries: dict[str, str]) -> list[str]:
    """Look for each number in a list of a real web process, by box and by address, and keep it as a view; return the addresses met."""
    met = []
    with web(WEB_LOG) as base:
        visitor, stranger = Visitor(base, manager), Visitor(base)
        for number, (path, name, text) in enumerate(_searches(canaries)):
            _address, page = visitor.get(path)
            listed = {"next": path, name: text}
            address, page = visitor.post(f"/lists/{_list_of(page)}/show/", page, **listed)
            met.append(address)
            assert text in page, "the box forgot what was typed"
            kept = {"label": f"view {number}", "query": address.partition("?")[2], "next": path}
            visitor.post(f"/lists/{_list_of(page)}/views/save/", page, **kept)
            met.append(visitor.get(path, **{name: text})[0])
            met.append(stranger.get(path, **{name: text})[0])
            visitor.get(f"/no-such-page/{quote(text)}/")
            visitor.get("/search/", q=text)
    return met


def _searches(canaries: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    for text in (*canaries.values(), " ".join(canaries["account"][i : i + 4] for i in range(0, 19, 4)), f"赵清 {canaries['mobile']}"):
        yield "/customers/", "q", text
        yield "/transactions/", "counterparty", text


def _list_of(page: str) -> str:
    found = re.search(r'action="[^"]*/lists/([\w.-]+)/show/"', page)
    assert found is not None, page[:2000]
    return found[1]


def _customer(bank: Bank, canaries: dict[str, str]) -> dict[str, Any]:
    return {
        "kind": "person",
        "core_number": "6217000999",
        "name": "赵清",
        "id_type": "resident_card",
        "id_number": canaries["ID number"],
        "birth_date": "1978-05-06",
        "gender": "male",
        "mobile": canaries["mobile"],
        "segment": "retail",
        "opening_branch": bank.branches["110001"].pk,
        "manager": bank.people["80001"].pk,
        "aml_risk_level": 1,
        "lifecycle_stage": "acquired",
        "credit_record": "none",
    }


def _account(bank: Bank, canaries: dict[str, str]) -> dict[str, Any]:
    return {
        "number": canaries["account"],
        "holder_name": "赵清",
        "kind": "class_1",
        "currency": "CNY",
        "branch": bank.branches["110001"].pk,
        "opened_at": "2024-01-05",
        "reported_balance": "1000.00",
    }


def _payment(canaries: dict[str, str], token: str) -> dict[str, Any]:
    return {
        "token": token,
        "account": canaries["account"],
        "direction": "D",
        "amount": "10.00",
        "currency": "CNY",
        "occurred_at": "2026-11-20T12:00:00",
        "kind": "transfer",
        "instrument": "transfer",
        "channel": "counter",
        "counterparty_name": "王芳",
        "counterparty_account": canaries["counterparty account"],
    }


def dump() -> bytes:
    """Return the database as pg_dump writes it, with data in plain SQL."""
    with RUN.postgres.connect(RUN.database) as session:
        session.execute("CHECKPOINT")
        password = session.info.password
    command = [str(RUN.postgres._binary("pg_dump")), "-h", str(RUN.home.sockets), "-U", SUPERUSER, "--no-owner", RUN.database]
    environment = {"PATH": "/usr/bin:/bin", "PGPASSWORD": password, "LC_ALL": "C.UTF-8"}
    return subprocess.run(command, env=environment, capture_output=True, check=True).stdout


def files() -> Iterator[tuple[str, bytes]]:
    """Yield every file of the state folders: tables, WAL, broker, uploads, mails, logs."""
    for folder in {RUN.home.path, RUN.home.state}:
        for path in Path(folder).rglob("*"):
            if path.is_file() and not path.is_symlink():
                yield str(path), _read(path)


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except FileNotFoundError:  # the server removed it meanwhile
        return b""


@pytest.mark.skipif(os.geteuid() != 0 and RUN.home.account is not None, reason="The data folder belongs to another account.")
def test_nothing_lies_in_clear(bank: Bank, sun_yue: User, operations: User) -> None:
    """R269, R270, R284: searched in plain, grouped, base64, UTF-16 and hexadecimal."""
    canaries = CANARIES
    messages = live(bank, canaries, sun_yue, operations)
    addresses = search_and_save(sun_yue, canaries)
    assert found_in(unquote_plus(" ".join(addresses)).encode(), canaries) == set()
    assert SavedView.objects.count() == 2 * (len(canaries) + 2)
    lines = (WEB_LOG).read_text()
    assert "GET /customers/" in lines, "the web process wrote no lines: the search proves nothing"
    written = dump()
    assert "赵清".encode() in written, "the dump does not hold the world: the search proves nothing"
    assert found_in(written, canaries) == set()
    assert found_in(repr(messages).encode(), canaries) == set()
    leaks = {path: found for path, content in files() if (found := found_in(content, canaries))}
    assert leaks == {}


def test_the_search_would_find_a_leak() -> None:
    """The check fails when the thing breaks: a number in a remark is found in every shape."""
    for shape in shapes(MOBILE):
        assert found_in(b"xx" + shape + b"yy", CANARIES) == {"mobile"}
    assert found_in(base64.b64encode(b"remark " + MOBILE.encode() + b" end"), CANARIES) == {"mobile"}


def test_swapped_ciphertexts_are_refused_in_words(zhang_wei: Customer, li_na: Customer) -> None:
    """Two sealed values exchanged by SQL open for nobody, and the page says why."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE customers_customer c SET id_number = o.id_number FROM customers_customer o"
            " WHERE c.id IN (%(a)s, %(b)s) AND o.id IN (%(a)s, %(b)s) AND o.id <> c.id",
            {"a": zhang_wei.pk, "b": li_na.pk},
        )
        cursor.execute("SELECT count(*) FROM customers_customer WHERE id_number IS NOT NULL")
    swapped = Customer.objects.get(pk=zhang_wei.pk)
    with pytest.raises(SealBroken) as refusal:
        swapped.id_number.open()
    assert len(str(refusal.value)) > 20
