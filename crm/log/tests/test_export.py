"""The exported log and the auditor's own program: run as a stranger would, with `python -I`.

Requirements: R313, R316.
"""

import base64
import gzip
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings as configured
from django.core.management import CommandError, call_command
from django.db import transaction

from crm.log import anchors, attestation, verification
from crm.log import services as log
from crm.log.models import Event
from crm.log.tests.intrusion import REMOVE_NEWEST, REWIND, Intruder, fill
from crm.log.tests.people import SUN_YUE
from crm.tests.house import ROOT

LINES = 30
PROGRAM = ROOT / "tools" / "verify_audit.py"
KEEPER = ROOT / "tools" / "anchor_keeper.py"


@pytest.fixture(autouse=True)
def own_anchors(settings: Any, tmp_path: Path) -> None:
    """Anchors of this test alone."""
    settings.ANCHORS_FILE = tmp_path / "anchors.jsonl"


@pytest.fixture
def lines(transactional_db: None) -> list[int]:
    """Line numbers of a log with 30 lines, one of them over a batch of rows."""
    with transaction.atomic():
        log.record_batch(actor=SUN_YUE, action="log.verified", leaves=[(f"T-{n}", b"row") for n in range(1_201)])
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


def check(file: Path, *more: str) -> tuple[int, str]:
    """Exit code and words of the program, alone."""
    run = subprocess.run([sys.executable, "-I", str(PROGRAM), str(file), *more], capture_output=True, text=True, check=False)
    return run.returncode, run.stdout + run.stderr


def key_in(folder: Path) -> str:
    """A file with the log's key alone."""
    (folder / "key").write_text(configured.CRM_KEYS["log_mac_key"])
    return str(folder / "key")


def exported(folder: Path, name: str = "audit.jsonl") -> Path:
    """The log as it is now, exported by the command."""
    call_command("export_audit_log", str(folder / name), verbosity=0)
    return folder / name


def test_a_clean_log_is_checked_elsewhere(lines: list[int], tmp_path: Path) -> None:
    """Also compressed, also with the anchor out of a mail, in both languages; the export is itself the newest line."""
    file, anchor = exported(tmp_path, "audit.jsonl.gz"), anchors.write_anchor()
    assert file.stat().st_mode & 0o077 == 0 and Event.objects.latest("pk").action == "log.exported"
    mail = tmp_path / "mail.eml"
    mail.write_text(f"Subject: The log\n\nKept tonight:\n{json.dumps(anchor)}\nGood night\n")
    code, said = check(file, "--key", key_in(tmp_path), "--anchors", str(mail))
    assert (code, "The log holds." in said) == (0, True), said
    assert f"Looked at {LINES + 1} lines, 1201 batch rows and 1 anchors." in said
    code, said = check(file, "--language", "zh")
    assert (code, "日志完整无误。" in said, "未提供密钥" in said) == (0, True, True)
    with pytest.raises(CommandError, match=r"exists already|已存在"):
        exported(tmp_path, "audit.jsonl.gz")


def test_the_file_itself_is_changed(lines: list[int], tmp_path: Path) -> None:
    """Whoever edits the file on its way is found; a file that is no log is not checked at all."""
    whole = exported(tmp_path).read_text().splitlines(keepends=True)
    at = next(number for number, text in enumerate(whole) if '"record":"line"' in text) + 9
    for what, texts in {
        "column": [*whole[:at], whole[at].replace("C-7K3MQ2XW", "C-AAAAAAAA"), *whole[at + 1 :]],
        "end": whole[:-1],
        "line": [*whole[:at], *whole[at + 1 :]],
        "rows": [text.replace('"T-7"', '"T-X"') for text in whole],
    }.items():
        file = tmp_path / f"{what}.jsonl"
        file.write_text("".join(texts))
        code, said = check(file)
        assert (code, "TAMPERING FOUND" in said) == (1, True), (what, said)
    for content in (b"", b"[]\n", b"no json", b'{"record":"log"}\n', gzip.compress(b"x")):
        (tmp_path / "other.jsonl").write_bytes(content)
        assert check(tmp_path / "other.jsonl")[0] in (1, 2)
    assert check(tmp_path / "nowhere.jsonl")[0] == 2


def test_newest_removed_and_an_old_state_put_back(lines: list[int], intruder: Intruder, superuser: Any, tmp_path: Path) -> None:
    """T1 and T2: without the attestation only the anchor outside tells; with the key in the intruder's hand, too."""
    kept = superuser.execute("SELECT seq, hash, count, at, mac FROM log_attestation").fetchone()
    with transaction.atomic():
        log.record(actor=SUN_YUE, action="log.verified")
    anchors.write_anchor()
    outside = str(anchors.path())
    intruder(*REMOVE_NEWEST, REWIND)
    code, said = check(_export_as_it_is(tmp_path, "one.jsonl"), "--key", key_in(tmp_path))
    assert code == 1 and "newest 1 lines were removed" in said
    superuser.execute("UPDATE log_attestation SET seq = %s, hash = %s, count = %s, at = %s, mac = %s", kept)
    superuser.commit()
    # The server's own copy of the anchors is gone with the rest of it: the auditor's copy is what counts.
    auditors = tmp_path / "auditors.jsonl"
    Path(outside).rename(auditors)
    put_back = _export_as_it_is(tmp_path, "two.jsonl")
    assert check(put_back, "--key", key_in(tmp_path))[0] == 0
    code, said = check(put_back, "--key", key_in(tmp_path), "--anchors", str(auditors))
    assert code == 1 and "is no longer part of the log" in said


def test_rewritten_with_the_key(lines: list[int], superuser: "psycopg.Connection[Any]", tmp_path: Path) -> None:
    """A database administrator who has the key too: the log is shortened and attested anew; the anchor does not agree."""
    anchors.write_anchor()
    superuser.execute("SET session_replication_role = replica")
    for statement in (*REMOVE_NEWEST, REWIND, "DELETE FROM log_attestation"):
        superuser.execute(statement)
    superuser.commit()
    attestation.force_attestation()
    with transaction.atomic():
        log.record(actor=SUN_YUE, action="log.verified", data={"number": 999})
    assert [finding.kind for finding in verification.verify_log().findings] == ["anchor"]
    code, said = check(_export_as_it_is(tmp_path, "three.jsonl"), "--key", key_in(tmp_path), "--anchors", str(anchors.path()))
    assert code == 1 and "is no longer part of the log" in said


def test_another_log_in_its_place(lines: list[int], superuser: "psycopg.Connection[Any]", tmp_path: Path) -> None:
    """The newest anchor names the log that was there."""
    line = anchors.write_anchor()
    anchors.path().write_text(json.dumps({**line, "log_id": "00000000-0000-0000-0000-000000000000"}) + "\n")
    assert [finding.kind for finding in verification.verify_log().findings] == ["replaced"]
    assert check(_export_as_it_is(tmp_path, "four.jsonl"), "--anchors", str(anchors.path()))[0] == 1


def _export_as_it_is(folder: Path, name: str) -> Path:
    """Without a line about it, as whoever tampered would."""
    from crm.log import exporting

    with verification._second_connection() as connection:
        exporting.export_log(connection, folder / name, [])
    return folder / name


def test_the_program_is_one_file_of_the_standard_library() -> None:
    """And so is the keeper of the anchors."""
    for file in (PROGRAM, KEEPER):
        imported = {line.split()[1].split(".")[0] for line in file.read_text().splitlines() if line.startswith(("import ", "from "))}
        assert imported <= sys.stdlib_module_names


# -- the keeper


@pytest.fixture
def keeper(settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator["subprocess.Popen[str]"]:
    """The keeper, running."""
    monkeypatch.chdir(tmp_path)  # a socket's path is at most 100 bytes
    settings.ANCHOR_KEEPER, settings.ANCHORS_FILE = "keeper.sock", tmp_path / "kept.jsonl"
    command = [sys.executable, "-I", str(KEEPER), "--socket", "keeper.sock", "--file", "kept.jsonl"]
    with subprocess.Popen(command, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None and "keeper.sock" in running.stdout.readline()
        yield running
        running.terminate()


def test_the_keeper_appends_what_it_is_told(keeper: Any, lines: list[int], settings: Any) -> None:
    """The verifier reads what the keeper wrote; nonsense is refused, and the keeper lives on."""
    first = anchors.write_anchor()
    for nonsense in ("", "x\n", "[1]\n", '{"seq": 1}\n', json.dumps({**first, "seq": -1}) + "\n", "{" * 5000 + "\n", "x" * 9000):
        with pytest.raises(anchors.KeeperAway):
            anchors._tell(nonsense)
    second = anchors.write_anchor()
    kept = [json.loads(line) for line in anchors.path().read_text().splitlines()]
    assert [{name: line[name] for name in anchors.FIELDS} for line in kept] == [first, second]
    assert all("kept_at" in line for line in kept) and anchors.newest() == kept[-1]
    assert verification.verify_log().anchors == 2


def test_a_keeper_that_stopped_is_noticed(lines: list[int], settings: Any, tmp_path: Path) -> None:
    """Nothing is written in its stead: a product that could would be no better than without a keeper."""
    settings.ANCHOR_KEEPER = str(tmp_path / "nobody.sock")
    with pytest.raises(anchors.KeeperAway):
        anchors.write_anchor()
    assert not anchors.path().exists() and anchors.newest() is None


def test_the_key_file_of_the_product_serves_as_well(lines: list[int], tmp_path: Path) -> None:
    """And a file without a key is told apart from a wrong key."""
    file = exported(tmp_path)
    assert check(file, "--key", str(configured.KEYS_FILE))[0] == 0
    (tmp_path / "wrong").write_text(base64.b64encode(b"w" * 32).decode())
    assert check(file, "--key", str(tmp_path / "wrong"))[0] == 1
    (tmp_path / "none").write_text("no key")
    assert check(file, "--key", str(tmp_path / "none"))[0] == 2
