"""Single lines and single rows, proven: what the auditor's pages show beside them."""

import hashlib
import hmac
import json
from dataclasses import dataclass
from datetime import UTC

from crm.log import canonical, keys, merkle
from crm.log.models import Event, Leaf, Seal
from crm.log.verifier import COLUMNS


@dataclass(frozen=True)
class LineCheck:
    """Whether one line still is what was chained. Whether lines around it are missing is the verifier's question."""

    seq: int | None
    digest: str
    sealed: bool
    authentic: bool
    columns: bool
    linked: bool

    @property
    def holds(self) -> bool:
        """All of it."""
        return self.sealed and self.authentic and self.columns and self.linked


def check_line(event: Event) -> LineCheck:
    """The line's place in the chain, and whether text, authentication code and both neighbours' links hold."""
    seal = Seal.objects.filter(event_id=event.pk).first()
    if seal is None:
        return LineCheck(seq=None, digest="", sealed=False, authentic=_authentic(event), columns=_columns_agree(event), linked=False)
    around = dict(Seal.objects.filter(seq__in=[seal.seq - 1, seal.seq + 1]).values_list("seq", "hash"))
    after = Seal.objects.filter(seq=seal.seq + 1).values_list("prev", flat=True).first()
    before_fits = seal.seq == 1 or bytes(around.get(seal.seq - 1, b"")) == bytes(seal.prev)
    after_fits = after is None or bytes(after) == bytes(seal.hash)
    return LineCheck(
        seq=seal.seq,
        digest=bytes(seal.hash).hex(),
        sealed=_seal_of(event, seal) == bytes(seal.hash),
        authentic=_authentic(event),
        columns=_columns_agree(event),
        linked=before_fits and after_fits,
    )


def _authentic(event: Event) -> bool:
    return hmac.compare_digest(keys.line_mac(bytes(event.body)), bytes(event.mac))


def _columns_agree(event: Event) -> bool:
    try:
        sealed = json.loads(bytes(event.body))
    except ValueError:
        return False
    columns = {name: getattr(event, name) for name in COLUMNS} | {"at": event.at.astimezone(UTC)}
    return isinstance(sealed, dict) and all(canonical.clean(value) == sealed.get(name) for name, value in columns.items())


def _seal_of(event: Event, seal: Seal) -> bytes:
    content = hashlib.sha256(bytes(event.body) + bytes(event.mac)).digest()
    numbers = b"".join(int(number).to_bytes(8, "big") for number in (seal.seq, event.pk, event.txid))
    return hashlib.sha256(bytes(seal.prev) + numbers + content).digest()


@dataclass(frozen=True)
class RowProof:
    """Whether a row is what a batch line sealed."""

    event: Event
    position: int
    row_matches: bool
    batch_matches: bool
    line: LineCheck

    @property
    def holds(self) -> bool:
        """The row is the one that was sealed, in a batch and a line that hold."""
        return self.row_matches and self.batch_matches and self.line.holds


def prove_row(reference: str, content: bytes) -> list[RowProof]:
    """For each batch line that sealed a row of this reference, newest first: does `content` (its immutable bytes) match?"""
    return [_prove(leaf, reference, content) for leaf in Leaf.objects.filter(ref=reference).order_by("-event_id", "position")]


def batch_lines_of(reference: str) -> list[Event]:
    """The batch lines that sealed a row of this reference, newest first."""
    lines = Leaf.objects.filter(ref=reference).values("event_id")
    return list(Event.objects.filter(pk__in=lines).order_by("-pk"))


def _prove(leaf: Leaf, reference: str, content: bytes) -> RowProof:
    event = Event.objects.get(pk=leaf.event_id)
    rows = Leaf.objects.filter(event_id=leaf.event_id).order_by("position").values_list("ref", "hash")
    leaves = [(ref, bytes(digest)) for ref, digest in rows]
    sealed = event.data.get("batch", {})
    return RowProof(
        event=event,
        position=leaf.position,
        row_matches=hmac.compare_digest(keys.leaf_hash(reference, content), bytes(leaf.hash)),
        batch_matches=merkle.root_of(leaves).hex() == sealed.get("root") and len(leaves) == sealed.get("leaves"),
        line=check_line(event),
    )
