"""Acceptance: in a log of 1,000 lines every kind of tampering by SQL is found and named, and a clean one is silent.

The intruder is the database's superuser with the triggers switched off, which is more than the role app or the owner can do unseen.
"""

import hashlib
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from io import StringIO
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import translation

from crm.log import anchors, attestation, proofs, verification, verifier
from crm.log import services as log
from crm.log.models import Attestation, Event, Head, Seal
from crm.log.tests.people import SUN_YUE

LINES = 1_000
Intruder = Callable[..., None]


@pytest.fixture
def thousand(transactional_db: None) -> list[int]:
    """Line numbers of a log with 1,000 lines, attested by the ordinary course of things."""
    while (missing := LINES - Event.objects.count()) > 0:
        with transaction.atomic():
            for number in range(min(missing, 7)):
                log.record(actor=SUN_YUE, action="log.verified", customer="C-7K3MQ2XW", data={"number": number})
    return list(Event.objects.order_by("pk").values_list("pk", flat=True))


@pytest.fixture
def intruder(superuser: psycopg.Connection, thousand: list[int]) -> Intruder:
    """SQL as superuser, past all triggers."""
    superuser.execute("SET session_replication_role = replica")

    def run(*statements: str, **values: object) -> None:
        for statement in statements:
            superuser.execute(statement, values)  # type: ignore[arg-type]
        superuser.commit()

    return run


def found() -> list[tuple[str, dict[str, object]]]:
    """Kind and values of all findings."""
    return [(finding.kind, dict(finding.values)) for finding in verification.verify_log().findings]


def test_clean_log_is_silent(thousand: list[int]) -> None:
    """No false alarm, also not for the numbers that rolled-back transactions used up."""
    with pytest.raises(LookupError), transaction.atomic():
        log.record(actor=SUN_YUE, action="log.verified")
        raise LookupError
    with transaction.atomic():
        log.record(actor=SUN_YUE, action="log.verified")
    report = verification.verify_log()
    assert report.holds and report.lines == LINES + 1 and not report.notes


@pytest.mark.parametrize("place", [0, 499, 999])
@pytest.mark.parametrize("column", [name for name in verifier.COLUMNS if name not in ("uid", "at", "actor_id", "view", "result", "data")])
def test_edited_column(thousand: list[int], intruder: Intruder, place: int, column: str) -> None:
    """Each text column, at the first, a middle and the newest line."""
    if place != 499 and column not in ("reason", "actor_number"):
        pytest.skip("every column in the middle, two of them at the ends")
    intruder(f"UPDATE log_event SET {column} = {column} || 'x' WHERE id = %(line)s", line=thousand[place])
    assert found() == [("column", {"line": thousand[place], "seq": place + 1, "columns": column})]


@pytest.mark.parametrize(
    "change",
    ["uid = gen_random_uuid()", "at = at + interval '1 microsecond'", "actor_id = 2", "view = 'security'", "result = 'refused'", "data = '{\"number\": 77}'"],
)
def test_edited_other_column(thousand: list[int], intruder: Intruder, change: str) -> None:
    """One microsecond, one letter, one number."""
    intruder(f"UPDATE log_event SET {change} WHERE id = %(line)s", line=thousand[10])
    assert found() == [("column", {"line": thousand[10], "seq": 11, "columns": change.split(" ")[0]})]


@pytest.mark.parametrize("place", [0, 499, 999])
@pytest.mark.parametrize("change", ["body = body || ' '::bytea", "mac = sha256(mac)", "txid = '1'"])
def test_edited_text(thousand: list[int], intruder: Intruder, place: int, change: str) -> None:
    """The sealed text, its code, its transaction."""
    intruder(f"UPDATE log_event SET {change} WHERE id = %(line)s", line=thousand[place])
    [(kind, values)] = found()
    assert kind in ("edited", "seal") and values == {"line": thousand[place], "seq": place + 1}


@pytest.mark.parametrize("place", [0, 499, 999])
def test_deleted_line(thousand: list[int], intruder: Intruder, place: int) -> None:
    """The newest one too."""
    intruder("DELETE FROM log_event WHERE id = %(line)s", line=thousand[place])
    assert found() == [("deleted", {"line": thousand[place], "seq": place + 1})]


def test_deleted_with_its_seal(thousand: list[int], intruder: Intruder) -> None:
    """In the middle: a gap in the positions."""
    intruder("DELETE FROM log_event WHERE id = %(line)s", "DELETE FROM log_seal WHERE event_id = %(line)s", line=thousand[499])
    assert found() == [("gap", {"first": 500, "last": 500})]


REMOVE_NEWEST = (
    "DELETE FROM log_event WHERE id = (SELECT event_id FROM log_seal ORDER BY seq DESC LIMIT 1)",
    "DELETE FROM log_seal WHERE seq = (SELECT max(seq) FROM log_seal)",
)
REWIND = "UPDATE log_head SET (seq, hash, count) = (SELECT seq, hash, seq FROM log_seal ORDER BY seq DESC LIMIT 1)"


def test_newest_deleted_with_its_seal(intruder: Intruder) -> None:
    """The head still counts it."""
    intruder(*REMOVE_NEWEST)
    assert found()[0] == ("head", {"head": LINES, "last": LINES - 1})


def test_newest_deleted_and_head_rewound(intruder: Intruder) -> None:
    """Only the keyed attestation can know: nobody without the key attests fewer lines."""
    intruder(*REMOVE_NEWEST, *REMOVE_NEWEST, REWIND)
    assert found() == [("newest", {"lines": 2, "attested": LINES, "last": LINES - 2})]


def test_rewound_log_stays_alarmed_when_it_goes_on(intruder: Intruder) -> None:
    """Later lines must not bring a rewound log back into order: the attestation does not move from a state that is gone."""
    intruder(*REMOVE_NEWEST, REWIND)
    for _line in range(3):
        with transaction.atomic():
            log.record(actor=SUN_YUE, action="log.verified")
    assert Head.objects.get().seq == LINES + 2 and Attestation.objects.get().seq == LINES
    assert found() == [("rewritten", {"seq": LINES})]


def test_attestation_removed_or_forged(intruder: Intruder) -> None:
    """Without the key an attestation can be neither made nor done without; the log does not heal itself afterwards."""
    intruder(*REMOVE_NEWEST, REWIND, "UPDATE log_attestation SET seq = h.seq, hash = h.hash, count = h.count FROM log_head h")
    assert found() == [("attestation_forged", {})]
    intruder("DELETE FROM log_attestation")
    with transaction.atomic():
        log.record(actor=SUN_YUE, action="log.verified")
    assert found() == [("attestation_missing", {})]


def test_state_put_back_with_its_attestation(intruder: Intruder, superuser: psycopg.Connection) -> None:
    """T2: an intruder who kept an old attestation puts it back with the old head; the anchor outside the database knows better."""
    kept = superuser.execute("SELECT seq, hash, count, at, mac FROM log_attestation").fetchone()
    assert kept is not None
    with transaction.atomic():
        log.record(actor=SUN_YUE, action="log.verified")
    line = anchors.write_anchor()
    intruder(*REMOVE_NEWEST, REWIND)
    superuser.execute("UPDATE log_attestation SET seq = %s, hash = %s, count = %s, at = %s, mac = %s", kept)
    superuser.commit()
    assert found() == [("anchor", {"at": line["at"], "seq": LINES + 1})]


def test_line_inserted_past_the_chain(thousand: list[int], intruder: Intruder) -> None:
    """A copy of a line under a new number."""
    intruder(COPY_LINE, line=thousand[3])
    newest = Event.objects.latest("pk").pk
    assert found() == [("inserted", {"line": newest})]


COPY_LINE = """
INSERT INTO log_event (uid, at, actor_id, actor_number, actor_name, actor_kind, role, origin, session, address, request_id, view, action,
    result, target_type, target_ref, customer, reason, approver, data, body, mac)
SELECT gen_random_uuid(), at, actor_id, '99999', actor_name, actor_kind, role, origin, session, address, request_id, view, action,
    result, target_type, target_ref, customer, reason, approver, data, body, sha256(mac) FROM log_event WHERE id = %(line)s
"""


def test_line_inserted_with_the_trigger_on(thousand: list[int], superuser: psycopg.Connection) -> None:
    """Whoever inserts by SQL gets a place in the chain, but not the product's code."""
    superuser.execute(COPY_LINE, {"line": thousand[3]})
    superuser.commit()
    assert ("foreign", {"line": Event.objects.latest("pk").pk, "seq": LINES + 1}) in found()


@pytest.mark.parametrize("content", ["body, mac", "body, mac, txid"])
def test_swapped_lines(thousand: list[int], intruder: Intruder, content: str) -> None:
    """Two lines exchange what they say, columns included."""
    columns = ", ".join(name for name in [*verifier.COLUMNS, *content.split(", ")] if name != "uid")
    intruder(
        "DROP INDEX IF EXISTS log_event_uid_key",
        f"UPDATE log_event a SET ({columns}) = (SELECT {columns} FROM log_event b WHERE b.id = %(one)s + %(two)s - a.id) WHERE id IN (%(one)s, %(two)s)",
        one=thousand[4],
        two=thousand[8],
    )
    assert ("swapped", {"line": thousand[4], "other": thousand[8]}) in found()


def test_swapped_seals(thousand: list[int], intruder: Intruder) -> None:
    """Two lines exchange their places in the chain."""
    intruder(
        "DELETE FROM log_seal WHERE seq = 5",
        "UPDATE log_seal SET event_id = %(one)s WHERE seq = 9",
        "INSERT INTO log_seal SELECT 5, %(two)s, prev, hash FROM log_seal WHERE seq = 9",
        one=thousand[4],
        two=thousand[8],
    )
    kinds = {(kind, values.get("seq")) for kind, values in found()}
    assert {("seal", 5), ("seal", 9)} <= kinds


@pytest.mark.parametrize(("change", "expected"), [("hash = sha256(hash)", "seal"), ("prev = sha256(prev)", "link")])
def test_edited_seal(intruder: Intruder, change: str, expected: str) -> None:
    """A seal that was changed is told from a line that was changed."""
    intruder(f"UPDATE log_seal SET {change} WHERE seq = 500")
    kinds = [kind for kind, _values in found()]
    assert expected in kinds and "edited" not in kinds


def test_whole_chain_recomputed(thousand: list[int], intruder: Intruder) -> None:
    """An intruder edits a line and computes all hashes anew, as anybody can: the keyed codes and the attestation do not follow."""
    intruder("UPDATE log_event SET body = body || ' '::bytea WHERE id = %(line)s", line=thousand[700])
    intruder(RECOMPUTE)
    kinds = [kind for kind, _values in found()]
    assert kinds == ["foreign", "rewritten"]


RECOMPUTE = """
DO $$ DECLARE before bytea; line record; fresh bytea; BEGIN
    SELECT sha256(convert_to('crm.log ' || log_id::text, 'UTF8')) INTO before FROM log_head;
    FOR line IN SELECT s.seq, e.id, e.txid, e.body, e.mac FROM log_seal s JOIN log_event e ON e.id = s.event_id ORDER BY s.seq LOOP
        fresh := sha256(before || int8send(line.seq) || int8send(line.id) || int8send(line.txid::text::bigint) || sha256(line.body || line.mac));
        UPDATE log_seal SET prev = before, hash = fresh WHERE seq = line.seq;
        before := fresh;
    END LOOP;
    UPDATE log_head SET hash = before;
END $$
"""


# -- batches


@pytest.fixture
def batch(transactional_db: None) -> Event:
    """A line over 1,001 rows."""
    with transaction.atomic():
        return log.record_batch(actor=SUN_YUE, action="log.verified", leaves=[(f"T-{n}", f"row {n}".encode()) for n in range(1_001)])


def test_row_finds_its_batch_line(batch: Event) -> None:
    """A row is proven against the line that sealed it, and another text is not."""
    assert proofs.batch_lines_of("T-1000") == [batch]
    [proof] = proofs.prove_row("T-1000", b"row 1000")
    assert proof.holds and proof.event == batch and proof.position == 1000 and proof.line.seq == Seal.objects.get(event_id=batch.pk).seq
    [wrong] = proofs.prove_row("T-1000", b"row 1001")
    assert not wrong.holds and not wrong.row_matches and wrong.batch_matches
    assert proofs.prove_row("T-9999", b"") == []


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE log_leaf SET hash = sha256(hash) WHERE position = 500",
        "DELETE FROM log_leaf WHERE position = 1000",
        "DELETE FROM log_leaf",
        "INSERT INTO log_leaf SELECT event_id, 1001, ref, hash FROM log_leaf WHERE position = 1000",
        "UPDATE log_leaf a SET hash = (SELECT hash FROM log_leaf b WHERE b.position = 11 - a.position) WHERE position IN (5, 6)",
    ],
)
def test_changed_batch_rows(batch: Event, superuser: psycopg.Connection, change: str) -> None:
    """Rows of a batch that are edited, deleted, added or swapped are found, with the line they belong to."""
    superuser.execute("SET session_replication_role = replica")
    superuser.execute(change)  # type: ignore[arg-type]
    superuser.commit()
    [(kind, values)] = found()
    assert (kind, values["line"], values["expected"]) == ("batch", batch.pk, 1_001)


def test_empty_batch_holds(transactional_db: None) -> None:
    """An import without rows has a line and a root all the same."""
    with transaction.atomic():
        log.record_batch(actor=SUN_YUE, action="log.verified", leaves=[])
    assert verification.verify_log().holds


# -- the ways to ask


def test_command_says_it_in_words(thousand: list[int], intruder: Intruder) -> None:
    """Exit code and words, in both languages; the outcome is a line itself and a clean log is anchored."""
    out = StringIO()
    with translation.override("en"):
        call_command("verify_audit", stdout=out)
        assert "nothing was edited" in out.getvalue()
        assert Event.objects.latest("pk").action == "log.verified" and anchors.path().exists()
        intruder("DELETE FROM log_event WHERE id = %(line)s", line=thousand[41])
        with pytest.raises(SystemExit) as ended:
            call_command("verify_audit", stdout=out)
    assert ended.value.code == 1
    assert f"Line {thousand[41]} (position 42) was deleted" in out.getvalue()
    assert Event.objects.latest("pk").action == "log.tampering_found"


@pytest.fixture
def address() -> Iterator[str]:
    """The database's address for a program that knows nothing of Django."""
    parameters = connection.get_connection_params()
    yield psycopg.conninfo.make_conninfo(**{name: parameters[name] for name in ("host", "port", "user", "password", "dbname") if parameters.get(name)})


def test_verifier_stands_alone(thousand: list[int], intruder: Intruder, address: str, tmp_path: Path) -> None:
    """The program runs without the product and finds the same; it tells when it could not look."""
    program = [sys.executable, "-I", str(verifier.__file__), "--database", address, "--keys", str(settings.KEYS_FILE)]
    clean = subprocess.run(program, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert (clean.returncode, clean.stderr) == (0, "") and "nothing was changed" in clean.stdout
    intruder(*REMOVE_NEWEST, REWIND)
    dirty = subprocess.run(program, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert dirty.returncode == 1 and "The newest 1 lines were removed" in dirty.stdout
    blind = subprocess.run([*program[:-1], "/nowhere"], capture_output=True, text=True, check=False, cwd=tmp_path)
    assert blind.returncode == 2 and "could not be verified" in blind.stderr


def test_verifier_imports_nothing_of_ours() -> None:
    """Otherwise a fault of the product could hide itself from it."""
    source = Path(str(verifier.__file__)).read_text()
    assert "import crm" not in source and "from crm" not in source and "django" not in source.replace("gettext", "")


def test_adopting_after_a_restore(intruder: Intruder) -> None:
    """After a restore the officer attests what is there; that is a line, and anchors keep their alarm."""
    anchors.write_anchor()
    intruder(*REMOVE_NEWEST, REWIND)
    with pytest.raises(attestation.ChainBroken):
        attestation.move_attestation()
    verification.adopt_state(SUN_YUE)
    assert Event.objects.latest("pk").action == "log.attestation_adopted"
    assert [kind for kind, _values in found()] == ["anchor"]


def test_check_of_one_line(thousand: list[int], intruder: Intruder) -> None:
    """What the auditor's page shows beside a line."""
    event = Event.objects.get(pk=thousand[20])
    check = proofs.check_line(event)
    assert check.holds and check.seq == 21 and check.digest == bytes(Seal.objects.get(seq=21).hash).hex()
    intruder("UPDATE log_event SET body = body || ' '::bytea WHERE id = %(line)s", line=thousand[20])
    assert not proofs.check_line(Event.objects.get(pk=thousand[20])).sealed


def test_anchor_is_one_line_of_json(thousand: list[int]) -> None:
    """Appended, readable by its owner alone."""
    anchors.path().unlink(missing_ok=True)
    anchors.write_anchor()
    anchors.write_anchor()
    lines = [json.loads(line) for line in anchors.path().read_text().splitlines()]
    assert [line["seq"] for line in lines] == [LINES, LINES]
    assert anchors.path().stat().st_mode & 0o077 == 0
    assert hashlib.sha256(bytes.fromhex(lines[0]["hash"])).digest()
