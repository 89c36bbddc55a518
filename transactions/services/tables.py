"""From the bytes of an upload to rows of cells: CSV in UTF-8 or GB18030, and Excel workbooks."""

import csv
import io
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext_lazy as _

from crm.access.errors import DomainError
from crm.log.masking import holds_number

MAX_ROWS = 500_000
MAX_COLUMNS = 200
DELIMITERS = (",", "\t", ";", "|")
ZIP, OLE = b"PK\x03\x04", b"\xd0\xcf\x11\xe0"
# A workbook of this unpacked size holds far more than MAX_ROWS; larger ones are bombs.
MAX_UNPACKED = 400 * 1024 * 1024

Cell = Any
"""A ``str``; from a workbook also ``float``, ``bool``, ``date``, ``datetime`` or ``time``: the reader decides whether it takes them."""


class UnreadableFile(DomainError):
    """The bytes are no table we can read."""

    code = "unreadable_file"
    field = "file"


@dataclass(frozen=True)
class Table:
    """A heading and the rows below it, numbered as a spreadsheet shows them."""

    heading: list[str]
    rows: list[tuple[int, list[Cell]]]
    encoding: str


def read(content: bytes, limit: int = MAX_ROWS) -> Table:
    """Return the table in the bytes, with at most *limit* rows when a look is enough. Raises ``UnreadableFile`` in words."""
    if not content:
        raise UnreadableFile(_("The file is empty."))
    if content.startswith(OLE):
        raise UnreadableFile(_("This is an old Excel file (.xls). Save it as .xlsx or CSV."))
    if content.startswith(ZIP):
        return _table(enumerate(_workbook(content), start=1), "xlsx", limit)
    text, encoding = decode(content)
    return _table(enumerate(_csv(text), start=1), encoding, limit)


def decode(content: bytes) -> tuple[str, str]:
    """Return the text and its encoding: UTF-8 with or without mark, else GB18030. Never a guess that loses characters."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UnreadableFile(_("The file is written in UTF-16. Save it as CSV in UTF-8."))
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\x00" in text:
            raise UnreadableFile(_("The file contains NUL characters: it is not a text file."))
        return text, "utf-8" if encoding == "utf-8-sig" else encoding
    raise UnreadableFile(_("The file is neither UTF-8 nor GB18030. Save it as CSV in UTF-8."))


def _csv(text: str) -> Iterator[list[Cell]]:
    first = text.lstrip().split("\n", 1)[0]
    delimiter = max(DELIMITERS, key=first.count)
    try:
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    except csv.Error as broken:
        raise UnreadableFile(_("The file is not a readable CSV: %(why)s.") % {"why": broken}) from None


def _workbook(content: bytes) -> Iterator[list[Cell]]:
    from python_calamine import CalamineError, CalamineWorkbook  # a native library only uploads need

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as parts:
            if sum(part.file_size for part in parts.infolist()) > MAX_UNPACKED:
                raise UnreadableFile(_("The workbook is too large when unpacked."))
        sheet = CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0)
        yield from sheet.iter_rows()
    except (CalamineError, zipfile.BadZipFile, IndexError) as broken:
        raise UnreadableFile(_("The workbook cannot be read: %(why)s.") % {"why": broken}) from None


def _table(numbered: Iterator[tuple[int, list[Cell]]], encoding: str, limit: int) -> Table:
    heading: list[str] = []
    rows: list[tuple[int, list[Cell]]] = []
    for number, cells in numbered:
        if all(cell == "" for cell in cells):
            continue
        if not heading:
            heading = [str(cell).strip() for cell in cells]
            while heading and not heading[-1]:
                heading.pop()
            _check_heading(heading)
            continue
        if len(rows) == limit:
            if limit < MAX_ROWS:
                break
            raise UnreadableFile(_("The file has more than %(limit)s rows. Split it.") % {"limit": MAX_ROWS})
        rows.append((number, cells))
    if not heading:
        raise UnreadableFile(_("The file is empty."))
    return Table(heading, rows, encoding)


def _check_heading(heading: list[str]) -> None:
    # Headings are kept for good and shown to everybody who sees the file: a file without any would put its first row there.
    if any(holds_number(name) for name in heading):
        raise UnreadableFile(_("The first row holds account, mobile or ID numbers. It must hold the headings."))
    if len(heading) > MAX_COLUMNS:
        raise UnreadableFile(_("The file has more than %(limit)s columns.") % {"limit": MAX_COLUMNS})
    named = [name for name in heading if name]
    twins = sorted({name for name in named if named.count(name) > 1})
    if twins:
        raise UnreadableFile(_("Two columns have the same heading: %(names)s.") % {"names": ", ".join(twins)})
