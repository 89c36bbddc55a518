"""The list page: filters, search, columns, counts, bad addresses, saved views, place in the list, export.

Requirements: R041, R043, R045.
"""

from collections.abc import Callable
from decimal import Decimal
from io import BytesIO
from typing import Any

import pytest
from django.contrib.sessions.backends.db import SessionStore
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, QueryDict
from django.test import RequestFactory
from openpyxl import load_workbook

from crm.access.actor import Actor
from crm.access.errors import NotVisible, Refused
from crm.lists import counts, services
from crm.lists.columns import Column
from crm.lists.definitions import ListDefinition
from crm.lists.errors import BadParameters
from crm.lists.export import asked_for, workbook_of
from crm.lists.filters import Choice, DateRange, Flag, NumberRange, Preset, Text
from crm.lists.models import SavedView
from crm.lists.positions import position
from crm.lists.requests import Asked
from crm.lists.sheets import Mark
from crm.lists.testing import walk
from crm.lists.views import page_of, render_list
from crm.log import services as log
from crm.tests.personas import as_actor, browser

pytestmark = pytest.mark.django_db


class Views(ListDefinition):
    """A list over the lists' own table, so that this floor needs no upper one."""

    name = "tests.views"
    title = "Views"
    export_permission = "staff.view_user"
    columns = (
        Column("label", "Label", sort="label", head=True),
        Column("list_name", "List", sort="list_name"),
        Column("amount", "Amount", kind="money", value=lambda row: Decimal("1234.50")),
        Column("created_at", "Made", kind="moment", sort="created_at"),
        Column("query", "Query", shown=False),
    )
    filters = (
        Choice("list_name", "List", [("a", "List A"), ("b", "List B")], multiple=True),
        Text("query", "Query"),
        DateRange("made", "Made", field="created_at"),
        NumberRange("id", "Number"),
        Flag("long", "Long", lambda rows, actor: rows.filter(label__endswith="9")),
    )
    presets = (Preset("Only A", {"list_name": "a"}),)
    search = ("label",)
    default_sort = ("label",)

    def queryset(self, actor: Actor) -> QuerySet[Any]:
        """The reader's own rows."""
        return SavedView.objects.filter(user__pk=actor.user_id or 0)

    def row_url(self, row: Any) -> str:
        """Made up."""
        return f"/views/{row.reference}/"


@pytest.fixture
def rows(sun_yue: Any, colleague: Any) -> list[SavedView]:
    with transaction.atomic():
        made = [SavedView.objects.create(user=sun_yue, list_name="ab"[n % 2], label=f"view {n:03}") for n in range(60)]
        SavedView.objects.filter(pk=made[4].pk).update(query="=1+1")
        SavedView.objects.create(user=colleague, list_name="a", label="leak 001")
        log.record(actor=as_actor(sun_yue), action="view.saved", target=made[0])
    return made


@pytest.fixture
def ask(sun_yue: Any) -> Callable[..., HttpRequest]:
    def request(query: str = "", path: str = "/views/") -> HttpRequest:
        found = RequestFactory().get(f"{path}?{query}")
        found.user = sun_yue
        found.actor = as_actor(sun_yue)  # type: ignore[attr-defined]
        found.session = SessionStore()
        return found

    return request


def page(ask: Any, query: str = "") -> str:
    response = render_list(ask(query), Views())
    assert response.status_code == 200, response.content.decode()
    return response.content.decode()


def test_a_page_shows_the_readers_rows_in_order_and_nothing_else(rows: Any, ask: Any) -> None:
    text = page(ask)
    assert "view 000" in text
    assert "view 049" in text
    assert "view 050" not in text
    assert "leak 001" not in text
    assert "1–50 of 60" in text


@pytest.mark.parametrize(
    ("column", "clicks"),
    [("label", ["-label", ""]), ("list_name", ["list_name", "-list_name", ""]), ("created_at", ["-created_at", "created_at", ""])],
)
def test_every_click_on_a_head_changes_the_order(rows: Any, ask: Any, column: str, clicks: list[str]) -> None:
    """The order as the list opens is left at the first click, and reached again at the last."""
    query = ""
    for wanted in clicks:
        heads = {head.column.name: head for head in page_of(Asked(Views(), ask().actor, QueryDict(query), "/views/"), "yuan")["heads"]}
        query = heads[column].url.partition("?")[2]
        assert query == (f"sort={wanted}" if wanted else "")


def test_next_page_and_back(rows: Any, ask: Any) -> None:
    asked = Asked(Views(), ask().actor, QueryDict(""), "/views/")
    following = asked.page_address(rows[49], backwards=False, offset=50).partition("?")[2]
    text = page(ask, following)
    assert "view 050" in text
    assert "view 049" not in text
    assert "51–60 of 60" in text


def test_walking_equals_the_plain_list_both_ways(rows: Any, ask: Any) -> None:
    wanted = [row.pk for row in rows if row.list_name == "a"]
    assert walk(Views(), ask().actor, "list_name=a", size=7) == (wanted, wanted)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("list_name=a", 30),
        ("list_name=a&list_name=b", 60),
        ("query=1%2B1", 1),
        ("long=on", 6),
        ("made_from=2020-01-01&made_to=2020-01-02", 0),
        ("made_from=2020-01-01", 60),
        ("q=view+00", 10),
        ("id_min=999999999", 0),
    ],
)
def test_conditions_narrow(rows: Any, ask: Any, query: str, expected: int) -> None:
    assert Asked(Views(), ask().actor, QueryDict(query), "/").rows.count() == expected


@pytest.mark.parametrize(
    "query",
    [
        "nonsense=1",
        "list_name=z",
        "sort=query",
        "sort=label&sort=label",
        "columns=secret",
        "size=7",
        "size=x",
        "made_from=2026-11-02&made_to=2026-11-01",
        "id_min=2&id_max=1",
        "made_from=20201301",
        "made_from=2020-13-01",
        "id_min=%EF%BC%91%EF%BC%92",
        "id_min=5_0",
        "id_min=1e5",
        "id_min=NaN",
        "q=%00",
        f"q={'x' * 81}",
        "at=AAAA",
        "at=%00",
        "long=maybe",
    ],
)
def test_an_address_that_does_not_fit_is_refused_in_words(rows: Any, ask: Any, query: str) -> None:
    response = render_list(ask(query), Views())
    assert response.status_code == 400
    assert 'role="alert"' in response.content.decode()


def test_a_page_of_another_order_is_refused(rows: Any, ask: Any) -> None:
    asked = Asked(Views(), ask().actor, QueryDict("sort=-created_at"), "/views/")
    token = asked.page_address(rows[3], backwards=False, offset=4).rpartition("at=")[2]
    with pytest.raises(BadParameters):
        Asked(Views(), ask().actor, QueryDict(f"sort=label&at={token}"), "/views/").place()


def test_columns_are_chosen(rows: Any, ask: Any) -> None:
    text = page(ask, "columns=label&columns=query")
    assert "<th scope" in text
    assert text.count("<th scope") == 2
    assert "1,234.50" not in text


def test_conditions_stand_on_the_page_in_words(rows: Any, ask: Any) -> None:
    assert "List: List A" in page(ask, "list_name=a")
    assert Asked(Views(), ask().actor, QueryDict("query=13812345678"), "/").in_words == "Query: 138****5678"


def test_counts_become_estimates(rows: Any, ask: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(counts, "EXACT", 10)
    found = counts.count(SavedView.objects.all())
    assert found.about
    assert found.number >= 10
    assert "about" in page(ask)
    assert [counts.rounded(n) for n in (7, 99, 123_456, 1_250_000)] == [7, 99, 120_000, 1_200_000]


def test_nothing_fits_is_told_from_nothing_here(ask: Any, rows: Any) -> None:
    assert "Nothing fits these conditions" in page(ask, "q=nobody")
    SavedView.objects.all().delete()
    assert "Nothing here yet" in page(ask)


def test_a_detail_page_knows_its_place(rows: Any, ask: Any) -> None:
    text = page(ask, "list_name=a")
    href = text.partition('href="/views/' + rows[2].reference)[2].partition('"')[0]
    here = position(ask(href.partition("?")[2].replace("&amp;", "&"), path=f"/views/{rows[2].reference}/"))
    assert here is not None
    assert (here.rank, here.total) == (2, 30)
    assert rows[0].reference in here.previous
    assert rows[4].reference in here.next
    assert here.list_url == "/views/?list_name=a"
    assert position(ask("in=AAAA")) is None
    assert position(ask()) is None


def test_views_are_saved_and_belong_to_one_person(ask: Any, sun_yue: Any, colleague: Any) -> None:
    actor = as_actor(sun_yue)
    view = services.save_view(actor=actor, definition=Views(), label=" Only  A ", query="list_name=a&at=")
    assert (view.label, view.query) == ("Only A", "list_name=a")
    services.save_view(actor=actor, definition=Views(), label="Only A", query="list_name=b")
    assert [v.query for v in services.views_of(actor, "tests.views")] == ["list_name=b"]
    assert services.views_of(as_actor(colleague), "tests.views") == []
    with pytest.raises(NotVisible):
        services.delete_view(actor=as_actor(colleague), definition=Views(), reference=view.reference)
    with pytest.raises(BadParameters):
        services.save_view(actor=actor, definition=Views(), label="bad", query="nonsense=1")
    with pytest.raises(services.NameMissing):
        services.save_view(actor=actor, definition=Views(), label=" ", query="")
    services.delete_view(actor=actor, definition=Views(), reference=view.reference)
    assert SavedView.objects.count() == 0


def test_excel_holds_what_the_list_shows_as_text(rows: Any, security_officer: Any, sun_yue: Any) -> None:
    """R283: who took it under which permit stands in the file, and on every printed page of it."""
    query = QueryDict("list_name=a&columns=label&columns=query&columns=amount")
    with pytest.raises(Refused):
        asked_for(Views(), as_actor(sun_yue), query)  # her role exports nothing
    SavedView.objects.filter(user=sun_yue).update(user=security_officer)
    asked = asked_for(Views(), as_actor(security_officer), query)
    made = workbook_of(asked, Mark(permit="X-1", lines=(("Purpose", "=1+2"),), advice="@once"))
    book = load_workbook(BytesIO(made.content))
    sheet: Any = book.active
    found = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert found[1][:2] == ["Prepared by", "85001 韩松"] or found[1][1] == "85001 韩松"
    assert "List A" in str(found[2][1])
    assert found[4][:3] == ["Label", "Amount", "Query"]
    assert len(found) == 5 + 30 == 5 + made.rows == 5 + len(made.keys)
    formula = next(row for row in sheet.iter_rows(min_row=6) if row[2].value == "=1+1")
    assert (formula[2].data_type, formula[2].quotePrefix) == ("s", True)
    assert formula[1].value == 1234.5
    assert sheet.oddFooter.left.text == "X-1"
    marked = [cell for row in book.worksheets[-1].iter_rows() for cell in row if cell.value]
    assert {"Purpose", "=1+2", "@once"} < {cell.value for cell in marked}
    assert {cell.data_type for cell in marked} == {"s"}


def test_the_verbs_around_lists_want_a_post_and_a_known_list(sun_yue: Any) -> None:
    client = browser(sun_yue)
    assert client.get("/lists/staff.user/export/").status_code == 405
    purpose = {"purpose": "work", "words": "for my desk"}
    assert client.post("/lists/no.such.list/export/", purpose).status_code == 404
    assert client.post("/lists/staff.user/export/", purpose).status_code == 404  # a list that nobody exports
