"""Old lines go under a signed checkpoint; what is left verifies; nothing younger goes, whoever asks.

Requirements: R311, R312, R313.
"""

import base64
import runpy
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction
from django.utils import timezone

from crm.log import anchors, grants, keys, purging
from crm.log import services as log
from crm.log.exporting import export_log
from crm.log.models import Event, Seal
from crm.log.tests.people import SUN_YUE
from crm.log.verification import verify_log
from crm.log.verifier import Verifier

pytestmark = pytest.mark.django_db(transaction=True)
PROGRAM = runpy.run_path(str(settings.BASE_DIR / "tools" / "verify_audit.py"))["main"]


@pytest.fixture
def old_log(superuser: psycopg.Connection, time_machine: Any, settings: Any, tmp_path: Path) -> int:
    """An empty log without anchors, then ten lines written long ago and five now; the position of the last old one."""
    settings.ANCHORS_FILE = tmp_path / "anchors.jsonl"
    superuser.execute("SET session_replication_role = replica")
    for table in ("log_leaf", "log_event", "log_seal", "log_attestation"):
        superuser.execute(f"DELETE FROM {table}")
    superuser.execute("UPDATE log_head SET seq = 0, count = 0, hash = sha256(convert_to('crm.log ' || log_id::text, 'UTF8'))")
    superuser.execute("SET session_replication_role = origin")
    superuser.commit()
    with transaction.atomic(), connection.cursor() as cursor:
        grants._attest_empty_log(cursor)
    time_machine.move_to(timezone.now() - timedelta(days=1500))
    for number in range(10):
        with transaction.atomic():
            log.record(actor=SUN_YUE, action="log.verified", customer="C-HELD2345" if number == 7 else "", data={"number": number})
    time_machine.move_to(timezone.now() + timedelta(days=1500))
    last = Seal.objects.latest("seq").seq
    for _number in range(5):
        with transaction.atomic():
            log.record(actor=SUN_YUE, action="log.verified")
    return int(last)


def findings(session: Any = None) -> list[str]:
    if session is None:
        return [finding.kind for finding in verify_log().findings]
    return [finding.kind for finding in Verifier(session, base64.b64decode(settings.CRM_KEYS["log_mac_key"])).run().findings]


def test_the_rest_verifies_after_a_purge(old_log: int, tmp_path: Path) -> None:
    """In steps; the product's verifier and the auditor's own program both go on from the checkpoint."""
    assert purging.purge(actor=SUN_YUE, step=4) == 4
    assert purging.purge(actor=SUN_YUE) == old_log - 4
    assert purging.purge(actor=SUN_YUE) == 0
    assert Event.objects.filter(action="log.purged").count() == 2
    assert Seal.objects.order_by("seq").first().seq == old_log + 1  # type: ignore[union-attr]
    assert findings() == []
    target = tmp_path / "log.jsonl"
    call_command("export_audit_log", str(target), stdout=StringIO())
    assert PROGRAM([str(target), "--key", str(settings.KEYS_FILE)]) == 0


def test_nothing_recent_goes_whatever_is_asked(old_log: int, settings: Any) -> None:
    settings.AUDIT_DAYS = 0
    with pytest.raises(DatabaseError, match="last 366 days"), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT log_purge(%s, 'now', sha256(''))", [old_log + 2])
    purging.purge(actor=SUN_YUE)
    assert Event.objects.filter(at__gt=timezone.now() - timedelta(days=366)).count() >= 5
    with pytest.raises(DatabaseError), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("DELETE FROM log_seal WHERE seq <= %s", [old_log + 2])


def test_a_keeper_keeps_from_the_first_line_it_needs(old_log: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A legal hold on a customer: her line and all after it stay, because the chain goes from one end only."""
    monkeypatch.setattr(purging, "_keepers", [lambda: ["C-HELD2345"]])
    while purging.purge(actor=SUN_YUE):
        pass
    assert Event.objects.filter(customer="C-HELD2345").exists()
    assert findings() == []


@pytest.mark.parametrize("how", ["forged", "removed", "too far"])
def test_a_purge_by_somebody_without_the_key_is_found(old_log: int, superuser: psycopg.Connection, how: str) -> None:
    """The owner can write a checkpoint and delete below it, but not sign it; nor take the true one away, nor delete beyond it."""
    if how != "forged":
        assert purging.purge(actor=SUN_YUE, step=3 if how == "too far" else purging.STEP)
    superuser.execute("SET session_replication_role = replica")
    if how == "forged":
        superuser.execute("INSERT INTO log_checkpoint SELECT seq, hash, seq, 'now', sha256('') FROM log_seal WHERE seq = %s", [old_log])
    if how == "removed":
        superuser.execute("DELETE FROM log_checkpoint")
    else:
        superuser.execute("DELETE FROM log_event USING log_seal WHERE event_id = log_event.id AND seq <= %s", [old_log])
        superuser.execute("DELETE FROM log_seal WHERE seq <= %s", [old_log])
    found = findings(superuser)
    superuser.rollback()
    assert {"forged": "checkpoint_forged", "removed": "gap", "too far": "gap"}[how] in found


def test_a_purge_of_young_lines_with_the_key_is_found(old_log: int, superuser: psycopg.Connection, tmp_path: Path, settings: Any) -> None:
    """R313: a checkpoint signed with the key over lines of this year: an anchor kept outside says that they are too young to be gone."""
    settings.ANCHORS_FILE = tmp_path / "anchors.jsonl"
    anchor = anchors.write_anchor()
    with transaction.atomic():
        log.record(actor=SUN_YUE, action="log.verified")
    log_id, last, digest = superuser.execute("SELECT log_id::text, seq, hash FROM log_head").fetchone() or ("", 0, b"")
    at = timezone.now().isoformat()
    mac = keys.checkpoint_mac(log_id=log_id, seq=last, digest=bytes(digest), count=last, at=at)
    superuser.execute("SET session_replication_role = replica")
    superuser.execute("INSERT INTO log_checkpoint (seq, hash, count, at, mac) VALUES (%s, %s, %s, %s, %s)", [last, digest, last, at, mac])
    for table in ("log_leaf", "log_event", "log_seal"):
        superuser.execute(f"DELETE FROM {table}")
    key, target = base64.b64decode(settings.CRM_KEYS["log_mac_key"]), tmp_path / "log.jsonl"
    assert [finding.kind for finding in Verifier(superuser, key, [anchor]).run().findings] == ["purged_early"]
    export_log(superuser, target, [anchor])
    superuser.rollback()
    assert PROGRAM([str(target), "--key", str(settings.KEYS_FILE)]) == 1


def test_a_chain_broken_everywhere_is_told_in_time(old_log: int, superuser: psycopg.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where very many lines were edited nobody asks of each pair whether they were exchanged: the finding must come today."""
    monkeypatch.setattr("crm.log.verifier.MOST_EXPLAINED", 9)
    monkeypatch.setattr("crm.log.verifier._fits", lambda *_pair: pytest.fail("each pair was tried"))
    superuser.execute("SET session_replication_role = replica")
    superuser.execute("UPDATE log_event SET body = body || ' '::bytea")
    found = findings(superuser)
    superuser.rollback()
    assert found.count("edited") >= old_log
