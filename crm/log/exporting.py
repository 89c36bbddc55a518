"""The log as one file that an auditor takes along and checks with `tools/verify_audit.py` on a machine of the auditor's own.

JSON, one record a line, UTF-8, gzip when the name ends in .gz. In this order: `log` (format, log_id, exported_at), `head`, `attestation`,
`anchor`s, `line`s in the order of the chain (columns as they stand, sealed text in base64, code, seal), `unsealed` lines,
`leaves` of batches in the order of line and position, `end` (lines, SHA-256 of all bytes before it). Everything in one snapshot.
"""

import base64
import gzip
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psycopg

from crm.log.verifier import COLUMNS

FORMAT = 1
LEAVES_A_RECORD = 1000

_LINES = (
    "SELECT s.seq, s.event_id, s.prev, s.hash, e.id, e.txid::text::bigint, e.body, e.mac, "
    + ", ".join(f"e.{name}" for name in COLUMNS)
    + " FROM log_seal s LEFT JOIN log_event e ON e.id = s.event_id ORDER BY s.seq"
)
_UNSEALED = "SELECT e.id FROM log_event e WHERE NOT EXISTS (SELECT 1 FROM log_seal s WHERE s.event_id = e.id) ORDER BY e.id"
_LEAVES = "SELECT event_id, position, ref, hash FROM log_leaf ORDER BY event_id, position"


def export_log(connection: "psycopg.Connection[Any]", target: Path, anchors: Iterable[dict[str, Any]] = ()) -> int:
    """Write the whole log into a new file (0600) and return how many lines it has. `FileExistsError` when there is one already."""
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as raw, gzip.GzipFile(fileobj=raw, mode="wb", mtime=0) if target.suffix == ".gz" else raw as file:
        digest, lines = hashlib.sha256(), 0

        def write(record: str, **values: Any) -> None:
            text = json.dumps({"record": record, **values}, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
            digest.update(text)
            file.write(text)

        fresh = connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        with connection.transaction():
            if fresh:  # else the caller's transaction is the snapshot
                connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            _write_state(connection, write, anchors)
            for row in _stream(connection, "export_lines", _LINES):
                write("line", **_line(row))
                lines += 1
            for (number,) in connection.execute(_UNSEALED):
                write("unsealed", id=number)
            for line, rows in _batches(_stream(connection, "export_leaves", _LEAVES)):
                write("leaves", id=line, rows=rows)
        write("end", lines=lines, sha256=digest.hexdigest())
    return lines


def _write_state(connection: "psycopg.Connection[Any]", write: Callable[..., None], anchors: Iterable[dict[str, Any]]) -> None:
    head = connection.execute("SELECT log_id::text, seq, hash, count FROM log_head").fetchone()
    write("log", format=FORMAT, log_id=head[0] if head else "", exported_at=datetime.now(UTC).isoformat())
    if head:
        write("head", seq=head[1], hash=bytes(head[2]).hex(), count=head[3])
    attested = connection.execute("SELECT seq, hash, count, at, mac FROM log_attestation").fetchone()
    if attested:
        seq, digest, count, at, mac = attested
        write("attestation", seq=seq, hash=bytes(digest).hex(), count=count, at=at, mac=bytes(mac).hex())
    purged = connection.execute("SELECT seq, hash, count, at, mac FROM log_checkpoint ORDER BY seq DESC LIMIT 1").fetchone()
    if purged:
        seq, digest, count, at, mac = purged
        write("checkpoint", seq=seq, hash=bytes(digest).hex(), count=count, at=at, mac=bytes(mac).hex())
    for anchor in anchors:
        write("anchor", **anchor)


def _stream(connection: "psycopg.Connection[Any]", name: str, query: str) -> Iterator[tuple[Any, ...]]:
    with connection.cursor(name=name) as cursor:
        cursor.itersize = 2000
        yield from cursor.execute(query.encode())


def _line(row: tuple[Any, ...]) -> dict[str, Any]:
    seq, number, prev, digest, there, txid, body, mac = row[:8]
    place = {"seq": seq, "id": number, "prev": bytes(prev).hex(), "hash": bytes(digest).hex()}
    if there is None:  # a seal that stands without its line
        return place
    columns = {name: _plain(value) for name, value in zip(COLUMNS, row[8:], strict=True)}
    return {**place, "txid": txid, "body": base64.b64encode(bytes(body)).decode(), "mac": bytes(mac).hex(), "columns": columns}


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value if value is None or isinstance(value, (int, str, dict)) else str(value)


def _batches(rows: Iterator[tuple[Any, ...]]) -> Iterator[tuple[int, list[list[Any]]]]:
    line, held = 0, list[list[Any]]()
    for event_id, position, ref, digest in rows:
        if held and (event_id != line or len(held) == LEAVES_A_RECORD):
            yield line, held
            held = []
        line = event_id
        held.append([position, ref, bytes(digest).hex()])
    if held:
        yield line, held
