"""Lists over very many rows: what is counted, what is estimated, what the reader is asked to narrow, and that rows stay the same."""

from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext

from crm.lists import counts, keyset, views
from crm.lists.models import SavedView
from crm.lists.requests import Asked
from crm.lists.tests.test_list_page import Views, ask, page, rows
from crm.lists.views import render_list

pytestmark = pytest.mark.django_db
__all__ = ["ask", "rows"]


def test_a_dear_count_is_estimated(rows: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert counts.count(SavedView.objects.all()) == counts.Count(61)
    monkeypatch.setattr(counts, "AFFORDABLE", 0.0)
    with CaptureQueriesContext(connection) as found:
        assert counts.count(SavedView.objects.all()).about
    assert [query["sql"].split()[0] for query in found.captured_queries] == ["EXPLAIN"]


def test_a_count_that_cannot_be_small_is_not_made(rows: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counts, "EXACT", 10)
    plan = counts.Plan(21, 1.0)
    with CaptureQueriesContext(connection) as found:
        assert counts.count(SavedView.objects.all(), plan) == counts.Count(21, about=True)
    assert not found.captured_queries
    assert counts.count(SavedView.objects.filter(label="view 001"), counts.Plan(20, 1.0)) == counts.Count(1)


def test_nothing_costs_nothing() -> None:
    assert counts.count(SavedView.objects.none()) == counts.Count(0)
    assert counts.planned(SavedView.objects.none()) == counts.Plan(0, 0.0)


def test_one_page_is_not_counted(rows: Any, ask: Any) -> None:
    with CaptureQueriesContext(connection) as found:
        text = page(ask, "list_name=a")
    assert "1–30 of 30" in text
    assert not [query for query in found.captured_queries if "COUNT(" in query["sql"] and "lists_savedview" in query["sql"]]


def test_an_unbearable_order_is_refused_in_words_and_the_list_as_it_opens_is_not(
    rows: Any, ask: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(views, "UNBEARABLE", 0.0)
    assert "view 000" in page(ask)
    for query in ("sort=-label", "q=view", "list_name=a"):
        refused = render_list(ask(query), Views())
        assert refused.status_code == 400
        assert "Narrow the list first" in refused.content.decode()


class Owned(Views):
    """The same list with what stands beside a row."""

    name = "tests.views_owned"

    def queryset(self, actor: Any) -> Any:
        """The reader's own rows and she herself."""
        return super().queryset(actor).select_related("user")


@pytest.mark.parametrize("query", ["", "sort=-label", "sort=list_name", "q=view", "list_name=b&sort=-created_at"])
def test_rows_joined_after_the_page_is_chosen_are_the_same_in_the_same_order(rows: Any, ask: Any, query: str) -> None:
    asked, plain = (Asked(kind(), ask().actor, QueryDict(query), "/views/") for kind in (Owned, Views))
    for backwards in (False, True):
        found = keyset.read(asked.rows, asked.keys, 7, None, backwards)
        assert found == keyset.read(plain.rows, plain.keys, 7, None, backwards)
        with CaptureQueriesContext(connection) as more:
            assert all(row.user.number for row in found.rows)
        assert not more.captured_queries


def test_the_join_stands_outside_of_what_is_sorted(rows: Any, ask: Any) -> None:
    asked = Asked(Owned(), ask().actor, QueryDict(""), "/views/")
    statement = str(keyset.whole(keyset.ordered(asked.rows, asked.keys)[:7]).query)
    outer, _in, inner = statement.partition(" IN (SELECT ")
    assert "staff_user" in outer
    assert "JOIN" not in inner
