"""Proof 7: nothing of a person lies in clear in twelve places, and each place is one that the searcher sees.

Requirements: R269, R270, R284. The story (record, search, account, payment, file) is told by `test_nothing_in_clear`; here its traces
are searched place by place, and in the second test a leak is planted in each place, in different shapes. What the searcher cannot find
is said in `crm.tests.places`.
"""

import base64
import gzip
import io
import os
import re
import tempfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.mail import EmailMessage
from django.db import connection
from django.test import Client
from kombu import Connection
from openpyxl import Workbook

from crm.notify.mail_files import FileMail
from crm.operations.pytest_plugin import RUN
from crm.staff.models import User
from crm.tests import places
from crm.tests.personas import Bank, browser
from crm.tests.test_nothing_in_clear import CANARIES, live
from customers.models import Customer

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(os.geteuid() != 0 and RUN.home.account is not None, reason="The data folder belongs to another account."),
]
PLANTED = "6225887799001122334"
TWELVE = (
    *("dump", "data files", "WAL", "broker", "task payloads", "sessions"),
    *("logs", "mail spool", "exports", "uploads", "temporary files", "error pages"),
)


@pytest.fixture
def own_folders(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Mails, stored files and temporary files of this test alone."""
    settings.EMAIL_FILE_PATH, settings.MEDIA_ROOT = str(tmp_path / "mail"), tmp_path / "files"
    settings.EMAIL_BACKEND = "crm.notify.mail_files.FileMail"
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    return tmp_path


def error_pages(manager: User, canaries: dict[str, str]) -> Iterator[places.Found]:
    """Answers that say no, to somebody who typed a number into everything.

    The forms of language and look bring the asker back to the address that was typed, number and all: that hidden field is left out.
    """
    for who in (browser(manager), Client()):
        who.raise_request_exception = False
        for text in canaries.values():
            for answer in (
                who.get(f"/no-such-page/{text}/"),
                who.get("/customers/", {"page": text, "sort": text}),
                who.post("/customers/new/", {"id_number": text}, headers={"x-csrftoken": text}),
                who.post("/api/v1/transactions/", f'{{"account": "{text}"', content_type="application/json"),
                who.get("/", headers={"host": f"{text}.example"}),
            ):
                if answer.status_code >= 400:
                    yield (
                        f"{answer.status_code} {answer.request['PATH_INFO'][:20]}",
                        re.sub(rb'name="next" value="[^"]*"', b"", answer.content),
                    )


def all_places(messages: list[Any], refused: places.Place) -> dict[str, places.Place]:
    """The twelve, in the order in which they are to be looked at: the dump and the data files make checkpoints."""
    looks = (places.dump, places.data_files, places.wal, places.broker, places.payloads(messages), places.sessions, places.logs)
    rest = (places.mails, places.stored_files, places.stored_files, places.temporary, refused)
    named = dict(zip(TWELVE, (*looks, *rest), strict=True))
    return {"WAL": named.pop("WAL"), **named}


def test_nothing_lies_in_clear_in_twelve_places(bank: Bank, sun_yue: User, operations: User, own_folders: Path) -> None:
    messages = live(bank, CANARIES, sun_yue, operations)
    found = {name: places.leaks(place, CANARIES) for name, place in all_places(messages, lambda: error_pages(sun_yue, CANARIES)).items()}
    assert {name: leaks for name, leaks in found.items() if leaks} == {}
    assert any(b"\xe8\xb5\xb5\xe6\xb8\x85" in content for _path, content in places.dump()), "the dump does not hold the world"


def workbook() -> bytes:
    book, buffer = Workbook(), io.BytesIO()
    assert book.active is not None
    book.active.append(["account", " ".join(PLANTED[at : at + 4] for at in range(0, 19, 4))])
    book.save(buffer)
    return buffer.getvalue()


def zipped(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("rows.csv.gz", gzip.compress(content))
    return buffer.getvalue()


def plant(own_folders: Path, customer: Customer) -> list[Any]:
    """A leak in each place, each in another shape; returns the messages."""
    with connection.cursor() as cursor:  # dump, data files and WAL: a number in a column that is not sealed
        for text in (PLANTED, "", PLANTED, "", PLANTED):  # one of them may lie across two pages of the WAL
            cursor.execute("UPDATE customers_customer SET region = %s WHERE id = %s", [text, customer.pk])
    with Connection(broker_address()) as link:
        link.default_channel.client.set("planted", PLANTED.encode().hex())  # type: ignore[attr-defined]
    session = Client().session
    session["back"] = f"/customers/?q={PLANTED[-12:]}"
    session.save()
    log = Path(RUN.home.path) / "logs" / "planted.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    log.write_bytes(f"asked for {PLANTED}".encode("utf-16-le"))
    text = base64.b64encode(f"account {PLANTED} was closed".encode()).decode()
    EmailMessage("subject", text, "crm@bank.test", ["a@bank.test"], connection=FileMail()).send()
    folder = own_folders / "files"
    (folder / "exports").mkdir(parents=True)
    (folder / "uploads").mkdir()
    (folder / "exports" / "book.xlsx").write_bytes(workbook())
    (folder / "uploads" / "rows.zip").write_bytes(zipped(PLANTED.encode()))
    with tempfile.NamedTemporaryFile(delete=False) as file:
        file.write(gzip.compress(PLANTED.encode("utf-16-be")))
    return [("transactions.judge", {"note": "-".join(PLANTED[at : at + 4] for at in range(0, 19, 4))})]


def broker_address() -> str:
    return str(django_settings.CELERY_BROKER_URL)


def test_a_leak_in_each_of_the_twelve_would_be_found(bank: Bank, zhang_wei: Customer, own_folders: Path) -> None:
    """12 of 12 planted leaks are found, each in its own place."""
    planted = {"planted": PLANTED}
    messages = plant(own_folders, zhang_wei)
    try:
        looks = all_places(messages, lambda: [("500", f"<p>{PLANTED[:3]} {PLANTED[3:6]}</p><p>{PLANTED}</p>".encode())])
        found = {name: places.leaks(place, planted) for name, place in looks.items()}
    finally:
        (Path(RUN.home.path) / "logs" / "planted.log").unlink()
        with Connection(broker_address()) as link:
            link.default_channel.client.delete("planted")  # type: ignore[attr-defined]
    for name in TWELVE:
        print(f"{name:16} {len(found[name])} found: {', '.join(Path(path).name for path in list(found[name])[:3])}")
    assert [name for name in TWELVE if not found[name]] == []
    assert any("exports" in path for path in found["exports"])
    assert any("uploads" in path for path in found["uploads"])


@pytest.mark.parametrize("shape", list(places.shapes(PLANTED)), ids=lambda shape: shape[:12].decode("latin-1"))
def test_every_shape_is_seen(shape: bytes) -> None:
    for content in (b"xx" + shape + b"yy", gzip.compress(shape), zipped(shape)):
        assert places.found_in(content, {"planted": PLANTED}) == {"planted"}
