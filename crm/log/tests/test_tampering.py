"""Acceptance: in a log of 1,000 lines every kind of tampering by SQL is found and named, and a clean one is silent.

One such log is made for all tests; each intrudes in a transaction that is rolled back, and verifies inside it.

Requirements: R313.
"""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from django.db import connections
from psycopg import sql

from crm.log import verifier
from crm.log.tests.intrusion import REMOVE_NEWEST, REWIND, Intruder, fill, verify
from crm.operations.pytest_plugin import RUN

LINES = 1_000
DATABASE = f"{RUN.database}_log"


@pytest.fixture(scope="module")
def thousand(django_db_setup: None, django_db_blocker: Any) -> Iterator[list[int]]:
    """Line numbers of a log with 1,000 lines in a database of its own."""
    with django_db_blocker.unblock():
        numbers = fill(LINES)
        connections.close_all()
        with RUN.postgres.connect("postgres") as session:
            names = (sql.Identifier(DATABASE), sql.Identifier(RUN.database))
            session.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(*names))
        RUN.renew_database()
    yield numbers
    with RUN.postgres.connect("postgres") as session:
        session.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(DATABASE)))


@pytest.fixture
def session(thousand: list[int]) -> Iterator["psycopg.Connection[Any]"]:
    """A superuser's session past all triggers; what it does is rolled back."""
    with RUN.postgres.connect(DATABASE) as connected:
        connected.autocommit = False
        connected.execute("SET session_replication_role = replica")
        yield connected
        connected.rollback()


@pytest.fixture
def intruder(session: "psycopg.Connection[Any]") -> Intruder:
    """Runs SQL in that session."""

    def run(*statements: str, **values: object) -> None:
        for statement in statements:
            session.execute(statement, values)

    return run


Found = list[tuple[str, dict[str, Any]]]


def found(session: "psycopg.Connection[Any]") -> Found:
    """Kind and values of all findings."""
    return [(finding.kind, dict(finding.values)) for finding in verify(session).findings]


def newest(session: "psycopg.Connection[Any]") -> int:
    """The highest line number."""
    row = session.execute("SELECT max(id) FROM log_event").fetchone()
    assert row is not None
    return int(row[0])


def test_clean_log_is_silent(session: "psycopg.Connection[Any]") -> None:
    """No false alarm."""
    report = verify(session)
    assert report.holds and report.lines == LINES and not report.notes


@pytest.mark.parametrize("place", [0, 499, 999])
@pytest.mark.parametrize("column", [name for name in verifier.COLUMNS if name not in ("uid", "at", "actor_id", "view", "result", "data")])
def test_edited_column(thousand: list[int], intruder: Intruder, session: "psycopg.Connection[Any]", place: int, column: str) -> None:
    """Each text column, at the first, a middle and the newest line."""
    intruder(f"UPDATE log_event SET {column} = {column} || 'x' WHERE id = %(line)s", line=thousand[place])
    assert found(session) == [("column", {"line": thousand[place], "seq": place + 1, "columns": column})]


@pytest.mark.parametrize(
    "change",
    [
        "uid = gen_random_uuid()",
        "at = at + interval '1 microsecond'",
        "actor_id = 2",
        "view = 'security'",
        "result = 'refused'",
        "data = '{\"number\": 77}'",
    ],
)
def test_edited_other_column(thousand: list[int], intruder: Intruder, session: "psycopg.Connection[Any]", change: str) -> None:
    """One microsecond, one letter, one number."""
    intruder(f"UPDATE log_event SET {change} WHERE id = %(line)s", line=thousand[10])
    assert found(session) == [("column", {"line": thousand[10], "seq": 11, "columns": change.split(" ", maxsplit=1)[0]})]


@pytest.mark.parametrize("place", [0, 499, 999])
@pytest.mark.parametrize("change", ["body = body || ' '::bytea", "mac = sha256(mac)", "txid = '1'"])
def test_edited_text(thousand: list[int], intruder: Intruder, session: "psycopg.Connection[Any]", place: int, change: str) -> None:
    """The sealed text, its code, its transaction."""
    intruder(f"UPDATE log_event SET {change} WHERE id = %(line)s", line=thousand[place])
    [(kind, values)] = found(session)
    assert kind in ("edited", "seal") and values == {"line": thousand[place], "seq": place + 1}


@pytest.mark.parametrize("place", [0, 499, 999])
def test_deleted_line(thousand: list[int], intruder: Intruder, session: "psycopg.Connection[Any]", place: int) -> None:
    """The newest one too."""
    intruder("DELETE FROM log_event WHERE id = %(line)s", line=thousand[place])
    assert found(session) == [("deleted", {"line": thousand[place], "seq": place + 1})]


def test_deleted_with_its_seal(thousand: list[int], intruder: Intruder, session: "psycopg.Connection[Any]") -> None:
    """In the middle: a gap in the positions."""
    intruder("DELETE FROM log_event WHERE id = %(line)s", "DELETE FROM log_seal WHERE event_id = %(line)s", line=thousand[499])
    assert found(session) == [("gap", {"first": 500, "last": 500})]


def test_newest_deleted_with_its_seal(intruder: Intruder, session: "psycopg.Connection[Any]") -> None:
    """The head still counts it."""
    intruder(*REMOVE_NEWEST)
    assert found(session)[0] == ("head", {"head": LINES, "last": LINES - 1})


def test_newest_deleted_and_head_rewound(intruder: Intruder, session: "psycopg.Connection[Any]") -> None:
    """Only the keyed attestation can know: nobody without the key attests fewer lines."""
    intruder(*REMOVE_NEWEST, *REMOVE_NEWEST, REWIND)
    assert found(session) == [("newest", {"lines": 2, "attested": LINES, "last": LINES - 2})]


def test_line_inserted_past_the_chain(thousand: list[int], intruder: Intruder, session: "psycopg.Connection[Any]") -> None:
    """A copy of a line under a new number."""
    intruder(COPY_LINE, line=thousand[3])
    assert found(session) == [("inserted", {"line": newest(session)})]


def test_line_copied_whole(thousand: list[int], intruder: Intruder, session: "psycopg.Connection[Any]") -> None:
    """A true line written a second time, code and all, with the trigger on."""
    copy = COPY_LINE.replace("gen_random_uuid()", "uid").replace("'99999'", "actor_number").replace("sha256(mac)", "mac")
    intruder("ALTER TABLE log_event DROP CONSTRAINT log_event_uid_key", "SET session_replication_role = origin")
    intruder(copy, "SET CONSTRAINTS ALL IMMEDIATE", line=thousand[3])
    assert found(session) == [("replayed", {"line": thousand[3], "other": newest(session)})]


COPY_LINE = """
INSERT INTO log_event (uid, at, actor_id, actor_number, actor_name, actor_kind, role, origin, session, address, request_id, view, action,
    result, target_type, target_ref, customer, reason, approver, data, body, mac)
SELECT gen_random_uuid(), at, actor_id, '99999', actor_name, actor_kind, role, origin, session, address, request_id, view, action,
    result, target_type, target_ref, customer, reason, approver, data, body, sha256(mac) FROM log_event WHERE id = %(line)s
"""


def test_line_inserted_with_the_trigger_on(thousand: list[int], session: "psycopg.Connection[Any]") -> None:
    """Whoever inserts by SQL gets a place in the chain, but not the product's code."""
    session.execute("SET session_replication_role = origin")
    session.execute(COPY_LINE, {"line": thousand[3]})
    session.execute("SET CONSTRAINTS ALL IMMEDIATE")
    assert ("foreign", {"line": newest(session), "seq": LINES + 1}) in found(session)


@pytest.mark.parametrize("content", ["body, mac", "body, mac, txid"])
def test_swapped_lines(thousand: list[int], intruder: Intruder, session: "psycopg.Connection[Any]", content: str) -> None:
    """Two lines exchange what they say, columns included."""
    columns = ", ".join([*verifier.COLUMNS, *content.split(", ")])
    intruder(
        "ALTER TABLE log_event DROP CONSTRAINT log_event_uid_key",
        f"UPDATE log_event a SET ({columns}) = (SELECT {columns} FROM log_event b WHERE b.id = %(one)s + %(two)s - a.id) "
        "WHERE id IN (%(one)s, %(two)s)",
        one=thousand[4],
        two=thousand[8],
    )
    assert found(session) == [("swapped", {"line": thousand[4], "other": thousand[8]})]


def test_swapped_seals(thousand: list[int], intruder: Intruder, session: "psycopg.Connection[Any]") -> None:
    """Two lines exchange their places in the chain."""
    intruder(
        "DELETE FROM log_seal WHERE seq = 5",
        "UPDATE log_seal SET event_id = %(one)s WHERE seq = 9",
        "INSERT INTO log_seal SELECT 5, %(two)s, prev, hash FROM log_seal WHERE seq = 9",
        one=thousand[4],
        two=thousand[8],
    )
    kinds = {(kind, values.get("seq")) for kind, values in found(session)}
    assert {("seal", 5), ("seal", 9)} <= kinds


@pytest.mark.parametrize(("change", "expected"), [("hash = sha256(hash)", "seal"), ("prev = sha256(prev)", "link")])
def test_edited_seal(intruder: Intruder, session: "psycopg.Connection[Any]", change: str, expected: str) -> None:
    """A seal that was changed is told from a line that was changed."""
    intruder(f"UPDATE log_seal SET {change} WHERE seq = 500")
    kinds = [kind for kind, _values in found(session)]
    assert expected in kinds and "edited" not in kinds


def test_whole_chain_recomputed(thousand: list[int], intruder: Intruder, session: "psycopg.Connection[Any]") -> None:
    """An intruder edits a line and computes all hashes anew, as anybody can: the keyed codes and the attestation do not follow."""
    intruder("UPDATE log_event SET body = body || ' '::bytea WHERE id = %(line)s", line=thousand[700])
    intruder(RECOMPUTE)
    kinds = [kind for kind, _values in found(session)]
    assert kinds == ["foreign", "rewritten"]


RECOMPUTE = """
DO $$ DECLARE before bytea; line record; fresh bytea; BEGIN
    SELECT sha256(convert_to('crm.log ' || log_id::text, 'UTF8')) INTO before FROM log_head;
    FOR line IN SELECT s.seq, e.id, e.txid, e.body, e.mac FROM log_seal s JOIN log_event e ON e.id = s.event_id ORDER BY s.seq LOOP
        fresh := sha256(before || int8send(line.seq) || int8send(line.id) || int8send(line.txid::text::bigint)
                        || sha256(line.body || line.mac));
        UPDATE log_seal SET prev = before, hash = fresh WHERE seq = line.seq;
        before := fresh;
    END LOOP;
    UPDATE log_head SET hash = before;
END $$
"""
