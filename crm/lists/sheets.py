"""Excel sheets that can be trusted: text stays text, nothing becomes a formula, every sheet says who made it, when and from what."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time
from decimal import Decimal
from io import BytesIO
from typing import Any

from django.utils import timezone
from django.utils.translation import gettext as _
from openpyxl import Workbook
from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet._write_only import WriteOnlyWorksheet

from crm.access.actor import Actor
from crm.lists import formats

# What XML 1.0 cannot hold: openpyxl raises on it, so it is shown as the replacement character instead.
UNWRITABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
# A spreadsheet reads a cell beginning with one of these as a formula when somebody edits it.
FORMULA = ("=", "+", "-", "@", "\t", "\r")
LONGEST_CELL = 32_767
HEAD = Font(bold=True)
GROUND = PatternFill("solid", fgColor="EDF1F4")


@dataclass(frozen=True, kw_only=True)
class Mark:
    """What a file says of the permit it left the house under: its number (on every printed page) and the lines of a sheet of its own."""

    permit: str
    lines: tuple[tuple[str, str], ...]
    advice: str


def text_cell(sheet: WriteOnlyWorksheet, text: str) -> Cell:
    """A cell that is text and stays text, also after somebody has edited it."""
    cell = WriteOnlyCell(sheet, value="")
    cell.value = UNWRITABLE.sub("\ufffd", text)[:LONGEST_CELL]
    cell.data_type = "s"  # openpyxl takes a leading "=" for a formula
    cell.number_format = "@"
    if text.startswith(FORMULA):
        cell.quotePrefix = True
    return cell


def value_cell(sheet: WriteOnlyWorksheet, value: Any, places: int = 2) -> Cell | None:
    """A number where Excel's 15 digits hold it, a moment on the bank's clock, everything else as text."""
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal | datetime | date):
        return text_cell(sheet, str(value))
    if isinstance(value, datetime):
        cell = WriteOnlyCell(sheet, value=formats.bank_time(value).replace(tzinfo=None, microsecond=0))
        cell.number_format = "yyyy-mm-dd hh:mm:ss"
        return cell
    if isinstance(value, date):
        cell = WriteOnlyCell(sheet, value=datetime.combine(value, time.min))
        cell.number_format = "yyyy-mm-dd"
        return cell
    number = float(value)
    if (isinstance(value, Decimal) and Decimal(repr(number)) != value) or abs(number) >= 1e15:
        return text_cell(sheet, f"{value:f}" if isinstance(value, Decimal) else str(value))
    cell = WriteOnlyCell(sheet, value=number if not isinstance(value, int) else value)
    cell.number_format = "#,##0" if isinstance(value, int) else f"#,##0.{'0' * places}"
    return cell


def add_sheet(
    book: Workbook,
    title: str,
    *,
    actor: Actor,
    conditions: str,
    heads: Sequence[str],
    rows: Iterable[Sequence[Any]],
    widths: Sequence[int] = (),
    permit: str = "",
) -> int:
    """Add one sheet with the print header (制表人, 时间, 条件), a frozen head row and the rows; answers how many rows it wrote."""
    sheet = book.create_sheet(re.sub(r"[\[\]:*?/\\]", " ", title)[:31])
    for position in range(len(heads)):
        sheet.column_dimensions[get_column_letter(position + 1)].width = widths[position] if widths else 18
    sheet.freeze_panes = "A6"
    sheet.print_title_rows = "5:5"
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = 9
    sheet.page_setup.fitToHeight = 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.oddFooter.center.text = "&P / &N"
    sheet.oddFooter.left.text = permit.replace("&", "&&")
    name = text_cell(sheet, title)
    name.font = Font(bold=True, size=14)
    sheet.append([name])
    maker, made = f"{actor.number} {actor.name}".strip(), formats.moment(timezone.now())
    sheet.append([text_cell(sheet, text) for text in (_("Prepared by"), maker, _("Time"), made)])
    sheet.append([text_cell(sheet, text) for text in (_("Conditions"), conditions or _("None"))])
    sheet.append([])
    sheet.append([_head_cell(sheet, head) for head in heads])
    written = 0
    for row in rows:
        sheet.append([value_cell(sheet, value) for value in row])
        written += 1
    return written


def add_mark(book: Workbook, mark: Mark) -> None:
    """Add the sheet that says under which permit the file was made: who, when, from what, for what, until when."""
    sheet = book.create_sheet(_("Export permit"))
    sheet.column_dimensions["A"].width, sheet.column_dimensions["B"].width = 22, 90
    sheet.oddFooter.left.text = mark.permit.replace("&", "&&")
    head = text_cell(sheet, _("Export permit %(permit)s") % {"permit": mark.permit})
    head.font = Font(bold=True, size=14)
    sheet.append([head])
    for label, said in mark.lines:
        sheet.append([_head_cell(sheet, label), text_cell(sheet, said)])
    sheet.append([])
    sheet.append([text_cell(sheet, mark.advice)])


def _head_cell(sheet: WriteOnlyWorksheet, text: str) -> Cell:
    cell = text_cell(sheet, text)
    cell.font, cell.fill, cell.alignment = HEAD, GROUND, Alignment(vertical="center")
    return cell


def to_bytes(book: Workbook) -> bytes:
    """The finished file."""
    stream = BytesIO()
    book.save(stream)
    return stream.getvalue()
