"""Rows are joined by hand; whatever stands in a cell, a key, an address or a level is escaped.

Requirements: R246.
"""

from typing import Any

from django.utils.safestring import SafeString
from django.utils.translation import override

from crm.lists.columns import Column
from crm.lists.definitions import ListDefinition
from crm.lists.requests import Asked
from crm.lists.rows import rows_of
from customers.models import Customer

HOSTILE = """"><script>alert('x')</script>&"""


class Hostile(ListDefinition):
    """A list whose every part comes from a stranger."""

    name = "tests.hostile"
    title = "Hostile"
    columns = (
        Column("label", HOSTILE, head=True, value=lambda row: row),
        Column("other", "Other", value=lambda row: row, level=lambda _row: HOSTILE, kind="badge"),
    )
    pick_form = HOSTILE

    def row_url(self, row: Any) -> str:
        """An address of a stranger."""
        return f"/{row}"

    def row_key(self, row: Any) -> str:
        """A key of a stranger."""
        return str(row)

    def row_level(self, row: Any) -> str:
        """A level of a stranger."""
        return str(row)


def asked() -> Asked:
    """The list as nobody filtered it."""
    definition = Hostile()
    blank = object.__new__(Asked)
    for name, value in {"definition": definition, "columns": list(definition.columns)}.items():
        object.__setattr__(blank, name, value)
    return blank


def test_everything_is_escaped(monkeypatch: Any) -> None:
    monkeypatch.setattr("crm.lists.rows.row_address", lambda _asked, row: f"/{row}")
    (row,) = rows_of(asked(), [HOSTILE], "yuan")
    assert isinstance(row.markup, SafeString)
    assert "<script" not in row.markup
    assert row.markup.count("&lt;script") == 8  # row level, key, form, label, address, two cells, level of one


def test_a_choice_is_told_in_the_language_of_the_moment() -> None:
    """Labels are remembered for each language; a value that no choice knows stands as it is."""
    row, column = Customer(kind="person"), Column("kind", "kind", value="get_kind_display")
    told = []
    for language in ("en", "zh-hans", "en"):
        with override(language):
            told.append((column.of(row), Column("kind", "kind").of(row), column.of(Customer(kind="ghost"))))
    assert told == [("Person", "Person", "ghost"), ("个人客户", "个人客户", "ghost"), ("Person", "Person", "ghost")]
