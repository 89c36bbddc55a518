"""A list as an Excel file: the reader's rows and columns, under her conditions. Which permit it takes is said above, in `crm.exports`."""

from dataclasses import dataclass
from typing import Any

from django.db import transaction
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from openpyxl import Workbook

from crm.access.actor import Actor
from crm.access.services import require
from crm.lists import formats, keyset, sheets
from crm.lists.columns import Column
from crm.lists.definitions import ListDefinition
from crm.lists.errors import TooManyRows
from crm.lists.requests import Asked

MOST = 50_000
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """A list as a file: the bytes, how many rows, and the keys of these rows."""

    content: bytes
    filename: str
    rows: int
    keys: list[int]


def asked_for(definition: ListDefinition, actor: Actor, conditions: QueryDict) -> Asked:
    """Return the reader's question; asserts the permission of the list and that of its export. Raises `BadParameters`."""
    definition.require(actor)
    require(actor, definition.export_permission)
    return Asked(definition, actor, conditions, "")


def rows_of(asked: Asked) -> int:
    """Return how many rows the file will have; `TooManyRows` when the reader must narrow the list first."""
    rows: int = asked.rows.order_by().values("pk")[: MOST + 1].count()
    if rows > MOST:
        sentence = _("This list has more than %(most)s rows. Narrow it by a condition, then export again.")
        raise TooManyRows(sentence % {"most": formats.number(MOST)})
    return rows


def columns_of(asked: Asked) -> list[Column]:
    """Return the columns that may leave the house."""
    return [column for column in asked.columns if column.export == "as_shown"]


@transaction.atomic
def workbook_of(asked: Asked, mark: sheets.Mark) -> Sheet:
    """Return the Excel file of what the list shows now, at most 50,000 rows, its permit on the last sheet."""
    definition, columns, keys = asked.definition, columns_of(asked), []
    rows_of(asked)
    book = Workbook(write_only=True)
    heads = [head for column in columns for head in _heads(column)]

    def rows() -> Any:
        # Read once and in full: a server-side cursor would have to outlive this transaction's other statements.
        for row in keyset.ordered(asked.rows, asked.keys)[: MOST + 1]:
            keys.append(row.pk)
            yield [value for column in columns for value in _values(column, row)]

    title = str(definition.title)
    written = sheets.add_sheet(book, title, actor=asked.actor, conditions=asked.in_words, heads=heads, rows=rows(), permit=mark.permit)
    sheets.add_mark(book, mark)
    stamp = formats.bank_time(timezone.now()).strftime("%Y%m%d-%H%M%S")
    return Sheet(content=sheets.to_bytes(book), filename=f"{title}-{stamp}.xlsx", rows=written, keys=keys)


def still_visible(definition: ListDefinition, actor: Actor, keys: list[int]) -> bool:
    """Whether the reader may still export this list, and still sees every row that went into a file."""
    if actor.reach(definition.export_permission) and (not definition.permission or actor.reach(definition.permission)):
        return bool(definition.queryset(actor).order_by().filter(pk__in=keys).values("pk").distinct().count() == len(set(keys)))
    return False


def _heads(column: Column) -> list[str]:
    return [str(column.label), _("Currency")] if column.mixed else [str(column.label)]


def _values(column: Column, row: Any) -> list[Any]:
    return [column.plain(row), column.currency_of(row)] if column.mixed else [column.plain(row)]
