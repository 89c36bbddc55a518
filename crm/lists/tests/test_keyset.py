"""Paging by keyset against plain ordering: the same rows, once each, in the same order, whichever way one reads."""

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from django.db.models import QuerySet, Value
from django.db.models.functions import NullIf
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from crm.lists.keyset import keys_of, ordered, read, values_of
from crm.lists.models import SavedView
from crm.log import services as log
from crm.tests.personas import as_actor

pytestmark = pytest.mark.django_db
few = st.text("ab", max_size=2)  # few letters, so that ties and empty values are the rule
worlds = st.lists(st.tuples(few, few), max_size=12)
paths = st.lists(
    st.sampled_from(["query", "-query", "perhaps", "-perhaps", "pk", "-pk"]), max_size=3, unique_by=lambda path: path.lstrip("-")
)
calm = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def fill(sun_yue: Any) -> Callable[[list[tuple[str, str]]], QuerySet[Any]]:
    """Make rows; `perhaps` is a sort value that may be empty."""

    @transaction.atomic
    def make(world: list[tuple[str, str]]) -> QuerySet[Any]:
        SavedView.objects.all().delete()
        for number, (query, listed) in enumerate(world):
            view = SavedView.objects.create(user=sun_yue, list_name=listed, label=f"view {number}", query=query)
            log.record(actor=as_actor(sun_yue), action="view.saved", target=view)
        return SavedView.objects.annotate(perhaps=NullIf("list_name", Value("")))

    return make


def leaf(rows: QuerySet[Any], sort: list[str], size: int, *, backwards: bool) -> list[int]:
    """All keys, page by page."""
    keys, place, seen = keys_of(rows.model, sort), None, []
    while True:
        page = read(rows, keys, size, place, backwards)
        found = page.rows[::-1] if backwards else page.rows
        seen += [row.pk for row in found]
        if not (page.has_previous if backwards else page.has_next):
            return seen
        place = values_of(found[-1], keys)


@calm
@given(worlds, paths, st.integers(1, 5))
def test_pages_equal_plain_order_in_both_directions(fill: Any, world: Any, sort: list[str], size: int) -> None:
    rows = fill(world)
    plain = [row.pk for row in ordered(rows, keys_of(SavedView, sort))]
    assert leaf(rows, sort, size, backwards=False) == plain
    assert leaf(rows, sort, size, backwards=True) == plain[::-1]


@calm
@given(worlds, paths, st.integers(1, 3), st.data())
def test_rows_that_come_and_go_move_nothing_else(fill: Any, world: Any, sort: list[str], size: int, data: Any) -> None:
    rows = fill(world)
    keys = keys_of(SavedView, sort)
    first = read(rows, keys, size, None, backwards=False)
    if not first.has_next:
        return
    place = values_of(first.rows[-1], keys)
    expected = [row.pk for row in read(rows, keys, 50, place, backwards=False).rows]
    gone = data.draw(st.sampled_from([row.pk for row in first.rows]))
    SavedView.objects.filter(pk=gone).delete()  # the row at the edge may be the one that goes
    assert [row.pk for row in read(rows, keys, 50, place, backwards=False).rows] == expected


def test_empty_values_come_last_both_ways(fill: Any) -> None:
    rows = fill([("1", ""), ("2", "b"), ("3", "a"), ("4", "")])
    upward = [row.query for row in ordered(rows, keys_of(SavedView, ["perhaps", "query"]))]
    downward = [row.query for row in ordered(rows, keys_of(SavedView, ["-perhaps", "query"]))]
    assert (upward, downward) == (["3", "2", "1", "4"], ["2", "3", "1", "4"])


def test_a_plain_key_begins_at_the_index(fill: Any) -> None:
    rows = fill([("1", ""), ("2", "")])
    keys = keys_of(SavedView, ["-created_at"])
    page = read(rows, keys, 1, None, backwards=False)
    sql = str(rows.filter(pk__gt=0).order_by().query)
    assert "NULLS" not in str(ordered(rows, keys).query)
    assert page.has_next
    assert sql
