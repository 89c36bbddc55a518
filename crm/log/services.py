"""The log's writer: one line per act, in the transaction of the act, chained when it commits.

`record` fails closed: if the line cannot be written, the transaction is lost with it. It must be the last write of a service but
need not be; what matters is the one transaction.
"""

import json
import logging
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Protocol
from uuid import UUID, uuid4

from django.db import DatabaseError, connection, models, transaction
from django.utils import timezone

from crm.database.prepared import execute
from crm.log import attestation, canonical, keys, merkle
from crm.log.actions import kind_of
from crm.log.models import Event

logger = logging.getLogger(__name__)


class ActorLike(Protocol):
    """What the log needs to know about who acts; `crm.access.actor.Actor` is one."""

    @property
    def number(self) -> str:
        """Employee number, partner code or service name."""

    @property
    def name(self) -> str:
        """What people call the actor."""

    @property
    def kind(self) -> str:
        """staff, service, customer, partner or anonymous."""

    @property
    def role(self) -> str:
        """Role codes, joined by commas."""

    @property
    def origin(self) -> str:
        """The door: web, api, task, command, file or admin."""

    @property
    def user_id(self) -> int | None:
        """The user's row, if there is one."""

    @property
    def session(self) -> str:
        """The session; only a mark of it is written."""

    @property
    def address(self) -> str:
        """Where the request came from."""

    @property
    def request_id(self) -> str:
        """The request, task or command."""


@dataclass(frozen=True, slots=True)
class RowTold:
    """A row that a line is about, where its writer has no object of it: what its model is called, and its reference."""

    label: str
    reference: str


class OutsideTransaction(RuntimeError):
    """A line was to be written outside a transaction: it could then stand without its act, or the act without it."""

    def __init__(self) -> None:
        super().__init__("log.record must be called inside transaction.atomic(), together with the act it records.")


class LogUnavailable(RuntimeError):
    """A refusal could not be written down; the answer must be 503."""


_TEXT = [
    "actor_number",
    "actor_name",
    "actor_kind",
    "role",
    "origin",
    "session",
    "address",
    "request_id",
    "view",
    "action",
    "result",
    "target_type",
    "target_ref",
]
_COLUMNS = ["uid", "at", "actor_id", *_TEXT, "customer", "reason", "approver", "data", "body", "mac"]
_INSERT = "INSERT INTO log_event ({}) VALUES ({}) RETURNING id, txid".format(
    ", ".join(_COLUMNS), ", ".join(f"%({name})s::jsonb" if name == "data" else f"%({name})s" for name in _COLUMNS)
)


def record(
    *,
    actor: ActorLike,
    action: str,
    target: models.Model | RowTold | None = None,
    customer: str = "",
    data: Mapping[str, Any] | None = None,
    result: str = "done",
    reason: str = "",
    approver: str = "",
) -> Event:
    """The line that says what was done; it stands if and only if the surrounding transaction commits.

    `action` must be declared. `data` is JSON-able and holds no clear C2 value. `customer` is the public reference of the customer
    the act is about; without one, `target.log_customer` is asked.
    """
    if not connection.in_atomic_block:
        raise OutsideTransaction
    fields = _fields(actor, action, target, customer, data, result, reason, approver)
    return _insert(fields)


def record_batch(
    *,
    actor: ActorLike,
    action: str,
    leaves: Iterable[tuple[str, bytes]],
    target: models.Model | RowTold | None = None,
    customer: str = "",
    data: Mapping[str, Any] | None = None,
    result: str = "done",
    reason: str = "",
    approver: str = "",
) -> Event:
    """One line over many rows: it seals the Merkle root of `leaves` (reference, immutable bytes of the row), and each leaf's keyed
    hash is stored, so that `crm.log.proofs` finds the line of a row and proves the row against it."""
    if not connection.in_atomic_block:
        raise OutsideTransaction
    hashed = [(reference, keys.leaf_hash(reference, bytes(content))) for reference, content in leaves]
    batch = {"root": merkle.root_of(hashed).hex(), "leaves": len(hashed)}
    event = _insert(_fields(actor, action, target, customer, {**(data or {}), "batch": batch}, result, reason, approver))
    with connection.cursor() as cursor, cursor.copy("COPY log_leaf (event_id, position, ref, hash) FROM STDIN") as copy:
        for position, (reference, digest) in enumerate(hashed):
            copy.write_row((event.pk, position, reference, digest))
    return event


def record_refusal(
    *,
    actor: ActorLike,
    action: str = "access.refused",
    target: models.Model | RowTold | None = None,
    customer: str = "",
    data: Mapping[str, Any] | None = None,
    reason: str = "",
    result: str = "refused",
) -> Event:
    """The line of an act that was refused (or failed), in a transaction of its own after the act's was rolled back.

    For the outermost handler only. `LogUnavailable` means that nothing could be written: answer 503.
    """
    try:
        with transaction.atomic(durable=True):
            return record(actor=actor, action=action, target=target, customer=customer, data=data, reason=reason, result=result)
    except DatabaseError as error:
        logger.exception("A refusal could not be written in the audit log")
        raise LogUnavailable(str(error)) from error


def _reference_of(target: models.Model | RowTold) -> str:
    if isinstance(target, RowTold):
        return target.reference
    for name in ("reference", "number", "code"):
        value = getattr(target, name, None)
        if value:
            return str(value)
    return str(target.pk)


def _label_of(target: models.Model | RowTold | None) -> str:
    if target is None:
        return ""
    return target.label if isinstance(target, RowTold) else target._meta.label_lower


def _fields(
    actor: ActorLike,
    action: str,
    target: models.Model | RowTold | None,
    customer: str,
    data: Mapping[str, Any] | None,
    result: str,
    reason: str,
    approver: str,
) -> dict[str, Any]:
    kind = kind_of(action)
    about = customer or str(getattr(target, "log_customer", "") or "")
    fields = {
        "uid": uuid4(),
        "at": timezone.now().astimezone(UTC),
        "actor_id": actor.user_id,
        "actor_number": actor.number,
        "actor_name": actor.name,
        "actor_kind": actor.kind,
        "role": actor.role,
        "origin": actor.origin,
        "session": keys.session_mark(actor.session),
        "address": actor.address,
        "request_id": actor.request_id,
        "view": kind.view,
        "action": action,
        "result": result,
        "target_type": _label_of(target),
        "target_ref": _reference_of(target) if target is not None else "",
        "customer": about,
        "reason": reason,
        "approver": approver,
        "data": data or {},
    }
    return {name: canonical.clean(value) for name, value in fields.items()}


@dataclass
class Written:
    """Which customers the lines of a request are about so far, and which acts they tell."""

    customers: set[str] = field(default_factory=set)
    actions: set[str] = field(default_factory=set)


_written: ContextVar[Written | None] = ContextVar("written", default=None)


@contextmanager
def counting() -> Iterator[Written]:
    """Keep account of the lines until the end of the block: the outermost handler asks whether a look was written down already."""
    written = Written()
    token = _written.set(written)
    try:
        yield written
    finally:
        _written.reset(token)


def _insert(fields: dict[str, Any]) -> Event:
    written = _written.get()
    if written is not None:
        written.customers.add(fields["customer"])
        written.actions.add(fields["action"])
    body = canonical.body_of(fields)
    row = {**fields, "body": body, "mac": keys.line_mac(body)}
    ((row["id"], txid),) = execute(_INSERT, {**row, "data": json.dumps(row["data"], ensure_ascii=False)})
    row["txid"] = int(txid)
    _attest_after_commit(row["txid"])
    return Event(**{**row, "uid": UUID(row["uid"]), "at": datetime.fromisoformat(row["at"])})


_attested = threading.local()


def _attest_after_commit(txid: int) -> None:
    # Each line asks, the first answers for all: a savepoint that is rolled back takes its question with it, but no other's.
    # A function with a name: Django names what failed, and a partial without one would take the other calls of this commit along.
    transaction.on_commit(lambda: _attest(txid), robust=True)


def _attest(txid: int) -> None:
    if getattr(_attested, "txid", None) != txid:
        attestation.attest_head()
        _attested.txid = txid
