"""The rows of a list's table as markup. Written here and not in a template: a page has fifty rows of a dozen cells."""

from dataclasses import dataclass
from typing import Any

from django.utils.html import conditional_escape, escape
from django.utils.safestring import SafeString
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from crm.lists.cells import attribute
from crm.lists.columns import Column
from crm.lists.positions import row_address
from crm.lists.requests import Asked

CLASSES = {"mono": "mono", "why": "wrap why"}


@dataclass(frozen=True)
class Row:
    """A row of the page: the object, and its `tr`."""

    row: Any
    markup: SafeString


def rows_of(asked: Asked, rows: list[Any], unit: str) -> list[Row]:
    """The rows as the template shows them; every value is escaped by its column or here."""
    columns = [(column, _opening(column)) for column in asked.columns]
    picking = _picking(asked) if asked.definition.pick_form else None
    return [Row(row, _row(asked, row, columns, unit, picking)) for row in rows]


def _opening(column: Column) -> str:
    name = "num" if column.right else CLASSES.get(column.kind, "")
    head = " data-head" if column.head else ""
    return f'<td data-label="{escape(capfirst(str(column.label)))}"{attribute("class", name)}{head}>'


def _picking(asked: Asked) -> tuple[str, str]:
    label = _("Choose this row")
    after = f' form="{escape(asked.definition.pick_form)}" aria-label="{escape(label)}"></td>'
    return '<td class="pick"><input type="checkbox" name="pick" value="', f'"{after}'


def _row(asked: Asked, row: Any, columns: list[tuple[Column, str]], unit: str, picking: tuple[str, str] | None) -> SafeString:
    url = escape(row_address(asked, row))
    level = asked.definition.row_level(row)
    parts = [f"<tr data-row{attribute('data-level', level)}>"]
    key = asked.definition.row_key(row) if picking else ""
    if picking and key:
        parts += [picking[0], escape(key), picking[1]]
    for column, opening in columns:
        cell = conditional_escape(column.html(row, unit))
        opened = f'<a href="{url}" data-open>{cell}</a>' if url and column.head else cell
        parts += [opening, opened, "</td>"]
    return SafeString("".join([*parts, "</tr>\n"]))
