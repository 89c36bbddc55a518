"""A ledger of foreign events for one transaction: temporary tables with the engine's columns, filled by COPY, gone at its end.

One ledger per side: the key's history, and the counterparty's, in which the two have changed places. The engine then computes both with
the same declared facts, of the ledger's ``account``.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from django.conf import settings
from django.db import connection
from psycopg import sql

from risk.engine.binding import Binder
from risk.engine.compiler import STORED, compile_facts
from risk.engine.cursor import run
from risk.engine.formulas import MEAN_PLACES
from risk.facts.asked import SIDES, Asked, Side, declared
from risk.facts.spans import STRIDE, TIES

FileEvent = tuple[int, str, str, str, int, str, str]
"""Line, id, key, counterparty, microseconds since 2000-01-01 UTC, amount and label (0 or 1), both as text."""
PIECE = 5_000
LEAN = (
    "cur AS NOT MATERIALIZED (SELECT t.id, t.account_id, t.customer_id, t.event_order, t.occurred_at, t.counterparty_index FROM {ledger} t)"
)
"""All events of the ledger are asked for, and nothing is known of customers and accounts."""

ROWS = """CREATE TEMPORARY TABLE file_row (row bigint NOT NULL, id text NOT NULL, key bigint NOT NULL, counterparty bigint NOT NULL,
  micros bigint NOT NULL, amount numeric(38, 18) NOT NULL, label smallint NOT NULL) ON COMMIT DROP"""
TWICE = """SELECT id, min(row), max(row) FROM file_row GROUP BY id HAVING count(*) > 1 ORDER BY 3 LIMIT 1"""
# In one microsecond of one key the shorter id comes first, then the smaller one: whole numbers in their order, and the same for any
# order of the file's lines.
EVENTS = """CREATE TEMPORARY TABLE file_event_{side} ON COMMIT DROP AS
SELECT row AS id, {side} AS account_id, {other} AS other_id, amount, label,
       micros * {stride} + row_number() OVER (PARTITION BY {side}, micros ORDER BY length(id), id COLLATE "C") - 1 AS event_order
  FROM file_row"""
CROWDED = "SELECT min(id) FROM file_event_{side} WHERE (event_order & ({stride} - 1)) >= {ties}"
INDEX = "CREATE INDEX ON file_event_{side} (account_id, event_order)"
VIEW = """CREATE TEMPORARY VIEW file_ledger_{side} AS
SELECT e.id, e.account_id, e.account_id AS customer_id, 0::bigint AS source_id, ''::text AS external_id, e.event_order, m.occurred_at,
       (m.occurred_at AT TIME ZONE {zone})::date AS bank_date, 0 AS business_day, 'C'::text AS direction, e.amount,
       'CNY'::text AS currency, e.amount AS amount_cny, NULL::numeric AS amount_usd,
       CASE WHEN e.label = 1 THEN 'labelled' ELSE '' END AS kind, ''::text AS instrument, ''::text AS channel, false AS cross_border,
       false AS customer_initiated, int8send(e.other_id) AS counterparty_index, ''::text AS counterparty_country,
       'completed'::text AS status, NULL::timestamptz AS reversed_at
  FROM file_event_{side} e
 CROSS JOIN LATERAL (SELECT timestamptz '2000-01-01 00:00+00' + (e.event_order >> 12) * interval '1 microsecond' AS occurred_at) m"""
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


class SameId(Exception):
    """Two events carry one id: the id and the lines."""


class Crowded(Exception):
    """Too many events of one key in one microsecond: the line of one, and whose history it is."""


def fill(events: Iterable[FileEvent]) -> tuple[int, int]:
    """Copy events into this transaction's table; return how many there are, of how many keys. `SameId` where an id is not unique."""
    _ddl("SELECT set_config('statement_timeout', '0', true), set_config('jit', 'off', true), set_config('work_mem', '96MB', true)")
    _ddl(ROWS)
    keys: dict[str, int] = {}
    count = 0
    with connection.connection.cursor() as cursor, cursor.copy("COPY file_row FROM STDIN") as copy:
        for piece in _pieces(_lines(events, keys)):
            count += len(piece)
            copy.write("".join(piece).encode())
    _ddl("ANALYZE file_row")
    if twice := run(TWICE, {}, prepare=False):
        raise SameId(*twice[0])
    return count, len(keys)


def compute(asked: Sequence[Asked]) -> None:
    """Compute the facts of all events into temporary tables, one per side."""
    for side in SIDES:
        if facts := declared(asked, side):
            _ledger(side, indexed=any(not fact.in_frames for fact in facts))
            binder = Binder()
            ledger = f"file_ledger_{side}"
            tables = compile_facts(facts, "frames", binder, ledger=ledger, current=LEAN.format(ledger=ledger))
            mine = [(place, one) for place, one in enumerate(asked) if one.side == side]
            places = {fact.identity: f"f.f{place}" for place, fact in enumerate(facts)}
            _ddl(f"CREATE TEMPORARY TABLE file_fact_{side} (id bigint{''.join(f', a{p} numeric' for p, _one in mine)}) ON COMMIT DROP")
            columns = "".join(f", {_value(one, places)}" for _place, one in mine)
            run(f"INSERT INTO file_fact_{side} WITH {tables} SELECT f.id{columns} FROM facts f", binder.values, prepare=False)
            _ddl(f"ANALYZE file_fact_{side}")


def written(asked: Sequence[Asked], write: Callable[[bytes | memoryview], Any]) -> None:
    """Write one CSV line per event, in the order of the file: its id and the facts as plain decimals, empty where unknown."""
    joins = "".join(f" JOIN file_fact_{side} {side} ON {side}.id = r.row" for side in SIDES if declared(asked, side))
    columns = "".join(f", {one.side}.a{place}" for place, one in enumerate(asked))
    query = f"COPY (SELECT r.id{columns} FROM file_row r{joins} ORDER BY r.row) TO STDOUT (FORMAT csv)"
    with connection.connection.cursor() as cursor, cursor.copy(query) as copy:
        for block in copy:
            write(block)


def clear(asked: Sequence[Asked]) -> None:
    """Remove the tables before the transaction ends, which would do it too."""
    sides = [side for side in SIDES if declared(asked, side)]
    _ddl("DROP TABLE file_row" + "".join(f", file_event_{side}, file_fact_{side}" for side in sides) + " CASCADE")


def _ledger(side: Side, *, indexed: bool) -> None:
    other = "counterparty" if side == "key" else "key"
    places: dict[str, Any] = {"side": side, "other": other, "stride": STRIDE, "ties": TIES}
    _ddl(EVENTS.format(**places))
    if (line := run(CROWDED.format(**places), {}, prepare=False)[0][0]) is not None:
        raise Crowded(line, side)
    if indexed:
        _ddl(INDEX.format(**places))
    _ddl(f"ANALYZE file_event_{side}")
    _ddl(VIEW.format(**places, zone=sql.Literal(settings.BANK_ZONE).as_string(connection.connection)))


def _value(one: Asked, places: dict[str, str]) -> str:
    found = [places[fact.identity] for fact in one.parts]
    if len(found) == 1:
        return f"trim_scale({found[0]})"
    labelled, every = found
    return f"CASE WHEN {every} = 0 THEN 0 ELSE trim_scale(round({labelled}::{STORED} / {every}, {MEAN_PLACES})) END"


def _lines(events: Iterable[FileEvent], keys: dict[str, int]) -> Iterator[str]:
    others: dict[str, int] = {}
    for row, number, key, other, micros, amount, label in events:
        mine = keys.setdefault(key, len(keys) + 1)
        theirs = others.setdefault(other, len(others) + 1)
        yield f"{row}\t{number.translate(_ESCAPES)}\t{mine}\t{theirs}\t{micros}\t{amount}\t{label}\n"


def _pieces(lines: Iterator[str]) -> Iterator[list[str]]:
    piece: list[str] = []
    for line in lines:
        piece.append(line)
        if len(piece) == PIECE:
            yield piece
            piece = []
    if piece:
        yield piece


def _ddl(statement: str) -> None:
    run(statement, {}, prepare=False)
