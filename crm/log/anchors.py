"""T2: the attested head written down outside the database, one line of JSON per anchor, appended and never changed.

Where `CRM_ANCHOR_KEEPER` names the socket of `tools/anchor_keeper.py`, run by another account, that program does the writing and the
product can only read `CRM_ANCHORS_FILE`: then a whole state put back together with its attestation is found, whoever put it back. Without
a keeper the product appends to the file itself. The nightly mail to the auditors carries the newest line.
"""

import json
import os
import socket
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection

from crm.log import attestation

PATIENCE = 5.0
FIELDS = ("log_id", "seq", "hash", "count", "at", "mac")


class KeeperAway(RuntimeError):
    """The keeper of the anchors does not answer, or refuses: nothing is written down outside the database any more."""


def path() -> Path:
    """Where anchors are kept."""
    return Path(settings.ANCHORS_FILE)


def newest() -> dict[str, Any] | None:
    """The newest anchor that is kept, if any; only the end of the file is read."""
    try:
        with path().open("rb") as kept:
            kept.seek(max(kept.seek(0, os.SEEK_END) - 4096, 0))
            lines = kept.read().decode().strip().splitlines()
    except FileNotFoundError:
        return None
    return dict(json.loads(lines[-1])) if lines else None


def write_anchor() -> dict[str, Any]:
    """Attest the newest head and have it appended to the anchors; the line written.

    `ChainBroken` when there is nothing sound to anchor, `KeeperAway` when nobody wrote it down.
    """
    attested = attestation.move_attestation()
    with connection.cursor() as cursor:
        cursor.execute("SELECT encode(mac, 'hex') FROM log_attestation WHERE seq = %s AND at = %s", [attested.seq, attested.at])
        row = cursor.fetchone()
    if row is None:  # a commit moved it on between the two statements
        return write_anchor()
    values = (attested.log_id, attested.seq, attested.digest.hex(), attested.count, attested.at, row[0])
    line = dict(zip(FIELDS, values, strict=True))
    text = json.dumps(line) + "\n"
    if settings.ANCHOR_KEEPER:
        _tell(text)
    else:
        _append(text)
    return line


def keeper_answers() -> bool:
    """Whether the keeper is there; without one configured there is nobody to miss."""
    if not settings.ANCHOR_KEEPER:
        return True
    try:
        _tell("ping\n")
    except KeeperAway as away:
        return "alive" in str(away)
    return True


def _tell(text: str) -> None:
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as caller:
            caller.settimeout(PATIENCE)
            caller.connect(str(settings.ANCHOR_KEEPER))
            caller.sendall(text.encode())
            said = caller.recv(200).decode(errors="replace").strip()
    except OSError as error:
        raise KeeperAway(f"The keeper of the anchors does not answer: {error}") from error
    if said != "kept":
        raise KeeperAway(f"The keeper of the anchors says: {said or 'nothing'}")


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
