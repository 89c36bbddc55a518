"""Checks an exported audit log on the auditor's own machine: one file, Python's standard library only, nothing of the product.

    python3 verify_audit.py audit.jsonl.gz --key keys.json --anchors anchors.jsonl --anchors nightly-mail.eml --language zh

FILE comes from `manage.py export_audit_log FILE`. The key is the product's key file or a file that holds `log_mac_key` alone (base64);
without it the chain and the anchors are checked, but not who wrote the lines. Anchors are what the keeper wrote down or what the nightly
mails carry: any text file with an anchor as a line of JSON. Take them from where the database's administrators cannot write.

Ends with 0 when everything holds, 1 when something was changed, 2 when it could not look.

What it cannot find: a state that was rewritten with the key *and* all anchors kept outside; lines newer than the newest anchor that were
rewritten with the key; acts that never were written.
"""

import argparse
import base64
import binascii
import email
import gzip
import hashlib
import hmac
import json
import os
import sys
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

FORMAT, MOST_SHOWN, MOST_EXPLAINED = 1, 200, 2000
FLOOR = (datetime.now(UTC) - timedelta(days=365)).isoformat()  # nothing below 366 days is purged

SENTENCES = {
    "edited": ("Line {id} (position {seq}) was edited after it was chained.", "第 {id} 行（位置 {seq}）在入链之后被修改。"),
    "column": (
        "Line {id} (position {seq}) was edited: {columns} say something else than its sealed text.",
        "第 {id} 行（位置 {seq}）被修改：{columns} 与其密封文本不一致。",
    ),
    "swapped": ("Lines {id} and {other} were swapped.", "第 {id} 行与第 {other} 行被对调。"),
    "deleted": ("Line {id} (position {seq}) was deleted: its seal stands without it.", "第 {id} 行（位置 {seq}）被删除：只剩其封印。"),
    "inserted": ("Line {id} was inserted past the chain: it has no seal.", "第 {id} 行绕过链条插入：没有封印。"),
    "foreign": (
        "Line {id} (position {seq}) was not written by the product: its authentication code is wrong.",
        "第 {id} 行（位置 {seq}）并非本产品写入：其认证码不正确。",
    ),
    "replayed": ("Lines {id} and {other} are the same line twice.", "第 {id} 行与第 {other} 行是同一行的重复。"),
    "gap": ("Positions {first} to {last} were removed, lines and seals.", "位置 {first} 至 {last} 的行与封印均被移除。"),
    "link": ("Position {seq} does not continue the one before it.", "位置 {seq} 与前一位置不相衔接。"),
    "head": ("The head says {head} lines, the chain has {last}.", "链头记有 {head} 行，链条实有 {last} 行。"),
    "head_hash": ("The head does not carry the hash of the newest line.", "链头与最新一行的哈希不一致。"),
    "newest": (
        "The newest {lines} lines were removed: {attested} lines were attested, {last} are left.",
        "最新的 {lines} 行被移除：曾见证 {attested} 行，现余 {last} 行。",
    ),
    "rewritten": ("Position {seq} is not the one that was attested.", "位置 {seq} 并非当初所见证的那一行。"),
    "attestation_missing": ("The attestation is missing.", "见证记录缺失。"),
    "attestation_forged": ("The attestation is not the product's: its code is wrong.", "见证记录并非本产品所出：其认证码不正确。"),
    "checkpoint_forged": ("The checkpoint at position {seq} is not the product's.", "位置 {seq} 的检查点并非本产品所出。"),
    "batch": (
        "Batch line {id}: its rows do not give its root ({expected} sealed, {found} found).",
        "批次行 {id}：其各行算不出所封的根（封存 {expected} 行，现有 {found} 行）。",
    ),
    "orphans": ("{found} rows belong to line {id}, which is no batch or is gone.", "有 {found} 行属于第 {id} 行，而该行并非批次或已缺失。"),
    "anchor": ("The state anchored at {at} ({seq} lines) is no longer part of the log.", "{at} 所锚定的状态（{seq} 行）已不在日志之中。"),
    "anchor_forged": ("The anchor of {at} is not the product's: its code is wrong.", "{at} 的锚并非本产品所出：其认证码不正确。"),
    "purged_early": ("Lines younger than a year were purged: see the anchor of {at}.", "有不足一年的行被清除：见 {at} 的锚。"),
    "replaced": ("The newest anchor ({at}) is of another log: this one replaced it.", "最新的锚（{at}）属于另一份日志：本日志已被替换。"),
    "file_cut": ("The file has no end: it was cut off.", "文件没有结尾：已被截断。"),
    "file_changed": ("The file is not as it was exported: its check sum is wrong.", "文件与导出时不一致：校验和不符。"),
}
NOTES = {
    "no_key": ("Without the key it was not checked who wrote the lines.", "未提供密钥，未检查各行由谁写入。"),
    "purged": ("{lines} lines were purged under a signed checkpoint.", "已按签名检查点清除 {lines} 行。"),
    "no_anchors": ("No anchors given: an older state put back whole is not found.", "未提供锚：若整份日志被恢复为旧状态，将无法发现。"),
    "behind": ("{lines} lines are newer than the newest anchor.", "有 {lines} 行晚于最新的锚。"),
    "other_log": ("{anchors} anchors belong to another log and were left out.", "有 {anchors} 个锚属于另一份日志，未予比对。"),
}
HOLDS = ("The log holds.", "日志完整无误。")
BROKEN = (
    "TAMPERING FOUND: {findings} findings. Keep this file and call the security officer.",
    "发现篡改：共 {findings} 处。请保留本文件并联系安全管理员。",
)
LOOKED = ("Looked at {lines} lines, {rows} batch rows and {anchors} anchors.", "共检查 {lines} 行、{rows} 个批次行、{anchors} 个锚。")
BLIND = ("The file could not be checked: {error}", "文件无法检查：{error}")


class CannotLook(ValueError):
    """The file is not an exported log, or the key is none."""


class Check:
    """One pass over an exported log."""

    def __init__(self, key: bytes | None, anchors: list[dict[str, Any]]) -> None:
        self.keys = {name: hmac.digest(key, b"crm.log " + name, "sha256") for name in (b"line", b"head", b"checkpoint")} if key else {}
        self.anchors = anchors
        self.findings: list[tuple[str, dict[str, Any]]] = []
        self.notes: list[tuple[str, dict[str, Any]]] = []
        self.head: dict[str, Any] | None = None
        self.attestation: dict[str, Any] | None = None
        self.lines, self.rows, self.ended = 0, 0, False
        self.log_id, self.last, self.purged = "", (0, b""), 0
        self.hashes: dict[int, bytes] = {}
        self.wanted: set[int] = set()
        self.seen: dict[bytes, int] = {}
        self.suspects: list[dict[str, Any]] = []
        self.batches: dict[int, dict[str, Any]] = {}
        self.open_batch: tuple[int, list[bytes], bool] | None = None

    def find(self, kind: str, **values: Any) -> None:
        """Note that something does not hold."""
        self.findings.append((kind, values))

    def run(self, records: Iterable[dict[str, Any]]) -> None:
        """Look at every record, then at the whole."""
        for number, record in enumerate(records):
            kind = record.get("record")
            if number == 0 and (kind != "log" or record.get("format") != FORMAT):
                raise CannotLook("this is not an exported audit log of a format that this program knows")
            if self.ended:
                raise CannotLook("something follows its end")
            getattr(self, f"_on_{kind}", self._on_unknown)(record)
        self._close_batch()
        for line in self.batches:  # a batch without any row left
            self._batch(line, [], in_order=True)
        if not self.ended:
            self.find("file_cut")
        self._explain()
        self._whole()

    def _on_unknown(self, record: dict[str, Any]) -> None:
        raise CannotLook(f"a record of an unknown kind, {record.get('record')!r}")

    def _on_log(self, record: dict[str, Any]) -> None:
        self.log_id = str(record["log_id"])
        genesis = hashlib.sha256(f"crm.log {self.log_id}".encode()).digest()
        self.hashes[0], self.last = genesis, (0, genesis)
        self.wanted |= {int(anchor["seq"]) for anchor in self.anchors}

    def _on_head(self, record: dict[str, Any]) -> None:
        self.head = record

    def _on_attestation(self, record: dict[str, Any]) -> None:
        self.attestation = record
        self.wanted.add(int(record["seq"]))

    def _on_checkpoint(self, record: dict[str, Any]) -> None:
        self.purged, self.last = int(record["seq"]), (int(record["seq"]), bytes.fromhex(record["hash"]))
        self.hashes[self.purged] = self.last[1]
        self.notes.append(("purged", {"lines": record["count"]}))
        if not self._genuine(self.log_id, record, b"checkpoint"):
            self.find("checkpoint_forged", seq=self.purged)

    def _on_anchor(self, record: dict[str, Any]) -> None:
        known = {(anchor["log_id"], anchor["seq"], anchor["hash"]) for anchor in self.anchors}
        if (record["log_id"], record["seq"], record["hash"]) not in known:
            self.anchors.insert(0, record)  # what the server says itself is never the newest word
            self.wanted.add(int(record["seq"]))

    def _on_line(self, record: dict[str, Any]) -> None:
        seq, digest = int(record["seq"]), bytes.fromhex(record["hash"])
        if seq != self.last[0] + 1:
            self.find("gap", first=self.last[0] + 1, last=seq - 1)
        elif bytes.fromhex(record["prev"]) != self.last[1]:
            self.find("link", seq=seq)
        if "body" in record:
            self._content(record, digest)
        else:
            self.find("deleted", id=record["id"], seq=seq)
        if seq in self.wanted:
            self.hashes[seq] = digest
        self.last = (seq, digest)

    def _content(self, record: dict[str, Any], digest: bytes) -> None:
        self.lines += 1
        number, seq = int(record["id"]), int(record["seq"])
        record["body"], record["mac"] = base64.b64decode(record["body"]), bytes.fromhex(record["mac"])
        sealed = _read(record["body"])
        wrong = [name for name, value in record["columns"].items() if name not in sealed or value != sealed[name]]
        wrong += [name for name in sealed if name != "v" and name not in record["columns"]]
        data = sealed.get("data")
        if isinstance(data, dict) and isinstance(data.get("batch"), dict):
            self.batches[number] = data["batch"]
        mark = hashlib.sha256(str(sealed.get("uid")).encode()).digest()[:12]
        if mark in self.seen:
            self.find("replayed", id=self.seen[mark], other=number)
        self.seen.setdefault(mark, number)
        if seal(record["prev"], seq, number, record["txid"], record["body"], record["mac"]) != digest:
            self.suspects.append(record)
        elif self.keys and not hmac.compare_digest(hmac.digest(self.keys[b"line"], record["body"], "sha256"), record["mac"]):
            self.find("foreign", id=number, seq=seq)
        elif wrong:
            self.find("column", id=number, seq=seq, columns=", ".join(wrong))

    def _on_unsealed(self, record: dict[str, Any]) -> None:
        self.find("inserted", id=record["id"])

    def _on_leaves(self, record: dict[str, Any]) -> None:
        line = int(record["id"])
        if self.open_batch is None or self.open_batch[0] != line:
            self._close_batch()
            self.open_batch = (line, [], True)
        _line, nodes, in_order = self.open_batch
        for position, ref, digest in record["rows"]:
            in_order = in_order and position == len(nodes)
            nodes.append(hashlib.sha256(b"\x00" + bytes.fromhex(digest) + ref.encode()).digest())
            self.rows += 1
        self.open_batch = (line, nodes, in_order)

    def _close_batch(self) -> None:
        if self.open_batch is not None:
            self._batch(*self.open_batch)
            self.batches.pop(self.open_batch[0], None)
            self.open_batch = None

    def _batch(self, line: int, nodes: list[bytes], in_order: bool) -> None:
        sealed = self.batches.get(line)
        if sealed is None:
            self.find("orphans", id=line, found=len(nodes))
        elif not in_order or len(nodes) != sealed.get("leaves") or root(nodes).hex() != sealed.get("root"):
            self.find("batch", id=line, expected=sealed.get("leaves"), found=len(nodes))

    def _on_end(self, record: dict[str, Any]) -> None:
        self.ended = True
        if record["sha256"] != record["found"]:
            self.find("file_changed")

    def _explain(self) -> None:
        done: set[int] = set()
        for one in self.suspects:
            if one["id"] in done:
                continue
            others = self.suspects if len(self.suspects) <= MOST_EXPLAINED else []
            other = next((two for two in others if two is not one and _fits(one, two)), None)
            if other is None:
                self.find("edited", id=one["id"], seq=one["seq"])
            else:
                self.find("swapped", id=one["id"], other=other["id"])
                done |= {one["id"], other["id"]}

    def _whole(self) -> None:
        if self.head is None or max(self.head["seq"], self.head["count"]) != self.last[0] or self.head["seq"] != self.head["count"]:
            self.find("head", head=max(self.head["seq"], self.head["count"]) if self.head else 0, last=self.last[0])
        elif bytes.fromhex(self.head["hash"]) != self.last[1]:
            self.find("head_hash")
        if self.attestation is None:
            self.find("attestation_missing")
        else:
            self._attested(self.attestation)
        self._anchored()
        if not self.keys:
            self.notes.append(("no_key", {}))

    def _attested(self, one: dict[str, Any]) -> None:
        if not self._genuine(self.log_id, one):
            self.find("attestation_forged")
        elif one["seq"] > self.last[0]:
            self.find("newest", lines=one["seq"] - self.last[0], attested=one["seq"], last=self.last[0])
        elif self.hashes.get(one["seq"]) != bytes.fromhex(one["hash"]):
            self.find("rewritten", seq=one["seq"])

    def _anchored(self) -> None:
        ours = [anchor for anchor in self.anchors if anchor["log_id"] == self.log_id]
        if not self.anchors:
            self.notes.append(("no_anchors", {}))
            return
        if self.anchors[-1]["log_id"] != self.log_id:
            self.find("replaced", at=self.anchors[-1]["at"])
        if len(ours) != len(self.anchors):
            self.notes.append(("other_log", {"anchors": len(self.anchors) - len(ours)}))
        for anchor in ours:
            if not self._genuine(self.log_id, anchor):
                self.find("anchor_forged", at=anchor["at"])
            elif int(anchor["seq"]) >= self.purged and self.hashes.get(anchor["seq"]) != bytes.fromhex(anchor["hash"]):
                self.find("anchor", at=anchor["at"], seq=anchor["seq"])
            elif int(anchor["seq"]) < self.purged and str(anchor["at"]) > FLOOR:
                self.find("purged_early", at=anchor["at"])
        if ours and (behind := self.last[0] - max(int(anchor["seq"]) for anchor in ours)) > 0:
            self.notes.append(("behind", {"lines": behind}))

    def _genuine(self, log_id: str, one: dict[str, Any], by: bytes = b"head") -> bool:
        if not self.keys:
            return True
        text = "|".join((log_id, str(one["seq"]), str(one["hash"]), str(one["count"]), str(one["at"])))
        return hmac.compare_digest(hmac.digest(self.keys[by], text.encode(), "sha256"), bytes.fromhex(one["mac"]))


def seal(prev: str, seq: int, number: int, txid: int, body: bytes, mac: bytes) -> bytes:
    """The hash that chains a line."""
    numbers = b"".join(int(value).to_bytes(8, "big") for value in (seq, number, txid))
    return hashlib.sha256(bytes.fromhex(prev) + numbers + hashlib.sha256(body + mac).digest()).digest()


def root(nodes: list[bytes]) -> bytes:
    """The root of a Merkle tree; a last one without a partner moves up as it is."""
    if not nodes:
        return hashlib.sha256(b"crm.log empty batch").digest()
    while len(nodes) > 1:
        pairs = [hashlib.sha256(b"\x01" + nodes[at] + nodes[at + 1]).digest() for at in range(0, len(nodes) - 1, 2)]
        nodes = pairs + nodes[len(pairs) * 2 :]
    return nodes[0]


def _fits(place: dict[str, Any], other: dict[str, Any]) -> bool:
    return any(
        seal(place["prev"], place["seq"], place["id"], txid, other["body"], other["mac"]) == bytes.fromhex(place["hash"])
        for txid in {place["txid"], other["txid"]}
    )


def _read(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}


def read_records(path: Path) -> Iterator[dict[str, Any]]:
    """The records of an exported log; the end carries the check sum that was found beside the one that was written."""
    digest = hashlib.sha256()
    with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
        for line in file:
            record = json.loads(line)
            if not isinstance(record, dict):
                raise CannotLook("a record that is none")
            if record.get("record") == "end":
                record["found"] = digest.hexdigest()
            digest.update(line)
            yield record


def read_anchors(paths: Iterable[Path]) -> list[dict[str, Any]]:
    """The anchors in text files, oldest first: those of the keeper, and lines of mails."""
    lines = [line.strip() for path in paths for line in _text_of(path.read_bytes()).splitlines()]
    found = [dict(json.loads(line)) for line in lines if line.startswith("{") and '"log_id"' in line]
    return sorted(found, key=lambda anchor: str(anchor["at"]))


def _text_of(content: bytes) -> str:
    """A file's text; of a mail as it was saved, the text of its parts."""
    if b"content-transfer-encoding:" not in content[:20_000].lower():
        return content.decode(errors="replace")
    parts = [part.get_payload(decode=True) for part in email.message_from_bytes(content).walk() if not part.is_multipart()]
    return "\n".join(part.decode(errors="replace") for part in parts if isinstance(part, bytes))


def read_key(path: Path) -> bytes:
    """The key of the log: from the product's key file, or from a file that holds nothing else."""
    text = path.read_text().strip()
    try:
        key = base64.b64decode(json.loads(text)["log_mac_key"] if text.startswith("{") else text, validate=True)
    except (KeyError, binascii.Error, ValueError):
        key = b""
    if len(key) < 32:
        raise CannotLook(f"{path} holds no key of the log")
    return key


def main(arguments: list[str] | None = None) -> int:
    """Check, say it, and return the exit code."""
    parser = argparse.ArgumentParser(description="Checks an exported audit log of the CRM. / 检查导出的 CRM 审计日志。")
    parser.add_argument("file", type=Path, help="from manage.py export_audit_log")
    parser.add_argument("--key", type=Path, help="file with log_mac_key")
    parser.add_argument("--anchors", type=Path, action="append", default=[], help="file with anchors; may be given several times")
    parser.add_argument("--language", choices=("en", "zh"), default="zh" if os.environ.get("LANG", "").startswith("zh") else "en")
    options = parser.parse_args(arguments)
    tongue = 1 if options.language == "zh" else 0
    try:
        check = Check(read_key(options.key) if options.key else None, read_anchors(options.anchors))
        check.run(read_records(options.file))
    except (OSError, EOFError, KeyError, TypeError, ValueError, IndexError, OverflowError) as error:
        print(BLIND[tongue].format(error=f"{error}" or type(error).__name__), file=sys.stderr)
        return 2
    for kind, values in check.findings[:MOST_SHOWN]:
        print(SENTENCES[kind][tongue].format(**values))
    for kind, values in check.notes:
        print(NOTES[kind][tongue].format(**values))
    print(LOOKED[tongue].format(lines=check.lines, rows=check.rows, anchors=len(check.anchors)))
    print((BROKEN if check.findings else HOLDS)[tongue].format(findings=len(check.findings)))
    return 1 if check.findings else 0


if __name__ == "__main__":
    sys.exit(main())
