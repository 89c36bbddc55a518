"""What the engine reads besides the past: the events to judge, and what may have become known later.

Three readings of one ledger. *Present*: judging, now. *Corrected*: everything as it stands today, but an event's own money has moved only
if it had when the event was last judged: a hold of then stays a hold. *Known*: each event with the eyes of its own first judgement.
"""

from dataclasses import dataclass

from risk.engine.ledger import COLUMNS, LEDGER
from transactions.choices import Status

DONE = f"('{Status.COMPLETED}', '{Status.REVERSED}')"
# Money that has moved cannot be held: the hold becomes a review, and a freeze is proposed. Moved is what a source sends as done, and
# whatever its row says is done, by whichever door it came and however often it is judged.
MOVED = f"so.already_completed OR t.status IN {DONE}"


@dataclass(frozen=True)
class Reading:
    """Relations under the names that the compiler gives them; ``seen`` is what an event was judged by, as columns of ``c``."""

    name: str
    events: str = LEDGER
    """Rows ``t``: the events to judge."""
    past: str = LEDGER
    """Rows ``h`` of sub-selects per event; may speak of the event ``c``."""
    carried: str = ""
    """Further columns of the events."""
    moved: str = MOVED
    moment: str = "least(t.occurred_at, t.received_at)"
    """When an event looks at its customer and its account: attributes are those of that moment, however often it is judged."""
    reports: str = "products_balancereport"
    known: bool = False
    """Whether references are read as they were known, too."""

    def dated_of(self, row: str) -> str:
        """Return the relation of the dated references for an event under this alias."""
        return f"(SELECT d.* FROM risk_datedvalue d WHERE d.txid IS NULL OR {seen('d.txid', row)})" if self.known else "risk_datedvalue"


def seen(txid: str, c: str = "c") -> str:
    """Return whether what a database transaction wrote was known to ``c``; what ``c``'s own judgement found in its transaction was."""
    return (
        f"({txid} < {c}.seen_min OR {txid} = {c}.own OR ({txid} < {c}.seen_max AND pg_visible_in_snapshot({txid}::text::xid8, {c}.seen)))"
    )


def known_status(row: str) -> str:
    """Return the status a row had for ``c``: its latest step that was known. What a judgement did itself came after it looked."""
    steps = f"FROM transactions_statusevent e WHERE e.transaction_id = {row}.id"
    return (
        f"coalesce((SELECT e.status {steps} AND e.txid IS DISTINCT FROM c.own AND {seen('e.txid')} ORDER BY e.id DESC LIMIT 1),"
        f" (SELECT e.status {steps} ORDER BY e.id LIMIT 1), {row}.status)"
    )


def _judged_by(which: str) -> str:
    """What ``t`` was judged by, as ``c``; a transaction that was never judged knows what was there when it arrived."""
    return (
        f"LEFT JOIN LATERAL (SELECT a.snapshot::pg_snapshot AS seen, a.txid AS own FROM risk_assessment a"
        f" WHERE a.transaction_id = t.id {which} LIMIT 1) a ON true"
        " CROSS JOIN LATERAL (SELECT coalesce(a.seen, (t.txid || ':' || t.txid || ':')::pg_snapshot) AS seen,"
        " CASE WHEN a.seen IS NULL THEN t.txid ELSE a.own END AS own) b"
        " CROSS JOIN LATERAL (SELECT b.seen, b.own, pg_snapshot_xmin(b.seen)::text::bigint AS seen_min,"
        " pg_snapshot_xmax(b.seen)::text::bigint AS seen_max) c"
    )


_FIRST, _LAST = "AND a.revision = 1", "ORDER BY a.revision DESC"
_KEPT = ", ".join(f"t.{name}" for name in COLUMNS if name not in ("amount_cny", "amount_usd", "status", "reversed_at"))


def _as_known(found: str) -> str:
    """The columns of the ledger for a row ``t`` as ``c`` knew it."""
    return (
        f"SELECT {_KEPT}, t.received_at,"
        f" CASE WHEN t.cny_txid IS NULL OR {seen('t.cny_txid')} THEN t.amount_cny END AS amount_cny,"
        f" CASE WHEN t.usd_txid IS NULL OR {seen('t.usd_txid')} THEN t.amount_usd END AS amount_usd,"
        f" k.status, CASE WHEN k.status = '{Status.REVERSED}' THEN t.reversed_at END AS reversed_at{found}"
    )


_STATUS = f"CROSS JOIN LATERAL (SELECT {known_status('t')} AS status) k"
_KNOWN_EVENTS = f"({_as_known(', c.seen, c.own, c.seen_min, c.seen_max')} FROM {LEDGER} t {_judged_by(_FIRST)} {_STATUS})"
_KNOWN_PAST = f"({_as_known('')} FROM {LEDGER} t {_STATUS} WHERE {seen('t.txid')} OR t.id = c.id)"
_MOVED_THEN = (
    f"so.already_completed OR CASE WHEN t.status IN {DONE} THEN"
    f" (SELECT {known_status('t')} IN {DONE} FROM (SELECT) one {_judged_by(_LAST)}) ELSE false END"
)

PRESENT = Reading("present")
CORRECTED = Reading("corrected", moved=_MOVED_THEN)
KNOWN = Reading(
    "known",
    events=_KNOWN_EVENTS,
    past=_KNOWN_PAST,
    carried=", t.seen, t.own, t.seen_min, t.seen_max",
    reports=f"(SELECT r.* FROM products_balancereport r WHERE r.txid IS NULL OR {seen('r.txid')})",
    known=True,
)
SETTLED = Reading("settled", events=KNOWN.events, carried=KNOWN.carried, reports=KNOWN.reports, known=True)
"""Known, for events whose whole past is still what it was: it is read as it stands."""

SEEN = Reading(
    "seen",
    events=f"(SELECT t.*, c.seen, c.own, c.seen_min, c.seen_max FROM {LEDGER} t {_judged_by(_LAST)})",
    past=f"(SELECT t.* FROM {LEDGER} t WHERE {seen('t.txid')} OR t.id = c.id)",
    carried=KNOWN.carried,
)
"""The past as it stands, but for what arrived after the latest judgement looked: what that judgement counted, asked a moment later."""


def reading_of(ledger: str) -> Reading:
    """Return the present reading of another relation in the ledger's place."""
    return PRESENT if ledger == LEDGER else Reading(ledger, events=ledger, past=ledger, moment="t.occurred_at")
