"""`manage.py compute_facts`: every cell against a brute force, in any order of the lines, to the microsecond."""

import gzip
import random
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import connection

from crm.log.models import Event
from risk.models import Assessment
from risk.tests.event_files import MICROS, Row, card_world, cells_of, compute, quick_facts, slow_facts, write_file
from transactions.models import Transaction

pytestmark = pytest.mark.django_db

DAY = MICROS["d"]
EVERY_FACT = ", ".join(
    [
        *(f"{formula}(amount, 1d){ending}" for formula in ("sum", "mean", "stddev", "max", "min") for ending in ("", " before")),
        *(f"count({window}){ending}" for window in ("1m", "1h", "1d", "7d") for ending in ("", " before")),
        *(f"{fact}{ending}" for fact in ("rate(label, 1d)", "count(label, 2d)", "sum(label, 7d)") for ending in ("", " per counterparty")),
        "gap(7d)",
        "gap(1d) per counterparty",
        "mean(amount, 7d) per counterparty",
        "count(1d) before per counterparty",
        "distinct(counterparty, 1d)",
        "distinct(key, 1d) per counterparty",
    ]
)
STEPS = [timedelta(days=1), timedelta(days=7), timedelta(hours=1), timedelta(minutes=1), timedelta(0)]
EDGES = [timedelta(microseconds=micros) for micros in (-1, 0, 0, 1)]
HANDBOOK = ", ".join(
    [
        *(f"{fact}{days}d)" for days in (1, 7, 30) for fact in ("count(", "mean(amount, ")),
        *(f"{fact}(label, {days}d) per counterparty" for days in (1, 7, 30) for fact in ("count", "rate")),
    ]
)


def edges(seed: int, count: int = 40) -> list[Row]:
    """Events most of which lie a window apart, give or take a microsecond, or at the very same time."""
    drawn = random.Random(seed)
    at = datetime(2020, 2, 28, 15, 59, tzinfo=UTC)
    rows = []
    for number in drawn.sample(range(5, 5 + 5 * count), count):
        at += drawn.choice(STEPS) * drawn.choice([0, 0, 0, 1])
        amount = Decimal(drawn.randrange(1, 10_000_000)) / drawn.choice([1, 100, 10**6])
        who, where = drawn.choice("aab"), drawn.choice("xy")
        rows.append(Row(str(number), at + drawn.choice(EDGES), who, where, amount, drawn.randrange(2)))
    return rows


@pytest.mark.parametrize("seed", range(12))
def test_every_cell_equals_a_brute_force(tmp_path: Path, seed: int) -> None:
    rows = edges(seed)
    expected = slow_facts(rows, EVERY_FACT, DAY)
    assert cells_of(compute(write_file(tmp_path / "in.csv", rows, seed), EVERY_FACT, label_delay="1d")) == expected


def test_the_order_of_the_lines_changes_no_cell(tmp_path: Path) -> None:
    rows = edges(99)
    found = []
    for seed in range(5):
        path = write_file(tmp_path / "in.csv", rows, seed)
        text = compute(path, EVERY_FACT)
        # The output has the order of the input.
        assert [line.split(",")[0] for line in text.splitlines()] == [line.split(",")[0] for line in path.read_text().splitlines()]
        found.append(cells_of(text))
    assert all(one == found[0] for one in found)


def test_the_edge_of_a_window_is_one_microsecond_wide(tmp_path: Path) -> None:
    """(t − w, t] and (t − delay − w, t − delay]: what is exactly w old is out, exactly the delay old is in."""
    now = datetime(2020, 3, 1, tzinfo=UTC)
    micro = timedelta(microseconds=1)
    ages = {"out": timedelta(days=1), "in": timedelta(days=1) - micro, "late": timedelta(days=7) - micro, "known": timedelta(days=7)}
    ages |= {"oldest": timedelta(days=8) - micro, "gone": timedelta(days=8), "now": timedelta(0)}
    rows = [Row(name, now - age, "k", "x", Decimal(1), 1) for name, age in ages.items()]
    cells = cells_of(compute(write_file(tmp_path / "in.csv", rows), "count(1d), count(label, 1d), rate(label, 1d)"))
    assert cells["now"] == [2, 2, 1]


def test_ties_are_ordered_by_id_whole_numbers_in_their_order(tmp_path: Path) -> None:
    at = datetime(2020, 3, 1, tzinfo=UTC)
    rows = [Row(number, at, "k", "x", Decimal(number), 0) for number in ("10", "9", "100")]
    cells = cells_of(compute(write_file(tmp_path / "in.csv", rows), "count(1d), sum(amount, 1d), count(1d) before, count(label, 1d)"))
    assert cells == {"9": [1, 9, 0, 0], "10": [2, 19, 1, 0], "100": [3, 119, 2, 0]}


def test_a_handbook_file_equals_a_count_with_two_pointers(tmp_path: Path) -> None:
    rows = card_world(6_000)
    found = cells_of(compute(write_file(tmp_path / "in.csv", rows, 3), HANDBOOK))
    assert found == quick_facts(rows, HANDBOOK, 7 * DAY)


def test_the_two_references_agree() -> None:
    rows = edges(5)
    facts = (
        "count(1d), count(1d) before, sum(amount, 7d), mean(amount, 1d) per counterparty, rate(label, 1d), sum(label, 2d) per counterparty"
    )
    whole = [Row(row.id, row.at, row.key, row.other, row.amount.quantize(Decimal("0.01")), row.label) for row in rows]
    assert slow_facts(whole, facts, DAY) == quick_facts(whole, facts, DAY)


@pytest.mark.slow
def test_two_hundred_thousand_rows_equal_a_count_with_two_pointers(tmp_path: Path) -> None:
    rows = card_world(200_000)
    facts = HANDBOOK + ", sum(amount, 30d) before, sum(label, 30d), count(7d) per counterparty"
    found = cells_of(compute(write_file(tmp_path / "in.csv", rows, 3), facts))
    expected = quick_facts(rows, facts, 7 * DAY)
    assert len(found) == 200_000
    assert found == expected
    assert sum(cells[7] > 0 for cells in expected.values() if cells[7] is not None) > 500


def test_times_may_be_local_with_offsets_or_steps(tmp_path: Path) -> None:
    for times, more in (
        (["2026-11-20", "2026-11-20 23:59:59.999999", "2026-11-21T00:00:00"], {}),
        (["2026-11-19T16:00:00Z", "2026-11-20T15:59:59.999999+00:00", "2026-11-21T00:00:00+08:00"], {"zone": "UTC"}),
        (["0", "86399.999999", "86400"], {"time_unit": "s"}),
        (["0", "23", "24"], {"time_unit": "h"}),
    ):
        lines = [f"{place},{time},k" for place, time in enumerate(times)]
        (tmp_path / "in.csv").write_text("\n".join(["id,at,who", *lines]))
        columns = {"id": "id", "time": "at", "key": "who", "amount": "", "label": "", "counterparty": ""}
        assert cells_of(compute(tmp_path / "in.csv", "count(1d)", **columns, **more)) == {"0": [1], "1": [2], "2": [2]}, times


def test_packed_marked_and_quoted_files_are_read(tmp_path: Path) -> None:
    text = '\ufeffid;at;who\n"a\tb";2026-11-20;"Zhang; San"\n"c\\n""";2026-11-21;"Zhang; San"\n\n'
    path = tmp_path / "in.csv"
    path.write_bytes(gzip.compress(text.encode()))
    columns = {"id": "id", "time": "at", "key": "who", "amount": "", "label": "", "counterparty": "", "delimiter": ";"}
    assert compute(path, "count(7d), gap(7d)", names="n,seconds", **columns) == 'id,n,seconds\na\tb,1,\n"c\\n""",2,86400\n'


def test_numbers_are_plain_decimals(tmp_path: Path) -> None:
    rows = [
        Row("1", datetime(2020, 1, 1, tzinfo=UTC), "k", "x", Decimal("0.000000000000000001"), 1),
        Row("2", datetime(2020, 1, 1, 12, tzinfo=UTC), "k", "x", Decimal(12345678901234567890), 0),
    ]
    text = compute(write_file(tmp_path / "in.csv", rows), "sum(amount, 1d), mean(amount, 1d) before, stddev(amount, 1d)")
    assert sorted(text.splitlines()[1:]) == [
        "1,0.000000000000000001,,",
        "2,12345678901234567890.000000000000000001,0,8729713269414648062.696907",
    ]
    assert text.startswith('TRANSACTION_ID,"sum(amount, 1d)","mean(amount, 1d) before","stddev(amount, 1d)"\n')


@pytest.mark.django_db(transaction=True)
def test_nothing_stays_but_one_line_in_the_log(tmp_path: Path) -> None:
    before = Event.objects.count(), Transaction.objects.count(), Assessment.objects.count()
    rows = edges(1)
    for _time in range(2):
        compute(write_file(tmp_path / "in.csv", rows), "count(1d), rate(label, 7d) per counterparty", label_delay="36h")
    assert (Event.objects.count() - 2, Transaction.objects.count(), Assessment.objects.count()) == before
    line = Event.objects.latest("pk")
    assert (line.action, line.actor_number, line.origin) == ("facts.computed", "system", "command")
    assert line.data == {"rows": 40, "keys": 2, "facts": ["count(1d)", "rate(label, 7d) per counterparty"], "label_delay": "36h"}
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_class WHERE relpersistence = 't' AND relname LIKE 'file%'")
        assert cursor.fetchone() == (0,)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in.csv", "in.out.csv"]


def test_the_worked_example_of_the_document_is_what_the_command_writes(tmp_path: Path) -> None:
    document = (Path(__file__).parents[2] / "docs" / "engine.md").read_text()
    source, expected = re.findall(r"```csv\n(.*?)```", document, re.DOTALL)
    ((options, facts),) = re.findall(r"compute_facts cards.csv (.*?)--facts \"(.*?)\"", document, re.DOTALL)
    (tmp_path / "cards.csv").write_text(source)
    given = dict(re.findall(r"--([a-z-]+) (\S+)", options))
    assert given.pop("out") == "facts.csv"
    names = {name.replace("-", "_"): value for name, value in given.items()}
    assert compute(tmp_path / "cards.csv", facts, **names) == expected
