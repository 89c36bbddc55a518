"""T2: the attested head written down outside the database, one line of JSON per anchor, appended and never changed.

Point `CRM_ANCHORS_FILE` at a place that the database's administrators cannot write: then a whole state put back together with its
attestation is found. The nightly mail to the auditors carries the same line.
"""

import json
import os
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from crm.log import attestation


def path() -> Path:
    """Where anchors are kept."""
    return Path(settings.ANCHORS_FILE)


def write_anchor() -> dict[str, Any]:
    """Attest the newest head and append it to the anchors; the line written. `ChainBroken` when there is nothing sound to anchor."""
    attested = attestation.move_attestation()
    with connection.cursor() as cursor:
        cursor.execute("SELECT encode(mac, 'hex') FROM log_attestation WHERE seq = %s AND at = %s", [attested.seq, attested.at])
        row = cursor.fetchone()
    if row is None:  # a commit moved it on between the two statements
        return write_anchor()
    line = {
        "log_id": attested.log_id,
        "seq": attested.seq,
        "hash": attested.digest.hex(),
        "count": attested.count,
        "at": attested.at,
        "mac": row[0],
    }
    _append(json.dumps(line) + "\n")
    return line


def _append(text: str) -> None:
    target = path()
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # One write to a file opened for appending: two processes cannot tear each other's lines.
    descriptor = os.open(target, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, text.encode())
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
