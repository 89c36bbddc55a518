"""Files: recognised, checked without a trace, loaded whole or in pieces, killed and gone on with, removed after a day.

Requirements: R087, R183.
"""

import io
import os
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone, translation
from openpyxl import Workbook, load_workbook

from crm.access.actor import SYSTEM
from crm.access.errors import DomainError, Refused
from crm.fields.models import DataKey
from crm.jobs.queue import captured
from crm.staff.models import User
from crm.tests.personas import as_actor, browser
from products.models import Account
from transactions import importers
from transactions.choices import ImportMode, ImportState, Status
from transactions.models import ColumnMapping, FileImport, Source, Transaction
from transactions.services import imports, uploads
from transactions.services.tables import UnreadableFile
from transactions.tests.test_refusals import freeze

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("core")]

HEADING = "交易流水号,账号,交易日期,交易时间,借方金额,贷方金额,对方户名,对方账号,摘要"
NUMBER = "6222020000001238821"


def line(n: int, **changes: Any) -> str:
    """One row of a bank's file."""
    values = {
        "id": f"L{n:06d}",
        "account": NUMBER,
        "date": "20261120",
        "time": f"{n // 3600 % 24:02d}:{n // 60 % 60:02d}:{n % 60:02d}",
        "debit": "100.00",
        "credit": "",
        "name": "王芳",
        "other": "6217000010001234567",
        "remark": "转账",
    } | changes
    return ",".join(f'"{value}"' if "," in str(value) else str(value) for value in values.values())


def text(*lines: str, heading: str = HEADING) -> bytes:
    """A whole file in UTF-8."""
    return "\r\n".join([heading, *lines, ""]).encode()


DEFAULTS = {"kind": "transfer", "channel": "batch"}


class Desk:
    """An operator with a file in her hands."""

    def __init__(self, user: User, source: Source) -> None:
        self.actor = as_actor(user)
        self.source = source

    def take_in(self, content: bytes, name: str = "day.csv", **more: Any) -> FileImport:
        """Upload."""
        return imports.take_in(actor=self.actor, source=self.source, file_name=name, pieces=[content], **more)

    def check(self, content: bytes, **more: Any) -> FileImport:
        """Upload and have it checked."""
        row = self.take_in(content)
        with captured() as calls:
            imports.check(actor=self.actor, row=row, columns=row.columns, defaults=DEFAULTS | more.pop("defaults", {}), **more)
        self.work(calls)
        return FileImport.objects.select_related("job").get(pk=row.pk)

    def load(self, row: FileImport, mode: str = ImportMode.ALL_OR_NOTHING) -> FileImport:
        """Release, and work as the worker would."""
        with captured() as calls:
            imports.release(actor=self.actor, row=row, mode=mode)
        self.work(calls)
        return FileImport.objects.select_related("job").get(pk=row.pk)

    def work(self, calls: list[Any]) -> None:
        """Run the tasks that were sent."""
        for name, arguments in calls:
            if name in (imports.CHECK, imports.LOAD):
                run = importers.check_file if name == imports.CHECK else importers.load_file
                run(actor=self.actor, **arguments)


@pytest.fixture(autouse=True)
def own_files(settings: Any, tmp_path: Path) -> None:
    """Uploads of one test are not seen by the next."""
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def desk(operations: User, core: Source, salary_account: Account) -> Desk:
    """Return the operator's desk; the account of the files exists."""
    return Desk(operations, core)


def complaints(row: FileImport) -> list[tuple[int, str, str]]:
    """What is wrong: row, column, reason."""
    return list(row.row_errors.order_by("row", "id").values_list("row", "column", "reason_code"))


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_a_banks_file_is_recognised_checked_and_loaded(desk: Desk, encoding: str) -> None:
    """R086: Chinese headings, 借方/贷方, compact dates, grouped amounts; a check leaves no trace."""
    content = text(line(1), line(2, debit="0.00", credit="1,234.50"), line(3, date="2026/11/20")).decode().encode(encoding)
    row = desk.check(content)
    assert (row.state, row.rows_total, row.rows_new, row.rows_bad) == (ImportState.CHECKED, 3, 3, 0)
    assert Transaction.objects.count() == 0
    row = desk.load(row)
    assert (row.state, row.rows_new) == (ImportState.DONE, 3)
    credit = Transaction.objects.get(external_id="L000002")
    assert (credit.direction, str(credit.amount.normalize()), credit.remark, credit.status) == ("C", "1234.5", "转账", Status.COMPLETED)
    assert credit.counterparty_name == "王芳"
    assert credit.occurred_at.isoformat() == "2026-11-19T16:00:02+00:00"


def test_loading_again_adds_nothing(desk: Desk) -> None:
    """Stored once by (source, id), whichever file it came in."""
    content = text(line(1), line(2))
    desk.load(desk.check(content))
    row = desk.check(content)
    assert (row.rows_new, row.rows_same) == (0, 2)
    row = desk.load(row)
    assert (row.state, row.rows_same, Transaction.objects.count()) == (ImportState.DONE, 2, 2)


BAD = [
    line(1),
    line(2, account="6222020000001238839"),
    line(3, debit="１００"),
    line(4, debit="", credit=""),
    line(5, credit="5"),
    line(6, date="20260230"),
    line(7, account="6.22202E+18"),
    line(8, id=""),
    line(1, remark="anders"),
    line(9, date="20991231"),
    line(10) + ",more",
    line(11, debit="-5"),
]


def test_every_bad_row_is_named_with_column_and_reason(desk: Desk) -> None:
    """R089: rows counted as a spreadsheet counts them."""
    row = desk.check(text(*BAD))
    assert complaints(row) == [
        (3, "账号", "unknown_account"),
        (4, "借方金额", "full_width"),
        (5, "借方金额", "neither_side"),
        (6, "借方金额", "both_sides"),
        (7, "交易日期", "no_such_time"),
        (8, "账号", "account_rounded"),
        (9, "交易流水号", "missing"),
        (10, "交易流水号", "twice_in_file"),
        (11, "occurred_at", "in_future"),
        (12, "", "columns_differ"),
        (13, "借方金额", "amount_unreadable"),
    ]
    assert (row.rows_total, row.rows_new, row.rows_bad) == (12, 1, 11)


def test_all_or_nothing_loads_nothing_with_a_bad_row(desk: Desk) -> None:
    """The file is rejected and says why; skipping loads the rest."""
    row = desk.load(desk.check(text(*BAD)))
    assert (row.state, row.rows_bad, Transaction.objects.count()) == (ImportState.REJECTED, 11, 0)
    assert len(complaints(row)) == 11
    skipped = desk.load(desk.check(text(*BAD)), ImportMode.SKIP_BAD_ROWS)
    assert (skipped.state, skipped.rows_new, skipped.rows_bad, Transaction.objects.count()) == (ImportState.DONE, 1, 11, 1)
    assert len(complaints(skipped)) == 11


def test_a_row_on_a_frozen_account_is_kept_as_refused(desk: Desk, salary_account: Account) -> None:
    """Counted apart; it is no bad row."""
    freeze(salary_account)
    tomorrow = (timezone.now() + timedelta(minutes=3)).strftime("%Y-%m-%dT%H:%M:%S+00:00")
    heading = HEADING.replace("交易日期,交易时间", "交易时间")
    content = text(f"L1,{NUMBER},{tomorrow},5,,王芳,,", heading=heading)
    row = desk.load(desk.check(content))
    assert (row.state, row.rows_new, row.rows_refused, row.rows_bad) == (ImportState.DONE, 0, 1, 0)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "empty"),
        (b"\xff\xfea\x00", "UTF-16"),
        (b"a,b\n\x00", "NUL"),
        (b"\xd0\xcf\x11\xe0....", ".xls"),
        (b"PK\x03\x04 no workbook", "workbook"),
        (b'a,b\n"open', "CSV"),
        (b"a,a\n1,2", "same heading"),
        (b"\xff\xfc\xfb\n\xff", "neither UTF-8 nor GB18030"),
    ],
)
def test_what_is_no_table_is_refused_in_words(desk: Desk, content: bytes, words: str) -> None:
    """And leaves no file behind."""
    with translation.override("en"), pytest.raises(UnreadableFile, match=words):
        row = desk.take_in(content)
        imports.check(actor=desk.actor, row=row, columns=row.columns, defaults=DEFAULTS)
    assert FileImport.objects.count() == 0
    assert uploads.names_older_than(time.time() + 60) == []


def test_a_workbook_is_read_and_a_numeric_account_refused(desk: Desk) -> None:
    """Decision "Excel": fifteen digits are kept, the sixteenth is lost."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["交易流水号", "账号", "交易时间", "金额", "借贷标志", "交易类型", "交易渠道"])
    sheet.append(["X1", NUMBER, timezone.now().replace(tzinfo=None, microsecond=0) - timedelta(days=2), 1234.5, "借", "转账", "手机银行"])
    sheet.append(["X2", 6222020000001238821, "2026-11-20 10:00:00", "88", "贷", "工资", "批量"])
    out = io.BytesIO()
    book.save(out)
    row = desk.check(out.getvalue())
    assert complaints(row) == [(3, "账号", "account_rounded")]
    row = desk.load(row, ImportMode.SKIP_BAD_ROWS)
    stored = Transaction.objects.get()
    assert (str(stored.amount.normalize()), stored.kind, stored.channel) == ("1234.5", "transfer", "mobile")


def test_a_signed_amount_tells_the_side(desk: Desk) -> None:
    """English headings, semicolons, a minus for money that left."""
    heading = "Transaction ID;Account number;Date and time;Amount;Type;Channel;Currency"
    content = text(
        f"E1;{NUMBER};2026-11-20 10:00;-12.30;fee;web;USD", f"E2;{NUMBER};2026-11-20 10:01;+7;salary;batch;人民币", heading=heading
    )
    desk.load(desk.check(content))
    assert list(Transaction.objects.order_by("external_id").values_list("direction", "kind", "currency")) == [
        ("D", "fee", "USD"),
        ("C", "salary", "CNY"),
    ]


def test_columns_are_saved_and_used_again(desk: Desk) -> None:
    """A mapping for headings nobody would guess."""
    heading = "甲,乙,丙,丁"
    content = text(f"Z1,{NUMBER},2026-11-20 09:00:00,-5", heading=heading)
    columns = {"external_id": "甲", "account": "乙", "occurred_at": "丙", "amount": "丁"}
    first = desk.take_in(content)
    assert first.columns == {}
    with pytest.raises(imports.ColumnsMissing):
        imports.check(actor=desk.actor, row=first, columns={}, defaults=DEFAULTS)
    with captured() as calls:
        imports.check(actor=desk.actor, row=first, columns=columns, defaults=DEFAULTS, save_as="Counter system")
    desk.work(calls)
    mapping = ColumnMapping.objects.get(name="Counter system")
    second = desk.take_in(content, mapping=mapping)
    assert (second.columns, second.defaults) == (columns, DEFAULTS)


def test_the_bytes_are_sealed_and_removed_with_their_key_after_a_day(desk: Desk, settings: Any) -> None:
    """Decision "what is sealed"; a changed piece does not open."""
    row = desk.take_in(text(line(1)))
    path = Path(settings.MEDIA_ROOT) / "imports" / row.stored_as
    sealed = path.read_bytes()
    assert NUMBER.encode() not in sealed
    assert oct(path.stat().st_mode & 0o777) == "0o600"
    path.write_bytes(sealed[:-1] + bytes([sealed[-1] ^ 1]))
    with pytest.raises(uploads.UploadGone):
        uploads.load(row.stored_as)
    path.write_bytes(sealed)
    assert imports.remove_uploads(actor=SYSTEM, now=row.uploaded_at + timedelta(hours=23, minutes=59)) == 0
    key = uploads.key_id_of(row.stored_as)
    assert imports.remove_uploads(actor=SYSTEM, now=row.uploaded_at + timedelta(hours=24, seconds=1)) == 1
    row.refresh_from_db()
    assert (row.state, bool(row.removed_at), path.exists()) == (ImportState.REJECTED, True, False)
    assert DataKey.objects.get(pk=key or 0).destroyed_at
    with pytest.raises(DomainError):
        imports.check(actor=desk.actor, row=row, columns=row.columns, defaults=DEFAULTS)


def test_large_bytes_come_back_as_they_were() -> None:
    """Several pieces, cut ends refused."""
    content = os.urandom(uploads.PIECE * 2 + 17)
    name, _key = uploads.store([content[:100], content[100:]])
    assert uploads.load(name) == content
    path = uploads._path(name)
    path.write_bytes(path.read_bytes()[: -(17 + uploads.NONCE + uploads.TAG + 4)])
    with pytest.raises(uploads.UploadGone):
        uploads.load(name)
    uploads.remove(name)


def test_the_work_needs_the_right_when_it_runs(desk: Desk, auditor: User) -> None:
    """Jobs act with the requester's rights of now."""
    with pytest.raises(Refused):
        Desk(auditor, desk.source).take_in(text(line(1)))
    row = desk.check(text(line(1)))
    with captured() as calls:
        imports.release(actor=desk.actor, row=row, mode=ImportMode.SKIP_BAD_ROWS)
    with pytest.raises(Refused):
        importers.load_file(actor=as_actor(auditor), job_id=calls[0][1]["job_id"])
    assert Transaction.objects.count() == 0


def test_the_pages_lead_from_upload_to_the_error_file(desk: Desk, operations: User, auditor: User) -> None:
    """R086 by hand: upload, columns, check, bad rows, Excel and CSV without formulas; others may look, not load."""
    client = browser(operations)
    assert client.get("/transactions/files/new/").status_code == 200
    upload = SimpleUploadedFile("day.csv", text(line(1), line(2, debit="=1+1")))
    answer = client.post("/transactions/files/new/", {"source": "core", "file": upload})
    place = answer["Location"]
    row = FileImport.objects.get()
    assert place == f"/transactions/files/{row.reference}/columns/"
    assert NUMBER not in client.get(place).content.decode()
    fields = {f"column_{name}": heading for name, heading in row.columns.items()} | {f"default_{n}": v for n, v in DEFAULTS.items()}
    with captured() as calls:
        assert client.post(place, fields).status_code == 302
    assert "hx-trigger" in client.get(f"/transactions/files/{row.reference}/").content.decode()
    desk.work(calls)
    assert client.get(f"/transactions/files/{row.reference}/progress/")["HX-Refresh"] == "true"
    page = client.get(f"/transactions/files/{row.reference}/").content.decode()
    assert "借方金额" in page
    csv_file = client.get(f"/transactions/files/{row.reference}/errors.csv").content.decode("utf-8-sig")
    assert csv_file.splitlines()[1].startswith("3,借方金额,")
    sheet = load_workbook(io.BytesIO(client.get(f"/transactions/files/{row.reference}/errors.xlsx").content)).active
    assert sheet is not None
    assert any("借方金额" in [cell.value for cell in cells] for cells in sheet.iter_rows())
    _load_and_look(desk, client, row, browser(auditor))


def _load_and_look(desk: Desk, client: Client, row: FileImport, looking: Client) -> None:
    page = f"/transactions/files/{row.reference}/"
    with captured() as calls:
        client.post(f"{page}load/", {"mode": "skip_bad_rows"})
    desk.work(calls)
    assert Transaction.objects.count() == 1
    assert looking.get(page).status_code == 200
    assert looking.get(f"{page}columns/").status_code == 403
    assert looking.post(f"{page}load/", {"mode": "skip_bad_rows"}).status_code == 403
    assert client.get("/transactions/files/").status_code == 200
