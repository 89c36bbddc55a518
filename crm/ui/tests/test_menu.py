"""The rail offers a reader her own pages, in order, the current one marked."""

from typing import Any

import pytest
from django.test import RequestFactory

from crm.ui import menu
from crm.ui.menu import MenuItem, menu_for


class Reader:
    """Somebody with a few rights."""

    is_authenticated = True

    def __init__(self, *rights: str) -> None:
        self.rights = rights

    def has_perm(self, right: str) -> bool:
        """As users do."""
        return right in self.rights


@pytest.fixture(autouse=True)
def items(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(menu, "_items", {})
    menu.register(
        MenuItem("ui:search", "Search", "a.see", group="search", order=20, badge=lambda user: 3),
        MenuItem("ui:styleguide", "Components", group="work", order=10),
        MenuItem("staff:home", "Home", ("a.see", "b.see"), group="work", order=5),
        MenuItem("nowhere:at_all", "Absent"),
    )


def groups(reader: Any, path: str = "/search/x/") -> list[list[str]]:
    request = RequestFactory().get(path)
    request.user = reader
    return [[f"{entry.label}{'*' if entry.current else ''}{entry.badge or ''}" for entry in group] for group in menu_for(request)]


def test_groups_order_rights_badges_and_the_current_page() -> None:
    assert groups(Reader("a.see")) == [["Home", "Components"], ["Search*3"]]
    assert groups(Reader("b.see"), "/") == [["Home*", "Components"]]
    assert groups(Reader()) == [["Components"]]


def test_strangers_have_no_menu() -> None:
    reader = Reader()
    reader.is_authenticated = False
    assert groups(reader) == []
