"""Verifying a log that goes on, batches of rows, and the ways to ask."""

import hashlib
import json
import subprocess
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import translation

from crm.log import anchors, attestation, proofs, verification, verifier
from crm.log import services as log
from crm.log.models import Attestation, Event, Head, Seal
from crm.log.tests.intrusion import REMOVE_NEWEST, REWIND, Intruder, fill
from crm.log.tests.people import SUN_YUE

LINES = 30


@pytest.fixture(autouse=True)
def own_anchors(settings: Any, tmp_path: Path) -> None:
    """Anchors of this test alone."""
    settings.ANCHORS_FILE = tmp_path / "audit" / "anchors.jsonl"


@pytest.fixture
def lines(transactional_db: None) -> list[int]:
    """Line numbers of a log with 30 lines."""
    return fill(LINES)


@pytest.fixture
def intruder(superuser: "psycopg.Connection[Any]", lines: list[int]) -> Intruder:
    """SQL as superuser, past all triggers, committed."""
    superuser.execute("SET session_replication_role = replica")

    def run(*statements: str, **values: object) -> None:
        for statement in statements:
            superuser.execute(statement, values)
        superuser.commit()

    return run


def found() -> list[tuple[str, dict[str, Any]]]:
    """Kind and values of all findings."""
    return [(finding.kind, dict(finding.values)) for finding in verification.verify_log().findings]


def test_rollbacks_are_no_alarm(lines: list[int]) -> None:
    """No false alarm, also not for the numbers that rolled-back transactions used up."""
    with pytest.raises(LookupError), transaction.atomic():
        log.record(actor=SUN_YUE, action="log.verified")
        raise LookupError
    with transaction.atomic():
        log.record(actor=SUN_YUE, action="log.verified")
    report = verification.verify_log()
    assert report.holds and report.lines == LINES + 1 and not report.notes


def test_rewound_log_stays_alarmed_when_it_goes_on(intruder: Intruder) -> None:
    """Later lines must not bring a rewound log back into order: the attestation does not move from a state that is gone."""
    intruder(*REMOVE_NEWEST, REWIND)
    for _line in range(3):
        with transaction.atomic():
            log.record(actor=SUN_YUE, action="log.verified")
    assert Head.objects.get().seq == LINES + 2 and Attestation.objects.get().seq == LINES
    assert found() == [("rewritten", {"seq": LINES})]


def test_attesting_reads_one_line_of_the_log_also_as_planned_while_it_was_short(superuser: Any, lines: list[int]) -> None:
    """A session keeps its plan; made when the log had one page, a scan of it would be read ever longer after each commit."""
    superuser.execute("ANALYZE log_seal, log_attestation, log_head")
    superuser.commit()
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN {attestation._READ}")
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "Index Scan Backward using log_seal_pkey" in plan
    assert "Seq Scan on log_seal" not in plan


def test_attestation_removed_or_forged(intruder: Intruder) -> None:
    """Without the key an attestation can be neither made nor done without; the log does not heal itself afterwards."""
    intruder(*REMOVE_NEWEST, REWIND, "UPDATE log_attestation SET seq = h.seq, hash = h.hash, count = h.count FROM log_head h")
    assert found() == [("attestation_forged", {})]
    intruder("DELETE FROM log_attestation")
    with transaction.atomic():
        log.record(actor=SUN_YUE, action="log.verified")
    assert found() == [("attestation_missing", {})]


def test_state_put_back_with_its_attestation(intruder: Intruder, superuser: "psycopg.Connection[Any]") -> None:
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
        "UPDATE log_leaf SET ref = 'T-HIDDEN' WHERE position = 500",
        "UPDATE log_leaf SET ref = ref || ' ' WHERE position = 1000",
        "UPDATE log_leaf a SET ref = (SELECT ref FROM log_leaf b WHERE b.position = 11 - a.position) WHERE position IN (5, 6)",
        "DELETE FROM log_leaf WHERE position = 1000",
        "DELETE FROM log_leaf",
        "INSERT INTO log_leaf SELECT event_id, 1001, ref, hash FROM log_leaf WHERE position = 1000",
        "UPDATE log_leaf a SET hash = (SELECT hash FROM log_leaf b WHERE b.position = 11 - a.position) WHERE position IN (5, 6)",
    ],
)
def test_changed_batch_rows(batch: Event, superuser: "psycopg.Connection[Any]", change: str) -> None:
    """Rows of a batch that are edited, deleted, added or swapped are found, with the line they belong to."""
    superuser.execute("SET session_replication_role = replica")
    superuser.execute(change)
    superuser.commit()
    [(kind, values)] = found()
    assert (kind, values["line"], values["expected"]) == ("batch", batch.pk, 1_001)


def test_empty_batch_holds(transactional_db: None) -> None:
    """An import without rows has a line and a root all the same."""
    with transaction.atomic():
        log.record_batch(actor=SUN_YUE, action="log.verified", leaves=[])
    assert verification.verify_log().holds


# -- the ways to ask


def test_command_says_it_in_words(lines: list[int], intruder: Intruder) -> None:
    """Exit code and words, in both languages; the outcome is a line itself and a clean log is anchored."""
    out = StringIO()
    with translation.override("en"):
        call_command("verify_audit", stdout=out)
        assert "nothing was edited" in out.getvalue()
        assert Event.objects.latest("pk").action == "log.verified" and anchors.path().exists()
        intruder("DELETE FROM log_event WHERE id = %(line)s", line=lines[21])
        with pytest.raises(SystemExit) as ended:
            call_command("verify_audit", stdout=out)
    assert ended.value.code == 1
    assert f"Line {lines[21]} (position 22) was deleted" in out.getvalue()
    assert Event.objects.latest("pk").action == "log.tampering_found"


@pytest.fixture
def address() -> str:
    """The database's address for a program that knows nothing of Django."""
    parameters = connection.get_connection_params()
    return psycopg.conninfo.make_conninfo(
        **{name: parameters[name] for name in ("host", "port", "user", "password", "dbname") if parameters.get(name)}
    )


def test_verifier_stands_alone(lines: list[int], intruder: Intruder, address: str, tmp_path: Path) -> None:
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


def test_check_of_one_line(lines: list[int], intruder: Intruder) -> None:
    """What the auditor's page shows beside a line."""
    event = Event.objects.get(pk=lines[20])
    check = proofs.check_line(event)
    assert check.holds and check.seq == 21 and check.digest == bytes(Seal.objects.get(seq=21).hash).hex()
    intruder("UPDATE log_event SET body = body || ' '::bytea WHERE id = %(line)s", line=lines[20])
    assert not proofs.check_line(Event.objects.get(pk=lines[20])).sealed


def test_anchor_is_one_line_of_json(lines: list[int]) -> None:
    """Appended, readable by its owner alone."""
    anchors.path().unlink(missing_ok=True)
    anchors.write_anchor()
    anchors.write_anchor()
    written = [json.loads(line) for line in anchors.path().read_text().splitlines()]
    assert [line["seq"] for line in written] == [LINES, LINES]
    assert anchors.path().stat().st_mode & 0o077 == 0
    assert hashlib.sha256(bytes.fromhex(written[0]["hash"])).digest()
