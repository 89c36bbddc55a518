"""What a list shows of each row."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal

from django.core.exceptions import ObjectDoesNotExist
from django.db.models import Model
from django.template.loader import render_to_string
from django.utils.functional import Promise
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import get_language, override
from django.utils.translation import gettext as _

from crm.lists import cells, formats

Kind = Literal["text", "why", "mono", "masked", "badge", "number", "money", "percent", "date", "moment", "due", "flag"]
RIGHT = frozenset({"number", "money", "percent"})


def _date(value: Any) -> SafeString:
    return cells.moment(formats.bank_time(value).date() if isinstance(value, datetime) else value)


PLAIN: dict[str, Callable[[Any], SafeString]] = {
    "number": lambda value: format_html("{}", formats.number(value)),
    "percent": lambda value: format_html("{}", formats.percent(value)),
    "date": _date,
    "moment": cells.moment,
    "due": cells.due,
    "flag": lambda value: format_html("{}", _("Yes") if value else _("No")),
    "masked": lambda value: format_html('<span class="mask">{}</span>', value),
}


def label_of(row: Model, field: str) -> Any:
    """The label of a field's choice in the language of the moment; a value that no choice knows as it is."""
    value = getattr(row, field)
    return _labels(type(row), field, get_language() or "").get(value, value)


def _shown_value(at: Any, name: str) -> Any:
    """An attribute; of a field with choices, or of its ``get_…_display``, the label."""
    field = name[4:-8] if name.startswith("get_") and name.endswith("_display") else name
    if isinstance(at, Model) and hasattr(at, f"get_{field}_display"):
        return label_of(at, field)
    return getattr(at, name)


@lru_cache(maxsize=1024)
def _labels(model: type[Model], name: str, language: str) -> dict[Any, str]:
    """The labels of a field's choices in a language: Django's own way makes the whole list hashable for every cell."""
    field: Any = model._meta.get_field(name)
    with override(language):
        return {value: str(label) for value, label in field.flatchoices}


@dataclass(frozen=True)
class Column:
    """One column. `value` is a dotted path from the row or a callable of the row; without it, the name.

    kind: text, why (a sentence that may wrap), mono and masked (numbers read character by character), badge, number, money, percent (of
    1), date, moment, due, flag. `sort` is the field path (or paths) behind a click on the head. `currency` is a path or a code. `level`
    and `url` are callables of the row. `head=True` marks the cell that names the row.
    """

    name: str
    label: str | Promise
    kind: Kind = "text"
    value: str | Callable[[Any], Any] = ""
    sort: str | tuple[str, ...] = ()
    level: Callable[[Any], str] | None = None
    url: Callable[[Any], str] | None = None
    currency: str = "CNY"
    template: str = ""
    shown: bool = True
    head: bool = False
    export: Literal["as_shown", "no"] = "as_shown"

    @property
    def right(self) -> bool:
        """Whether figures of this column stand at the right."""
        return self.kind in RIGHT

    @property
    def sort_paths(self) -> tuple[str, ...]:
        """The field paths behind a click on the head; empty when the column does not sort."""
        return (self.sort,) if isinstance(self.sort, str) else self.sort

    def of(self, row: Any) -> Any:
        """The plain value; a choice as its label; None along a broken path."""
        if callable(self.value):
            return self.value(row)
        at = row
        *path, last = (self.value or self.name).split(".")
        try:
            for part in path:
                at = getattr(at, part)
                if at is None:
                    return None
            value = _shown_value(at, last)
        except ObjectDoesNotExist:
            return None
        return value() if callable(value) else value

    @property
    def mixed(self) -> bool:
        """Whether amounts of several currencies stand in this column."""
        return self.kind == "money" and not (len(self.currency) <= 5 and self.currency.isupper())

    def currency_of(self, row: Any) -> str:
        """The currency of this row's amount."""
        if not self.mixed:
            return self.currency
        return str(Column(self.currency, "", value=self.currency).of(row) or "CNY")

    def html(self, row: Any, unit: str = formats.YUAN) -> SafeString:
        """The cell as escaped markup."""
        value = self.of(row)
        if self.template:
            return render_to_string(self.template, {"row": row, "value": value, "column": self})
        if value is None or value == "":
            return cells.NOTHING
        shown = self._shown(row, value, unit)
        url = self.url(row) if self.url and self.kind != "badge" else ""
        return format_html('<a href="{}">{}</a>', url, shown) if url else shown

    def _shown(self, row: Any, value: Any, unit: str) -> SafeString:
        level = self.level(row) if self.level else ""
        if self.kind == "money":
            return cells.money(value, self.currency_of(row), unit)
        if self.kind == "badge":
            return cells.badge(value, level, self.url(row) if self.url else "")
        if self.kind in PLAIN:
            return PLAIN[self.kind](value)
        return format_html('<span class="level-{}">{}</span>', level, value) if level else conditional_escape(value)

    def plain(self, row: Any) -> Any:
        """The value for a file: numbers and times stay what they are, everything else is text."""
        value = self.of(row)
        if value is None or isinstance(value, datetime):
            return value
        if self.kind in RIGHT and isinstance(value, int | float | Decimal):
            return value
        if self.kind == "date":
            return value
        if self.kind == "flag":
            return _("Yes") if value else _("No")
        return str(value)
