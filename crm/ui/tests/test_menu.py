"""The rail offers a reader her own pages, in order, the current one marked."""

from typing import Any

import pytest
from django.test import RequestFactory

from crm.staff.models import User
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


def asked(reader: Any, path: str = "/search/x/") -> list[list[menu.Entry]]:
    request = RequestFactory().get(path)
    request.user = reader
    return menu_for(request)


def groups(reader: Any, path: str = "/search/x/") -> list[list[str]]:
    return [[f"{entry.label}{'*' if entry.current else ''}{entry.badge}" for entry in group] for group in asked(reader, path)]


def test_groups_order_rights_badges_and_the_current_page() -> None:
    assert groups(Reader("a.see")) == [["Home", "Components"], ["Search*3"]]
    assert groups(Reader("b.see"), "/") == [["Home*", "Components"]]
    assert groups(Reader()) == [["Components"]]


def test_strangers_have_no_menu() -> None:
    reader = Reader()
    reader.is_authenticated = False
    assert groups(reader) == []


@pytest.mark.parametrize(("there", "told"), [(None, ""), (0, ""), (1, "1"), (99, "99"), (100, "99+"), (20_000, "99+")])
def test_a_badge_stops_telling_at_ninety_nine(there: int | None, told: str) -> None:
    menu.register(MenuItem("ui:search", "Search", "a.see", badge=lambda user: there))
    assert [entry.badge for group in asked(Reader("a.see")) for entry in group if entry.label == "Search"] == [told]


@pytest.mark.django_db
def test_counting_for_the_rail_stops_where_the_rail_stops_telling(django_assert_num_queries: Any) -> None:
    User.objects.bulk_create([User(number=f"7{n:04}", name="Somebody") for n in range(menu.MOST + 20)])
    with django_assert_num_queries(1) as queries:
        assert menu.counted(User.objects.order_by("name")) == menu.MOST + 1
    assert "LIMIT 100" in queries.captured_queries[0]["sql"]
    assert "ORDER BY" not in queries.captured_queries[0]["sql"]
