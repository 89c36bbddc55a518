"""A list as an Excel file: the reader's rows and columns, under her conditions, with a line in the log."""

from typing import Any
from urllib.parse import quote

from django.db import transaction
from django.http import HttpRequest, HttpResponse, QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from openpyxl import Workbook

from crm.access.services import actor_of, require
from crm.lists import formats, keyset, sheets
from crm.lists.columns import Column
from crm.lists.definitions import ListDefinition
from crm.lists.errors import TooManyRows
from crm.lists.requests import Asked
from crm.log import services as log

MOST = 50_000
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@transaction.atomic
def export_xlsx(definition: ListDefinition, request: HttpRequest, conditions: QueryDict | None = None) -> HttpResponse:
    """The Excel file of what the list shows now, at most 50,000 rows; asserts both permissions and writes the log line.

    Raises `BadParameters` for conditions that do not fit and `TooManyRows` when the reader must narrow the list first.
    """
    actor = actor_of(request)
    definition.require(actor)
    require(actor, definition.export_permission)
    asked = Asked(definition, actor, request.GET if conditions is None else conditions, request.path)
    ordered = keyset.ordered(asked.rows, asked.keys)[: MOST + 1]
    if ordered.values("pk").count() > MOST:
        sentence = _("This list has more than %(most)s rows. Narrow it by a condition, then export again.")
        raise TooManyRows(sentence % {"most": formats.number(MOST)})
    columns = [column for column in asked.columns if column.export == "as_shown"]
    book = Workbook(write_only=True)
    heads = [head for column in columns for head in _heads(column)]
    # Rows are read once and in full: a server-side cursor would have to outlive this transaction's other statements.
    rows = ([value for column in columns for value in _values(column, row)] for row in ordered)
    written = sheets.add_sheet(book, str(definition.title), actor=actor, conditions=asked.in_words, heads=heads, rows=rows)
    about = {"list": definition.name, "conditions": asked.in_words, "rows": written, "columns": [column.name for column in columns]}
    about |= {"of": definition.of} if definition.of else {}
    log.record(actor=actor, action="list.exported", data=about)
    stamp = formats.bank_time(timezone.now()).strftime("%Y%m%d-%H%M%S")
    response = HttpResponse(sheets.to_bytes(book), content_type=EXCEL)
    response["Content-Disposition"] = f"attachment; filename*=UTF-8''{quote(f'{definition.title}-{stamp}.xlsx')}"
    response["Cache-Control"] = "no-store"
    return response


def _heads(column: Column) -> list[str]:
    return [str(column.label), _("Currency")] if column.mixed else [str(column.label)]


def _values(column: Column, row: Any) -> list[Any]:
    return [column.plain(row), column.currency_of(row)] if column.mixed else [column.plain(row)]
