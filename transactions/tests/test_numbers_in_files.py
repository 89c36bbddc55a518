"""A file's numbers stay in its sealed bytes: neither what is wrong with it nor its first rows show them, and no copy lies in clear.

Requirements: R064, R313.
"""

import io
import json
import os
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as product
from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import Workbook

from crm.staff.models import User
from crm.tests.personas import browser
from transactions.models import FileImport, RowError
from transactions.services.rows import concealed
from transactions.services.tables import UnreadableFile
from transactions.tests.test_files import HEADING, NUMBER, Desk, desk, line, own_files, text

__all__ = ["desk", "own_files"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("core")]
IDENTITY, MOBILE = "110105199003078888", "13812345678"
SHIFTED = {
    "debit": NUMBER,
    "date": NUMBER,
    "time": MOBILE,
    "other": "x" * 65,
    "id": f"{IDENTITY} {IDENTITY}",
    "account": "6222 0200 0000 1238 821",
}


def clear(shown: str) -> list[str]:
    """The numbers that can be read in it, however they are grouped."""
    plain = shown.replace(" ", "").replace("-", "")
    return [number for number in (NUMBER, IDENTITY, MOBILE, NUMBER[:12], "6217000010001234567") if number in plain]


@pytest.mark.parametrize("column", SHIFTED)
def test_what_is_wrong_is_kept_without_numbers(desk: Desk, operations: User, column: str) -> None:
    """A shifted column; in the row, on the page and in both error files."""
    row = desk.check(text(line(1, **{column: SHIFTED[column]}), line(2, debit=f"{NUMBER}x"), line(3, credit="6222 0200 0000 1238 821")))
    assert row.rows_bad >= 2
    assert clear(json.dumps(list(RowError.objects.values_list("params", "column")))) == []
    client = browser(operations)
    for path in ("", "errors.csv"):
        assert clear(client.get(f"/transactions/files/{row.reference}/{path}").content.decode()) == []


@pytest.mark.parametrize(
    ("cell", "shown"),
    [
        (NUMBER, "***************8821"),
        ("6222 0200 0000 1238 821", "**** **** **** ***8 821"),
        ("6222-0200-0000-1238-821", "****-****-****-***8-821"),
        ("６２２２０２００００００１２３８８２１", "***************８８２１"),
        (f"转账 {MOBILE}", "转账 *******5678"),
        ("11010519900307888X", "*************7888X"),
        ("20261120143005", "20261120143005"),
        ("2026-11-20 14:30:05", "2026-11-20 14:30:05"),
        ("1,234,567.89", "1,234,567.89"),
        ("L000001", "L000001"),
        ("", ""),
    ],
)
def test_a_cell_shows_the_last_four_of_a_number(cell: str, shown: str) -> None:
    """Moments, amounts and short codes are read as they are."""
    assert concealed(cell) == shown


def test_the_first_rows_hide_numbers_in_columns_nobody_has_told_us_of(desk: Desk, operations: User) -> None:
    """Also when a spreadsheet holds them as numbers."""
    row = desk.take_in(text(line(1), heading=HEADING.replace("账号", "甲").replace("对方甲", "乙")))
    client = browser(operations)
    assert clear(client.get(f"/transactions/files/{row.reference}/columns/").content.decode()) == []
    book, out = Workbook(), io.BytesIO()
    assert book.active is not None
    for cells in (["流水", "甲", "乙"], ["L1", float(NUMBER), int(MOBILE)]):
        book.active.append(cells)
    book.save(out)
    row = desk.take_in(out.getvalue(), name="day.xlsx")
    page = client.get(f"/transactions/files/{row.reference}/columns/").content.decode()
    assert clear(page.replace(".", "")) == []
    assert "5678" in page


def test_a_file_without_headings_is_refused_before_its_first_row_becomes_one(desk: Desk) -> None:
    """Headings are kept for good."""
    with pytest.raises(UnreadableFile, match=r"headings|标题|表头"):
        desk.take_in("\r\n".join([line(1), line(2)]).encode())
    assert not FileImport.objects.exists()


def test_uploads_have_no_way_to_a_temporary_file(settings: Any) -> None:
    """One handler, and it keeps to memory."""
    assert product.FILE_UPLOAD_HANDLERS == ["crm.operations.uploads.MemoryUpload"]


def watched(monkeypatch: pytest.MonkeyPatch, folder: Path) -> list[str]:
    """Names of files with the number in clear that lie in the folder while the file is taken in."""
    from transactions.services import imports

    found: list[str] = []
    real = imports.take_in

    def spy(**given: Any) -> FileImport:
        found.extend(path.name for path in folder.rglob("*") if path.is_file() and NUMBER.encode() in path.read_bytes())
        return real(**given)

    monkeypatch.setattr("transactions.views.files.imports.take_in", spy)
    return found


def test_a_large_upload_lies_nowhere_in_clear(
    operations: User, core: Any, salary_account: Any, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Above 2.5 MB, where the framework would begin a temporary file."""
    settings.FILE_UPLOAD_TEMP_DIR = str(tmp_path)
    found = watched(monkeypatch, tmp_path)
    big = text(*[line(n) for n in range(40_000)])
    assert len(big) > 2_621_440
    upload = {"source": "core", "file": SimpleUploadedFile("day.csv", big)}
    assert browser(operations).post("/transactions/files/new/", upload).status_code == 302
    assert (found, FileImport.objects.get().size) == ([], len(big))
    sealed = [path for path in Path(settings.MEDIA_ROOT).rglob("*") if path.is_file()]
    assert sealed
    assert all(NUMBER.encode() not in path.read_bytes() for path in sealed)


def test_the_limit_is_said_in_words_and_nothing_beyond_it_is_held(operations: User, core: Any, settings: Any) -> None:
    """One byte more is dropped where it arrives."""
    settings.UPLOAD_LARGEST = 1_000
    for size, status in ((1_000, 302), (1_001, 200), (300_000, 200)):
        content = text(line(1)).ljust(size, b"\n")
        answer = browser(operations).post("/transactions/files/new/", {"source": "core", "file": SimpleUploadedFile("day.csv", content)})
        assert answer.status_code == status
    assert FileImport.objects.count() == 1
    assert os.listdir(Path(settings.MEDIA_ROOT) / "imports")  # noqa: PTH208 - one sealed file
