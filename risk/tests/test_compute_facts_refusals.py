"""`manage.py compute_facts` refuses in words: what is wrong, in which line and column, what to do; and leaves no half of a file."""

import gzip
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from crm.log.models import Event
from risk.facts.asked import NotUnderstood, asked_of, length_of
from risk.facts.declarations import fact_of
from risk.facts.spans import DAY, HOUR, Sliding, span_of

GOOD = "id,at,who,where,sum,bad\n1,2026-11-20 10:00:00,a,x,10.5,0\n2,2026-11-20 11:00:00,a,x,7,1\n"
OPTIONS = {"id": "id", "time": "at", "key": "who", "counterparty": "where", "amount": "sum", "label": "bad"}
FACTS = "count(1d), mean(amount, 1d), rate(label, 7d)"


def refused(path: Path, **options: Any) -> str:
    """Return the complaint; nothing was written, neither here nor in the log, and what stood there still does."""
    out = path.parent / "out.csv"
    out.write_text("from yesterday")
    before, lines = sorted(path.parent.iterdir()), Event.objects.count()
    with pytest.raises(CommandError) as refusal:
        call_command("compute_facts", path, **{"out": out, "facts": FACTS, **OPTIONS, **options})
    assert sorted(path.parent.iterdir()) == before
    assert out.read_text() == "from yesterday"
    assert Event.objects.count() == lines
    return str(refusal.value)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("old", "new", "complaint"),
    [
        ("7,1\n", "7,2\n", "Line 3, column bad: “2” is not a label; write 0 or 1."),
        ("7,1\n", "7,\n", "Line 3, column bad: “” is not a label; write 0 or 1."),
        ("7,1\n", "7,1.0\n", "Line 3, column bad: “1.0” is not a label; write 0 or 1."),
        (",10.5,", ',"1,234.50",', "Line 2, column sum: “1,234.50” is not an amount; write 1234.50 without separators."),
        (",10.5,", ",,", "Line 2, column sum: “” is not an amount; write 1234.50 without separators."),
        (",10.5,", ",NaN,", "Line 2, column sum: “NaN” is not an amount; write 1234.50 without separators."),
        (",10.5,", ",1_0,", "Line 2, column sum: “1_0” is not an amount; write 1234.50 without separators."),
        (",10.5,", ",1e-19,", "Line 2, column sum: “1e-19” has more than 20 digits before or 18 after the decimal point."),
        (",10.5,", ",1e999,", "Line 2, column sum: “1e999” has more than 20 digits before or 18 after the decimal point."),
        ("2026-11-20 11:00:00", "20.11.2026", "Line 3, column at: “20.11.2026” is not a date and time; write 2026-11-20 14:30:05,"),
        ("2026-11-20 11:00:00", "1763632800", "Line 3, column at: “1763632800” is a number, not a date and time; if it counts steps,"),
        ("2026-11-20 11:00:00", "", "Line 3, column at: “” is not a date and time;"),
        ("2026-11-20 11:00:00", "2026-11-20 11:00:00.1234567", "Line 3, column at: “2026-11-20 11:00:00.1234567” is more exact than a"),
        ("2026-11-20 11:00:00", "1812-06-24", "Line 3, column at: “1812-06-24” lies outside the years 1930 to 2069."),
        ("2,2026", "1,2026", "Line 3: the id “1” stands in line 2 already; ids must be unique."),
        ("2,2026", ",2026", "Line 3, column id: “” is empty."),
        (",a,x,7", ",,x,7", "Line 3, column who: “” is empty."),
        (",a,x,7", ",a\0,x,7", "Line 3, column who: “a\0” holds a zero byte."),
        ("7,1\n", "7,1,9\n", "Line 3 has 7 cells, the heading has 6."),
        ("7,1\n", "7\n", "Line 3 has 5 cells, the heading has 6."),
        (",sum,", ",total,", "in.csv has no column “sum”. It has: id, at, who, where, total, bad."),
        (",where,", ",sum,", "in.csv has more than one column “sum”."),
        (",x,7", ',"x,7', "in.csv: after line 2 the file is not CSV: unexpected end of data."),
        (GOOD, "", "in.csv is empty: the first line must name the columns."),
        (GOOD, "id,at,who,where,sum,bad\n", "in.csv holds no event: there is nothing below the heading."),
        (GOOD, GOOD.replace(",", ";"), "Is the file separated by another sign? See --delimiter."),
    ],
)
def test_a_bad_cell_is_named_by_line_and_column(tmp_path: Path, old: str, new: str, complaint: str) -> None:
    path = tmp_path / "in.csv"
    assert old in GOOD
    path.write_text(GOOD.replace(old, new) if old != GOOD else new)
    assert complaint in refused(path)


@pytest.mark.django_db
def test_a_file_that_cannot_be_read_is_said_to_be_so(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    assert f"{path}: No such file or directory." in refused(path)
    path.write_bytes(GOOD.replace(",x,7", ",北,7").encode("gb18030"))
    assert "in.csv: after line 0 the text is not UTF-8; convert the file first." in refused(path)
    path.write_bytes(gzip.compress(GOOD.encode() * 500)[:90])
    assert "in.csv: the gzip data is damaged after line" in refused(path)
    assert "Is a directory" in refused(tmp_path)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ({"facts": "median(amount, 1d)"}, "“median(amount, 1d)”: there is no formula “median”. There are: count(7d),"),
        ({"facts": "count(1y)"}, "“count(1y)” is not a fact. There are: count(7d),"),
        ({"facts": "count(1d) after"}, "“count(1d) after” is not a fact."),
        ({"facts": "count(0d)"}, "“0d” is not a length of time: write 90m, 12h or 7d, at most 400d."),
        ({"facts": "count(401d)"}, "“401d” is not a length of time"),
        ({"facts": "count(amount, 1d)"}, "“count(amount, 1d)”: write count(7d)."),
        ({"facts": "mean(1d)"}, "“mean(1d)”: write mean(amount, 7d)."),
        ({"facts": "mean(label, 1d)"}, "is not a fact of the label: there are rate(label, 7d), count(label, 7d) and sum(label, 7d)."),
        ({"facts": "rate(amount, 1d)"}, "“rate(amount, 1d)”: there is no formula “rate”."),
        ({"facts": "rate(label, 1d) before"}, "facts of the label end before the event anyway; leave out “before”."),
        ({"facts": "rate(label, 399d)"}, "the window and the label's delay reach back more than 400 days together; shorten one."),
        ({"facts": "distinct(key, 1d)"}, "“distinct(key, 1d)”: write distinct(counterparty, 7d)."),
        ({"facts": "distinct(counterparty, 1d) per counterparty"}, "write distinct(key, 7d)."),
        ({"facts": "count(1d), count(1d)"}, "“count(1d)” is asked for twice."),
        ({"facts": " "}, "No fact is asked for. There are: count(7d),"),
        ({"facts": ", ".join(f"count({days}d)" for days in range(1, 62))}, "61 facts at once are too many: ask for at most 60,"),
        ({"amount": ""}, "“mean(amount, 1d)” needs --amount COLUMN."),
        ({"label": ""}, "“rate(label, 7d)” needs --label COLUMN."),
        ({"facts": "count(1d) per counterparty", "counterparty": ""}, "“count(1d) per counterparty” needs --counterparty COLUMN."),
        ({"label_delay": "soon"}, "“soon” is not a length of time"),
        ({"label_delay": "0d"}, "“0d” is not a length of time"),
        ({"names": "a,b"}, "--names takes 3 different names, one per fact."),
        ({"names": "a,b,id"}, "--names takes 3 different names, one per fact."),
        ({"zone": "Asia/Peking"}, "--zone: there is no time zone “Asia/Peking”"),
        ({"delimiter": "::"}, "--delimiter takes one sign."),
        ({"time_unit": "s"}, "Line 2, column at: “2026-11-20 10:00:00” is not a number of steps of 1s."),
    ],
)
def test_what_is_asked_wrongly_is_refused_with_what_there_is(tmp_path: Path, options: dict[str, str], complaint: str) -> None:
    path = tmp_path / "in.csv"
    path.write_text(GOOD)
    assert complaint in refused(path, **options)


@pytest.mark.django_db
def test_the_input_is_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    path.write_text(GOOD)
    (tmp_path / "same.csv").symlink_to(path)
    assert "--out names the file that is read; choose another." in refused(path, out=tmp_path / "same.csv")
    assert "name a file in a folder that exists." in refused(path, out=tmp_path / "nowhere" / "out.csv")
    assert "name a file in a folder that exists." in refused(path, out=tmp_path)
    assert path.read_text() == GOOD


@pytest.mark.django_db
def test_more_events_in_a_microsecond_than_can_be_ordered_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "in.csv"
    for count, refusal in ((2048, ""), (2049, "more than 2,048 events of one key in the same microsecond; times must be finer.")):
        path.write_text("id,at,who\n" + "".join(f"{number},2026-11-20,a\n" for number in range(count)))
        options = {**OPTIONS, "facts": "count(1d)", "counterparty": "", "amount": "", "label": ""}
        if refusal:
            assert refusal in refused(path, **options)
        else:
            call_command("compute_facts", path, out=tmp_path / "out.csv", **options)
            counts = [int(line.split(",")[1]) for line in (tmp_path / "out.csv").read_text().splitlines()[1:]]
            assert counts == list(range(1, 2049))


def test_asked_facts_are_declarations_that_a_rule_could_make() -> None:
    asked = asked_of("count(36h) before, mean(amount,7d) per  counterparty, rate(label, 1d), gap(90m)", 7 * DAY)
    assert [one.side for one in asked] == ["key", "counterparty", "key", "key"]
    assert [one.needs for one in asked] == [set(), {"amount", "counterparty"}, {"label"}, set()]
    for one in asked:
        for fact in one.parts:
            assert fact_of(fact.to_json()) == fact
    assert asked[2].parts[0].to_json()["window"] == {"days": 1, "ago": {"days": 7}}
    assert length_of(" 90m ") == 90 * 60_000_000


def test_a_window_that_ended_some_time_ago_is_declared_in_whole_units() -> None:
    for data, span in (
        ({"days": 7, "ago": {"hours": 36}}, Sliding(7 * DAY, 36 * HOUR)),
        ({"minutes": 90, "ago": {"days": 1}}, Sliding(90 * 60_000_000, DAY)),
    ):
        assert span_of(data) == span
        assert span_of(data).to_json() == data
        assert span_of(data).reach == span.micros + span.ago
    for wrong in ({"days": 7, "ago": 3}, {"bank_days": 1, "ago": {"days": 1}}, {"ago": {"days": 1}}, {"days": 7, "ago": {"bank_days": 1}}):
        with pytest.raises(Exception, match="not well declared"):
            span_of(wrong)
    with pytest.raises(NotUnderstood):
        length_of("7")
