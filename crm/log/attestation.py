"""T1: the keyed MAC over the newest head and the number of lines, moved forward after every commit.

Without the key nobody can attest an older state, so the newest lines cannot be taken away *and* the head rewound unnoticed. The
attestation moves only from a state that is still part of the chain: a rewound log keeps its old attestation, and its alarm, however
many lines follow. What one table cannot prove (a state restored together with its own MAC) is the anchors' task.
"""

import logging
from dataclasses import dataclass

from django.db import connection
from django.utils import timezone

from crm.database.prepared import execute
from crm.log import keys

logger = logging.getLogger(__name__)

# The attested line is looked for from the end of the index: a join would be planned once as a scan of a log that is still short, and
# a session keeps its plan while the log grows.
_READ = """
SELECT h.log_id::text, h.seq, h.hash, h.count, a.seq, a.hash, a.count, a.at, a.mac, coalesce(s.hash, g.hash)
FROM log_head h
LEFT JOIN log_attestation a ON a.id = 1
LEFT JOIN LATERAL (SELECT seq, hash FROM log_seal WHERE seq <= a.seq ORDER BY seq DESC LIMIT 1) s ON s.seq = a.seq
LEFT JOIN LATERAL (SELECT sha256(convert_to('crm.log ' || h.log_id::text, 'UTF8')) AS hash) g ON a.seq = 0
WHERE h.id = 1
"""
# A commit that can be repeated need not wait for the disk.
_MOVE = """
UPDATE log_attestation a
   SET seq = %(seq)s::bigint, hash = %(hash)s::bytea, count = %(count)s::bigint, at = %(at)s::text, mac = %(mac)s::bytea
FROM (SELECT set_config('synchronous_commit', 'off', true)) lazily
WHERE a.id = 1 AND a.seq < %(seq)s::bigint AND a.mac = %(before)s::bytea
RETURNING a.seq
"""


class ChainBroken(RuntimeError):
    """The attested state is not part of the chain any more; `verify_audit` says what is missing."""


@dataclass(frozen=True)
class Attested:
    """The state under the keyed MAC: number of lines and hash of the newest."""

    log_id: str
    seq: int
    digest: bytes
    count: int
    at: str


def attest_head() -> Attested | None:
    """Put the keyed MAC over the newest head; None (and an error in the server's log) when the old attestation does not hold."""
    try:
        return move_attestation()
    except ChainBroken:
        logger.critical("The audit log does not continue its attested state. Run manage.py verify_audit.")
        return None


def move_attestation() -> Attested:
    """Move the attestation to the newest head; `ChainBroken` when the attested state is not part of the chain."""
    while True:
        ((log_id, seq, digest, count, *old, chained),) = execute(_READ, {})
        if old[0] is None:
            raise ChainBroken
        old_seq, old_hash, old_count, old_at, old_mac = old[0], bytes(old[1]), old[2], old[3], bytes(old[4])
        expected = keys.head_mac(log_id=log_id, seq=old_seq, digest=old_hash, count=old_count, at=old_at)
        if old_mac != expected or chained is None or bytes(chained) != old_hash or old_seq > seq:
            raise ChainBroken
        if old_seq == seq:
            return Attested(log_id, seq, old_hash, old_count, old_at)
        at = timezone.now().isoformat()
        mac = keys.head_mac(log_id=log_id, seq=seq, digest=bytes(digest), count=count, at=at)
        if execute(_MOVE, {"seq": seq, "hash": bytes(digest), "count": count, "at": at, "mac": mac, "before": old_mac}):
            return Attested(log_id, seq, bytes(digest), count, at)
        # Somebody else moved it meanwhile; look again, theirs may be older than our line.


_FORCE = """
INSERT INTO log_attestation (id, seq, hash, count, at, mac) VALUES (1, %s, %s, %s, %s, %s)
ON CONFLICT (id) DO UPDATE SET seq = excluded.seq, hash = excluded.hash, count = excluded.count, at = excluded.at, mac = excluded.mac
"""


def force_attestation() -> None:
    """Attest the present head whatever was attested before. For `verify_audit --adopt`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT log_id::text, seq, hash, count FROM log_head WHERE id = 1")
        log_id, seq, digest, count = cursor.fetchone()
        at = timezone.now().isoformat()
        mac = keys.head_mac(log_id=log_id, seq=seq, digest=bytes(digest), count=count, at=at)
        cursor.execute(_FORCE, [seq, bytes(digest), count, at, mac])
