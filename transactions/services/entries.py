"""What goes into `record` and what comes out: one row of a file, of a request or of a form."""

import hashlib
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum

from crm.access.errors import DomainError
from crm.fields.blind import normalise
from crm.fields.keyring import index_digest
from transactions.choices import Channel, Direction, Instrument, Kind, Status

FINGERPRINT = "transactions.transaction.fingerprint"
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_JSON = json.JSONEncoder(ensure_ascii=False)


@dataclass(frozen=True, kw_only=True, slots=True)
class NewTransaction:
    """One movement as its source tells it. Every field but ``status`` is immutable and part of the fingerprint.

    ``account`` is the account's number or its public reference. ``occurred_at`` without an offset is read in the source's zone.
    ``status`` empty: completed where the source sends completed rows, else received.
    """

    source: str
    external_id: str
    account: str
    direction: Direction
    amount: Decimal
    currency: str
    occurred_at: datetime
    kind: Kind
    instrument: Instrument
    channel: Channel
    cross_border: bool = False
    customer_initiated: bool = True
    operator: str = ""
    counterparty_name: str = ""
    counterparty_account: str = ""
    counterparty_bank: str = ""
    counterparty_country: str = "CN"
    remark: str = ""
    transfer_id: str = ""
    status: Status | None = None


IMMUTABLE = (
    "account",
    "direction",
    "amount",
    "currency",
    "occurred_at",
    "kind",
    "instrument",
    "channel",
    "cross_border",
    "customer_initiated",
    "operator",
    "counterparty_name",
    "counterparty_account",
    "counterparty_bank",
    "counterparty_country",
    "remark",
    "transfer_id",
)
"""What "the same again" means; ``account`` is compared as the account it names, ``counterparty_account`` by blind index."""


class Outcome(StrEnum):
    """What became of one row: stored, refused and kept, known already, or not stored at all."""

    NEW = "new"
    REFUSED = "refused"
    SAME = "same"
    CONFLICT = "conflict"
    INVALID = "invalid"


@dataclass(frozen=True, kw_only=True, slots=True)
class Recorded:
    """The answer for one row, in the order of the rows. ``problem`` says in words why nothing was stored.

    ``pk``, ``reference`` and ``status`` are the stored row's (of a conflict too, ``pk`` alone then); 0 and empty when invalid.
    """

    outcome: Outcome
    source: str
    external_id: str
    pk: int = 0
    reference: str = ""
    status: str = ""
    problem: DomainError | None = None

    @property
    def is_stored(self) -> bool:
        """Return whether the ledger holds this very row now."""
        return self.problem is None


def event_order(occurred_at: datetime, source: str, external_id: str) -> int:
    """Return the number that orders events: microseconds since 2000-01-01 UTC × 4096 + 11 bits of SHA-256(source, NUL, external id)."""
    since = occurred_at - EPOCH
    micros = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
    digest = hashlib.sha256(f"{source}\0{external_id}".encode()).digest()
    return micros * 4096 + (int.from_bytes(digest[:2]) >> 5)


def order_floor(moment: datetime) -> int:
    """Return the smallest event order at that moment: an event is at or after it if and only if its order is not smaller."""
    since = moment - EPOCH
    return ((since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds) * 4096


def canonical_amount(amount: Decimal) -> str:
    """Return the one spelling of an amount: 1.50 and 1.5 are the same money."""
    text = format(amount, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


def fingerprint(row: NewTransaction, account_id: int, occurred_at: datetime) -> bytes:
    """Return the keyed digest over the immutable fields (keyed, because a few known fields could be guessed)."""
    fields = [
        row.source,
        row.external_id,
        account_id,
        row.direction,
        canonical_amount(row.amount),
        row.currency,
        occurred_at.astimezone(UTC).isoformat(),
        row.kind,
        row.instrument,
        row.channel,
        row.cross_border,
        row.customer_initiated,
        row.operator,
        row.counterparty_name,
        normalise("account", row.counterparty_account) if row.counterparty_account else "",
        row.counterparty_bank,
        row.counterparty_country,
        row.remark,
        row.transfer_id,
    ]
    return index_digest(FINGERPRINT, _JSON.encode(fields))
