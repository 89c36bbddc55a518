"""Proof 5: random tampering by the database's superuser, found by both programs; clean logs, silent; each column of a row.

A slice runs by default, the whole (2,000 tamperings, 1,000 clean logs, every row) as `slow`. Each tampering is made by SQL past all
triggers in a transaction that is rolled back; the verifier looks at the tables, and `tools/verify_audit.py` at a file exported from them.

What is not found, and why: lines newer than the newest anchor rewritten by somebody with database and key; a line never written.

Requirements: R313.
"""

import base64
import json
import random
import runpy
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.conf import settings
from django.db import connections, transaction
from psycopg import sql

from crm.log import anchors, exporting, proofs, verification
from crm.log import services as log
from crm.log.models import Event
from crm.log.tests.intrusion import REMOVE_NEWEST, REWIND, fill
from crm.log.tests.people import SUN_YUE
from crm.log.tests.test_tampering import COPY_LINE, RECOMPUTE
from crm.log.verifier import COLUMNS, Verifier
from crm.operations.pytest_plugin import RUN
from crm.tests.house import ROOT

# The auditor's program, loaded as the file that it is on the auditor's machine.
PROGRAM = runpy.run_path(str(ROOT / "tools" / "verify_audit.py"))["main"]
DATABASE = f"{RUN.database}_proof"
LINES, EARLIER = 90, 60
KEY = base64.b64decode(settings.CRM_KEYS["log_mac_key"]) if settings.CRM_KEYS else b""
Session = psycopg.Connection[Any]
TEXT = [name for name in COLUMNS if name not in ("uid", "at", "actor_id", "view", "result", "data")]


class Tampered:
    """A log of its own, its state at an earlier moment, and the anchor of the newest."""

    def __init__(self) -> None:
        fill(EARLIER)
        with transaction.atomic():
            log.record_batch(actor=SUN_YUE, action="log.verified", leaves=[(f"T-{n}", f"row {n}".encode()) for n in range(40)])
        self.numbers = list(Event.objects.order_by("pk").values_list("pk", flat=True))
        with connections["default"].cursor() as cursor:
            cursor.execute("SELECT seq, hash, count, at, mac FROM log_attestation")
            self.earlier = cursor.fetchone()
        self.numbers = fill(LINES)
        self.anchor = anchors.write_anchor()


@pytest.fixture(scope="module")
def tampered(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tampered]:
    """The log, in a database of its own."""
    before = settings.ANCHORS_FILE
    settings.ANCHORS_FILE = tmp_path_factory.mktemp("anchors") / "anchors.jsonl"
    with django_db_blocker.unblock():
        made = Tampered()
        connections.close_all()
        with RUN.postgres.connect("postgres") as session:
            names = (sql.Identifier(DATABASE), sql.Identifier(RUN.database))
            session.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {} STRATEGY FILE_COPY").format(*names))
        RUN.renew_database()
    settings.ANCHORS_FILE = before
    yield made
    with RUN.postgres.connect("postgres") as session:
        session.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(DATABASE)))


Act = Callable[[Session, Tampered, random.Random], None]


def edited(session: Session, made: Tampered, dice: random.Random) -> None:
    """One character of one column."""
    session.execute(f"UPDATE log_event SET {dice.choice(TEXT)} = 'x' || {dice.choice(TEXT)} WHERE id = %s".encode(), [_any(made, dice)])


def edited_text(session: Session, made: Tampered, dice: random.Random) -> None:
    """One byte of the sealed text."""
    change = "body = set_byte(body, %(at)s %% length(body), (get_byte(body, %(at)s %% length(body)) + 1) %% 256)"
    session.execute(f"UPDATE log_event SET {change} WHERE id = %(line)s".encode(), {"at": dice.randrange(500), "line": _any(made, dice)})


def re_dated(session: Session, made: Tampered, dice: random.Random) -> None:
    """Another time, by a microsecond or by days."""
    change = f"at = at + interval '{dice.choice(['1 microsecond', '1 hour', '-3 days'])}'"
    session.execute(f"UPDATE log_event SET {change} WHERE id = %s".encode(), [_any(made, dice)])


def deleted(session: Session, made: Tampered, dice: random.Random) -> None:
    """A line, with its seal or without."""
    line = _any(made, dice)
    session.execute("DELETE FROM log_event WHERE id = %s", [line])
    if dice.random() < 0.5:
        session.execute("DELETE FROM log_seal WHERE event_id = %s", [line])


def inserted(session: Session, made: Tampered, dice: random.Random) -> None:
    """A copy under another number, past the chain or through its trigger."""
    if dice.random() < 0.5:
        session.execute("SET session_replication_role = origin")
    session.execute(COPY_LINE, {"line": _any(made, dice)})
    session.execute("SET CONSTRAINTS ALL IMMEDIATE")


def swapped(session: Session, made: Tampered, dice: random.Random) -> None:
    """Two lines exchange what they say."""
    one, two = dice.sample(made.numbers, 2)
    columns = ", ".join([*COLUMNS, "body", "mac"])
    session.execute("ALTER TABLE log_event DROP CONSTRAINT log_event_uid_key")
    session.execute(
        f"UPDATE log_event a SET ({columns}) = (SELECT {columns} FROM log_event b WHERE b.id = %(one)s + %(two)s - a.id) "
        "WHERE id IN (%(one)s, %(two)s)".encode(),
        {"one": one, "two": two},
    )


def newest_removed(session: Session, made: Tampered, dice: random.Random) -> None:
    """Some of the newest, the head rewound."""
    for _line in range(dice.randint(1, 20)):
        for statement in REMOVE_NEWEST:
            session.execute(statement.encode())
    session.execute(REWIND)


def rewritten(session: Session, made: Tampered, dice: random.Random) -> None:
    """A line edited or taken out, and all hashes made anew without the key."""
    line = _any(made, dice)
    if dice.random() < 0.5:
        session.execute("UPDATE log_event SET body = body || ' '::bytea WHERE id = %s", [line])
    else:
        session.execute("DELETE FROM log_event WHERE id = %s", [line])
        session.execute("DELETE FROM log_seal WHERE event_id = %s", [line])
        session.execute("UPDATE log_seal SET seq = -seq")
        session.execute("UPDATE log_seal s SET seq = n.place FROM (SELECT event_id, row_number() OVER (ORDER BY seq DESC) AS place "
                        "FROM log_seal) n WHERE n.event_id = s.event_id")  # fmt: skip
    session.execute(RECOMPUTE)
    session.execute(REWIND)


def put_back(session: Session, made: Tampered, dice: random.Random) -> None:
    """A former state, whole, with its own attestation: what restoring an old backup over it leaves."""
    session.execute("DELETE FROM log_event WHERE id IN (SELECT event_id FROM log_seal WHERE seq > %s)", [made.earlier[0]])
    session.execute("DELETE FROM log_seal WHERE seq > %s", [made.earlier[0]])
    session.execute(REWIND)
    session.execute("UPDATE log_attestation SET seq = %s, hash = %s, count = %s, at = %s, mac = %s", made.earlier)


def leaf_changed(session: Session, made: Tampered, dice: random.Random) -> None:
    """A row of a batch."""
    change = dice.choice(["UPDATE log_leaf SET ref = ref || 'x'", "UPDATE log_leaf SET hash = sha256(hash)", "DELETE FROM log_leaf"])
    session.execute(f"{change} WHERE position = %s".encode(), [dice.randrange(40)])


ACTS: tuple[Act, ...] = (
    edited, edited_text, re_dated, deleted, inserted, swapped, newest_removed, rewritten, put_back, leaf_changed,
)  # fmt: skip


def _any(made: Tampered, dice: random.Random) -> int:
    return dice.choice(made.numbers)


def tamper(made: Tampered, folder: Path, times: int, seed: int) -> Counter[str]:
    """How often each kind of tampering was found by both programs; asserts that each was."""
    dice, found = random.Random(seed), Counter[str]()
    (folder / "anchors").write_text(json.dumps(made.anchor) + "\n")
    (folder / "key").write_text(base64.b64encode(KEY).decode())
    with RUN.postgres.connect(DATABASE) as session:
        session.autocommit = False
        for number in range(times):
            act = ACTS[number % len(ACTS)]
            session.execute("SET session_replication_role = replica")
            act(session, made, dice)
            report = Verifier(session, KEY, [made.anchor]).run()
            file = folder / f"{uuid4().hex}.jsonl"
            exporting.export_log(session, file)
            code = PROGRAM([str(file), "--key", str(folder / "key"), "--anchors", str(folder / "anchors")])
            file.unlink()
            assert not report.holds, f"{act.__name__} ({seed}, {number}) was not found by the verifier"
            assert code == 1, f"{act.__name__} ({seed}, {number}): the auditor's program ended with {code}"
            found[act.__name__] += 1
            session.rollback()
        assert Verifier(session, KEY, [made.anchor]).run().holds
        session.rollback()
    return found


@pytest.mark.parametrize("times", [60, pytest.param(2_000, marks=pytest.mark.slow)])
def test_tampering_is_found_by_both_programs(tampered: Tampered, tmp_path: Path, times: int) -> None:
    """All of it; the counts are printed."""
    found = tamper(tampered, tmp_path, times, seed=20261122)
    print(f"tamperings: {found.total()} made, {found.total()} found by both programs: {dict(found)}")
    assert found.total() == times and set(found) == {act.__name__ for act in ACTS}


@pytest.mark.parametrize("times", [15, pytest.param(1_000, marks=pytest.mark.slow)])
@pytest.mark.django_db(transaction=True)
def test_clean_logs_are_silent(settings: Any, tmp_path: Path, times: int) -> None:
    """A log that goes on by whole, rolled-back and nested transactions, batches and anchors: no alarm at any moment."""
    settings.ANCHORS_FILE = tmp_path / "anchors.jsonl"
    dice = random.Random(5)
    for number in range(times):
        try:
            with transaction.atomic():
                for _line in range(dice.randint(1, 4)):
                    log.record(actor=SUN_YUE, action="log.verified", data={"number": number, "name": dice.choice(["张伟", "\x00", "é"])})
                if dice.random() < 0.2:
                    log.record_batch(actor=SUN_YUE, action="log.verified", leaves=[("T-1", b"1")] * dice.randint(0, 3))
                if dice.random() < 0.3:
                    raise LookupError
        except LookupError:
            pass
        if dice.random() < 0.3:
            anchors.write_anchor()
        report = verification.verify_log()
        assert report.holds and not report.notes, (number, report.findings, report.notes)
    print(f"clean logs: {times} looked at, 0 alarms; the last one has {report.lines} lines")


@pytest.mark.parametrize("rows", [3, pytest.param(LINES, marks=pytest.mark.slow)])
@pytest.mark.django_db(transaction=True)
def test_every_column_of_every_row_through_the_row_checker(rows: int) -> None:
    """Whatever column says something else, the row's own check tells it; as written it holds."""
    tried = 0
    for number in fill(LINES)[-rows:]:
        event = Event.objects.get(pk=number)
        assert proofs.check_line(event).holds
        for name in (*COLUMNS, "body", "mac", "txid", "id"):
            other = Event.objects.get(pk=number)
            setattr(other, name, _another(getattr(event, name)))
            assert not proofs.check_line(other).holds, f"{name} of line {number}"
            tried += 1
    print(f"row checker: {tried} changed columns in {rows} rows, all found")


def _another(value: Any) -> Any:
    if isinstance(value, (bytes, memoryview)):
        return bytes(value)[:-1] + bytes([bytes(value)[-1] ^ 1])
    if isinstance(value, int) or value is None:
        return (value or 0) + 1
    if isinstance(value, str):
        return f"{value}x"
    if isinstance(value, dict):
        return {**value, "more": 1}
    return uuid4() if type(value).__name__ == "UUID" else value.replace(microsecond=(value.microsecond + 1) % 1_000_000)
