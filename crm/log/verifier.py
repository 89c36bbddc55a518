"""The verifier of the audit log: a program of its own that imports nothing of the product.

    python crm/log/verifier.py --database postgresql://auditor@/crm?host=/socket --keys keys.json --anchors anchors.jsonl

Ends with 0 when everything holds, 1 when something was changed, 2 when it could not look. `manage.py verify_audit` does the same and
speaks the reader's language.

What holds what: the hash chain (T0) shows edits, insertions, deletions and exchanges inside; the keyed code of each line shows lines that
the product did not write, even under a recomputed chain; the attestation (T1, keyed, over head and count) shows that the newest lines
were removed and the head rewound; anchors (T2, kept outside the database) show a whole state put back together with its attestation.
Without the key the first alone is checked, and the report says so. Numbers missing between lines are not evidence: a rolled-back
transaction uses them up. Positions in the chain have no gaps.
"""

import argparse
import base64
import hashlib
import hmac
import json
import sys
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg


def gettext_noop(text: str) -> str:
    """Marks a sentence for translation; the caller translates."""
    return text


SENTENCES = {
    "edited": gettext_noop("Line %(line)s (position %(seq)s) was edited: its sealed text was changed after it was chained."),
    "column": gettext_noop("Line %(line)s (position %(seq)s) was edited: %(columns)s say something else than its sealed text."),
    "swapped": gettext_noop("Lines %(line)s and %(other)s were swapped: each holds what was sealed in the other's place."),
    "deleted": gettext_noop("Line %(line)s (position %(seq)s) was deleted: its seal stands without it."),
    "inserted": gettext_noop("Line %(line)s was inserted past the chain: it has no seal."),
    "foreign": gettext_noop("Line %(line)s (position %(seq)s) was not written by this product: its authentication code is wrong."),
    "replayed": gettext_noop("Lines %(line)s and %(other)s are the same line twice: the later one was copied."),
    "gap": gettext_noop("Positions %(first)s to %(last)s were removed from the chain, lines and seals."),
    "link": gettext_noop("Position %(seq)s does not continue the one before it: the chain was rewritten there."),
    "seal": gettext_noop("The seal at position %(seq)s (line %(line)s) was changed; the line itself is as it was written."),
    "head": gettext_noop("The head of the chain says %(head)s lines, the chain has %(last)s."),
    "head_hash": gettext_noop("The head of the chain does not carry the hash of the newest line."),
    "head_missing": gettext_noop("The head of the chain is missing."),
    "newest": gettext_noop(
        "The newest %(lines)s lines were removed and the head was rewound: %(attested)s lines were attested, %(last)s are left."
    ),
    "rewritten": gettext_noop("Position %(seq)s is not the one that was attested: the chain was rewritten up to there or beyond."),
    "attestation_missing": gettext_noop("The attestation is missing: somebody removed it."),
    "attestation_forged": gettext_noop("The attestation is not the product's: its code is wrong."),
    "batch": gettext_noop("Batch line %(line)s: its stored rows do not give its root (%(expected)s rows sealed, %(found)s found)."),
    "orphans": gettext_noop("%(found)s rows of a batch belong to line %(line)s, which is not a batch or is gone."),
    "anchor": gettext_noop("The state anchored at %(at)s (%(seq)s lines) is not part of the log any more: it was rewritten or rewound."),
    "anchor_forged": gettext_noop("The anchor of %(at)s is not the product's: its code is wrong."),
    "checkpoint_forged": gettext_noop("The checkpoint at position %(seq)s is not the product's: its code is wrong."),
    "purged_early": gettext_noop("Lines younger than a year were purged, up to position %(seq)s: the anchor of %(at)s is older than they."),
    "replaced": gettext_noop("The newest anchor (%(at)s) belongs to another log: this one was put in its place."),
}
NOTES = {
    "no_key": gettext_noop("Without the key only the chain was checked, not who wrote it nor whether its newest lines are missing."),
    "unattested": gettext_noop("The newest %(lines)s lines are not attested yet."),
    "purged": gettext_noop("%(lines)s lines were purged under a signed checkpoint; the chain goes on from there."),
    "other_log": gettext_noop("%(anchors)s anchors belong to another log and were left out."),
}
COLUMNS = [
    "uid", "at", "actor_id", "actor_number", "actor_name", "actor_kind", "role", "origin", "session", "address",
    "request_id", "view", "action", "result", "target_type", "target_ref", "customer", "reason", "approver", "data",
]  # fmt: skip
FLOOR_DAYS = 365  # the database refuses to purge below 366; a line may be a little older than an anchor made before it was chained
MOST_EXPLAINED = 2000  # where so many seals are broken nobody asks which lines were exchanged: each pair would be tried
_ROWS = (
    "SELECT s.seq, s.event_id, s.prev, s.hash, e.id, e.txid::text::bigint, e.body, e.mac, "
    + ", ".join(f"e.{name}" for name in COLUMNS)
    + " FROM log_seal s LEFT JOIN log_event e ON e.id = s.event_id ORDER BY s.seq"
)
_UNSEALED = "SELECT e.id FROM log_event e WHERE NOT EXISTS (SELECT 1 FROM log_seal s WHERE s.event_id = e.id) ORDER BY e.id"

# The leaves are hashed where they lie, a batch is one row here: ten times as quick as fetching each. The server that is asked for the
# rows is trusted with their hashes no more than with the rows. The keyed hash has 32 bytes, so what follows it is the reference alone.
# Everything is in the order of the key already: nothing is sorted.
_LEAVES = """
SELECT event_id, count(*), min(position) = 0 AND max(position) = count(*) - 1 AND count(DISTINCT position) = count(*),
       string_agg(pg_catalog.sha256('\\x00'::bytea || hash || convert_to(ref, 'UTF8')), ''::bytea ORDER BY position)
  FROM log_leaf GROUP BY event_id ORDER BY event_id"""
_TWICE = "SELECT min(id), max(id) FROM log_event GROUP BY uid HAVING count(*) > 1 ORDER BY 1"


@dataclass(frozen=True)
class Finding:
    """One thing that does not hold, as a kind and its values; `sentence` is English, translate `SENTENCES[kind]` for others."""

    kind: str
    values: Mapping[str, Any]

    @property
    def sentence(self) -> str:
        """The finding in English words."""
        return SENTENCES[self.kind] % self.values


@dataclass
class Report:
    """What was looked at and what does not hold."""

    lines: int = 0
    batch_rows: int = 0
    anchors: int = 0
    seconds: float = 0.0
    findings: list[Finding] = field(default_factory=list)
    notes: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether nothing was found."""
        return not self.findings

    def add(self, kind: str, **values: Any) -> None:
        """Note a finding."""
        self.findings.append(Finding(kind, values))


@dataclass
class _Suspect:
    seq: int
    line: int
    prev: bytes
    digest: bytes
    txid: int
    body: bytes
    mac: bytes
    columns: list[str]
    authentic: bool | None


class Verifier:
    """One pass over a log in one snapshot."""

    def __init__(self, connection: "psycopg.Connection[Any]", key: bytes | None, anchors: Iterable[Mapping[str, Any]] = ()) -> None:
        self.connection = connection
        self.keys = {p: hmac.digest(key, b"crm.log " + p, "sha256") for p in (b"line", b"head", b"checkpoint")} if key else {}
        self.anchors = list(anchors)
        self.report = Report()
        self.suspects: list[_Suspect] = []
        self.batches: dict[int, Mapping[str, Any]] = {}
        self.hashes: dict[int, bytes] = {}
        self.last, self.purged = (0, b""), 0
        self.floor = (datetime.now(UTC) - timedelta(days=FLOOR_DAYS)).isoformat()

    def run(self) -> Report:
        """The report; nothing is written."""
        begun = time.perf_counter()
        fresh = self.connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE
        with self.connection.transaction():
            if fresh:  # else the caller's transaction is the snapshot
                self.connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
            head = self.connection.execute("SELECT log_id::text, seq, hash, count FROM log_head").fetchone()
            attestation = self.connection.execute("SELECT seq, hash, count, at, mac FROM log_attestation").fetchone()
            log_id = head[0] if head else ""
            self._choose_anchors(log_id)
            self._checkpoint(log_id)
            self._chain(self.last[1], {0, attestation[0] if attestation else 0})
            self._explain_suspects()
            for (line,) in self.connection.execute(_UNSEALED):
                self.report.add("inserted", line=line)
            for line, other in self.connection.execute(_TWICE):
                self.report.add("replayed", line=line, other=other)
            self._head(head)
            self._attestation(head, attestation)
            self._anchors()
            self._leaves()
        if not self.keys:
            self.report.notes.append(("no_key", {}))
        self.report.seconds = time.perf_counter() - begun
        return self.report

    # -- T0: the chain

    def _checkpoint(self, log_id: str) -> None:
        self.last = (0, hashlib.sha256(f"crm.log {log_id}".encode()).digest())
        row = self.connection.execute("SELECT seq, hash, count, at, mac FROM log_checkpoint ORDER BY seq DESC LIMIT 1").fetchone()
        if row is None:
            return
        self.purged, self.last = row[0], (row[0], bytes(row[1]))
        self.report.notes.append(("purged", {"lines": row[2]}))
        if self.keys and not self._attested(log_id, row[0], bytes(row[1]), row[2], row[3], bytes(row[4]), b"checkpoint"):
            self.report.add("checkpoint_forged", seq=row[0])

    def _chain(self, genesis: bytes, wanted: set[int]) -> None:
        wanted |= {int(anchor["seq"]) for anchor in self.anchors}
        before, expected = genesis, self.purged + 1
        self.hashes[self.purged] = genesis
        for row in self._stream():
            seq, line, prev, digest = row[0], row[1], bytes(row[2]), bytes(row[3])
            if seq != expected:
                self.report.add("gap", first=expected, last=seq - 1)
            elif prev != before:
                self.report.add("link", seq=seq)
            if row[4] is None:
                self.report.add("deleted", line=line, seq=seq)
            else:
                self._line(row, prev, digest)
            if seq in wanted:
                self.hashes[seq] = digest
            before, expected, self.last = digest, seq + 1, (seq, digest)

    def _stream(self) -> Iterator[tuple[Any, ...]]:
        with self.connection.cursor(name="audit_lines") as cursor:
            cursor.itersize = 2000
            yield from cursor.execute(_ROWS)

    def _line(self, row: tuple[Any, ...], prev: bytes, digest: bytes) -> None:
        self.report.lines += 1
        seq, line, txid, body, mac = row[0], row[1], row[5], bytes(row[6]), bytes(row[7])
        sealed = _read(body)
        wrong = [name for name, value in zip(COLUMNS, row[8:], strict=True) if sealed is None or _plain(value) != sealed.get(name)]
        authentic = hmac.compare_digest(hmac.digest(self.keys[b"line"], body, "sha256"), mac) if self.keys else None
        if sealed and isinstance(sealed.get("data"), dict) and "batch" in sealed["data"]:
            self.batches[line] = sealed["data"]["batch"]
        if _seal(prev, seq, line, txid, body, mac) != digest:
            self.suspects.append(_Suspect(seq, line, prev, digest, txid, body, mac, wrong, authentic))
        elif authentic is False:
            self.report.add("foreign", line=line, seq=seq)
        elif wrong:
            self.report.add("column", line=line, seq=seq, columns=", ".join(wrong))

    def _explain_suspects(self) -> None:
        done: set[int] = set()
        others = self.suspects if len(self.suspects) <= MOST_EXPLAINED else []
        for one in self.suspects:
            if one.line in done:
                continue
            # An exchange: this place was sealed over what now stands in another broken place.
            other = next((o for o in others if o is not one and _fits(one, o)), None)
            if other is not None:
                self.report.add("swapped", line=one.line, other=other.line)
                done |= {one.line, other.line}
            elif one.authentic and not one.columns:
                self.report.add("seal", line=one.line, seq=one.seq)
            else:
                self.report.add("edited", line=one.line, seq=one.seq)

    def _head(self, head: tuple[Any, ...] | None) -> None:
        if head is None:
            self.report.add("head_missing")
        elif head[1] != self.last[0] or head[3] != self.last[0]:
            self.report.add("head", head=max(head[1], head[3]), last=self.last[0])
        elif bytes(head[2]) != self.last[1]:
            self.report.add("head_hash")

    # -- T1: the attestation

    def _attestation(self, head: tuple[Any, ...] | None, row: tuple[Any, ...] | None) -> None:
        if not self.keys or head is None:
            return
        if row is None:
            self.report.add("attestation_missing")
            return
        seq, digest, count, at, mac = row[0], bytes(row[1]), row[2], row[3], bytes(row[4])
        if not self._attested(head[0], seq, digest, count, at, mac):
            self.report.add("attestation_forged")
        elif seq > self.last[0]:
            self.report.add("newest", lines=seq - self.last[0], attested=seq, last=self.last[0])
        elif self.hashes.get(seq) != digest:
            self.report.add("rewritten", seq=seq)
        elif seq < self.last[0]:
            self.report.notes.append(("unattested", {"lines": self.last[0] - seq}))

    def _attested(self, log_id: str, seq: int, digest: bytes, count: int, at: str, mac: bytes, by: bytes = b"head") -> bool:
        text = "|".join((log_id, str(seq), digest.hex(), str(count), at))
        return hmac.compare_digest(hmac.digest(self.keys[by], text.encode(), "sha256"), mac)

    # -- T2: anchors

    def _choose_anchors(self, log_id: str) -> None:
        ours = [anchor for anchor in self.anchors if anchor["log_id"] == log_id]
        if len(ours) != len(self.anchors):
            self.report.notes.append(("other_log", {"anchors": len(self.anchors) - len(ours)}))
        if self.anchors and self.anchors[-1]["log_id"] != log_id:
            self.report.add("replaced", at=self.anchors[-1]["at"])
        self.anchors = ours

    def _anchors(self) -> None:
        for anchor in self.anchors:
            self.report.anchors += 1
            seq, digest, at = int(anchor["seq"]), bytes.fromhex(anchor["hash"]), str(anchor["at"])
            mac = bytes.fromhex(anchor["mac"])
            if self.keys and not self._attested(anchor["log_id"], seq, digest, int(anchor["count"]), at, mac):
                self.report.add("anchor_forged", at=at)
            elif seq >= self.purged and self.hashes.get(seq) != digest:
                self.report.add("anchor", at=at, seq=seq)
            elif seq < self.purged and at > self.floor:
                self.report.add("purged_early", at=at, seq=self.purged)

    # -- batches

    def _leaves(self) -> None:
        seen = set()
        with self.connection.cursor(name="audit_leaves", binary=True) as cursor:
            cursor.itersize = 20
            for line, count, in_order, nodes in cursor.execute(_LEAVES):
                seen.add(line)
                self.report.batch_rows += count
                self._batch(line, count, in_order, bytes(nodes or b""))
        for line in self.batches.keys() - seen:
            self._batch(line, 0, True, b"")

    def _batch(self, line: int, count: int, in_order: bool, nodes: bytes) -> None:
        sealed = self.batches.get(line)
        if sealed is None:
            self.report.add("orphans", line=line, found=count)
            return
        if not in_order or count != sealed["leaves"] or _root(nodes).hex() != sealed["root"]:
            self.report.add("batch", line=line, expected=sealed["leaves"], found=count)


def _seal(prev: bytes, seq: int, line: int, txid: int, body: bytes, mac: bytes) -> bytes:
    content = hashlib.sha256(body + mac).digest()
    return hashlib.sha256(prev + seq.to_bytes(8, "big") + line.to_bytes(8, "big") + txid.to_bytes(8, "big") + content).digest()


def _fits(place: _Suspect, other: _Suspect) -> bool:
    """Whether the content of `other` is what was sealed at `place`; the transaction id may have moved with it."""
    return any(_seal(place.prev, place.seq, place.line, txid, other.body, other.mac) == place.digest for txid in {place.txid, other.txid})


def _read(body: bytes) -> dict[str, Any] | None:
    try:
        found = json.loads(body)
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    return value if value is None or isinstance(value, (int, str, dict)) else str(value)


def _root(nodes: bytes) -> bytes:
    """The root of a Merkle tree over leaves of 32 bytes one after the other; a last one without a partner moves up as it is."""
    if not nodes:
        return hashlib.sha256(b"crm.log empty batch").digest()
    sha256 = hashlib.sha256
    while len(nodes) > 32:
        whole = len(nodes) - len(nodes) % 64
        nodes = b"".join([sha256(b"\x01" + nodes[at : at + 64]).digest() for at in range(0, whole, 64)]) + nodes[whole:]
    return nodes


def read_anchors(path: Path) -> list[dict[str, Any]]:
    """The anchors in a file, oldest first; none where the file is not there."""
    if not path.exists():
        return []
    return [json.loads(line) for line in path.read_text().splitlines() if line.strip()]


def main(arguments: list[str] | None = None) -> int:
    """Verify from the command line; returns the exit code."""
    parser = argparse.ArgumentParser(description="Verify the audit log of the CRM.")
    parser.add_argument("--database", required=True, help="postgresql://… of a role that may read the log")
    parser.add_argument("--keys", type=Path, help="the keys file; without it only the hash chain is checked")
    parser.add_argument("--anchors", type=Path, help="the file of anchors")
    options = parser.parse_args(arguments)
    try:
        key = base64.b64decode(json.loads(options.keys.read_text())["log_mac_key"]) if options.keys else None
        anchors = read_anchors(options.anchors) if options.anchors else []
        with psycopg.connect(options.database) as connection:
            report = Verifier(connection, key, anchors).run()
    except (OSError, KeyError, ValueError, psycopg.Error) as error:
        print(f"The log could not be verified: {error}", file=sys.stderr)
        return 2
    for finding in report.findings:
        print(finding.sentence)
    for kind, values in report.notes:
        print(NOTES[kind] % values)
    verdict = "nothing was changed" if report.holds else f"{len(report.findings)} findings"
    print(f"{report.lines} lines, {report.batch_rows} batch rows, {report.anchors} anchors in {report.seconds:.1f} s: {verdict}.")
    return 0 if report.holds else 1


if __name__ == "__main__":
    sys.exit(main())
