"""The way into the ledger: every door's rows are stored here, one or thousands, each once."""

import uuid
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from operator import attrgetter
from typing import Any

from django.db import transaction
from django.utils import timezone

from crm.access.actor import Actor
from crm.access.references import new_references
from crm.access.services import require
from crm.database.prepared import execute
from crm.fields.blind import blind_index, normalise
from crm.fields.services import Sealer, new_seal_ids
from crm.log import services as log
from customers import services as customers
from transactions.choices import Direction, OwedCause, Screening, Status
from transactions.models import Transaction
from transactions.services.alarms import completed_although_frozen
from transactions.services.comparing import differing_fields
from transactions.services.entries import NewTransaction, Outcome, Recorded, event_order
from transactions.services.freezing import MAY, Decision, decide
from transactions.services.locks import hold, hold_beside_judging
from transactions.services.resolving import ADD, Dated, Resolved, dated, resolve
from transactions.services.storing import COLUMNS, TOLD, Hand, array_of, insert
from transactions.signals import BATCH, transactions_changed, transactions_recorded
from transactions.validators import BadValue, StoredDifferently

COUNTERPARTY = "transactions.transaction.counterparty_account"
REFERENCE, STATUS = list(COLUMNS).index("reference"), list(COLUMNS).index("status")
LABEL = Transaction._meta.label_lower
Key = tuple[int, str]


@dataclass(frozen=True, slots=True)
class _Known:
    """What the ledger holds under a key."""

    pk: int
    reference: str
    status: str
    fingerprint: bytes
    refusal: str


@dataclass(slots=True)
class _Batch:
    """One call of `record` on its way through the beats."""

    actor: Actor
    now: datetime
    exempt: bool
    announcing: bool
    hand: Hand
    hold: Callable[[Collection[int], Collection[int]], dict[int, tuple[str, date | None]]]
    batch_id: str = field(default_factory=lambda: uuid.uuid4().hex)
    known: dict[Key, _Known] = field(default_factory=dict)
    fresh: set[Key] = field(default_factory=set)
    orders: dict[Key, int] = field(default_factory=dict)
    stored: list[tuple[Resolved, Dated, Decision, int]] = field(default_factory=list)


@transaction.atomic(savepoint=False)
def record(
    *,
    actor: Actor,
    rows: Sequence[NewTransaction],
    exempt: bool = False,
    now: datetime | None = None,
    entered_by: Any = None,
    beside_judging: bool = False,
    announcing: bool = True,
) -> list[Recorded]:
    """Store each row once and say what became of it, in the order given. The same code for one row and for thousands.

    A row that cannot be stored is answered with its problem and does not hinder the others; a row on which a freeze stands is stored
    as refused, because the attempt is evidence. The same row again is answered with what is stored, a different one under the same
    (source, external id) is a conflict that names the fields. Nothing is raised but refusals of access.

    ``entered_by`` is the person who put the rows together where that is not the actor (who uploaded a file): whoever entered a
    transaction never decides on it.

    ``beside_judging`` lets others judge these customers meanwhile, for files: see `hold_beside_judging`. Not where the same transaction
    judges; that one says ``announcing=False`` and calls `announce` for what it could not judge.

    ``exempt`` loads history that owes no judgement (permission ``transactions.load_history``). After commit
    ``transactions_recorded`` is sent with at most 5,000 ids at a time.
    """
    require(actor, ADD)
    if exempt:
        require(actor, "transactions.load_history")
    holding = hold_beside_judging if beside_judging and not exempt else hold
    batch = _Batch(actor, now or timezone.now(), exempt, announcing, _hand(actor, entered_by), holding)
    resolved = resolve(actor=actor, rows=rows, now=batch.now)
    first = {item.key: item for item in reversed(resolved) if isinstance(item, Resolved)}  # of twins the one that came first
    batch.known = _known(list(first))
    _store(batch, [item for key, item in first.items() if key not in batch.known])
    answers = [_answer(batch, row, item) for row, item in zip(rows, resolved, strict=True)]
    _write_down(batch, answers)
    _alarm(batch)
    _announce(batch)
    return answers


def _hand(actor: Actor, entered_by: Any) -> Hand:
    if entered_by is not None:
        return Hand(entered_by.pk, entered_by.number)
    return Hand(actor.user_id if actor.kind == "staff" else None, actor.number[:20])


def record_one(*, actor: Actor, row: NewTransaction, now: datetime | None = None, announcing: bool = True) -> Recorded:
    """Store one row, or raise its problem in words (a form's and a decision's way)."""
    (answer,) = record(actor=actor, rows=[row], now=now, announcing=announcing)
    if answer.problem is not None:
        raise answer.problem
    return answer


def _known(keys: Sequence[Key]) -> dict[Key, _Known]:
    if not keys:
        return {}
    sources, external_ids = zip(*keys, strict=True)
    if len(keys) == 1:
        found = execute(_STORED_ONE, {"source": sources[0], "external_id": external_ids[0]})
    else:
        values = {"sources": array_of("bigint", sources), "external_ids": array_of("text", external_ids)}
        found = execute(_STORED, values, prepare=False)
    return {
        (source, external_id): _Known(pk, reference, status, bytes(mark), refusal)
        for source, external_id, pk, reference, status, mark, refusal in found
    }


_STORED = f"""
SELECT t.source_id, t.external_id, t.id, t.reference, t.status, t.fingerprint, t.refusal FROM {Transaction._meta.db_table} t
  JOIN unnest(%(sources)s::bigint[], %(external_ids)s::text[]) AS k (source_id, external_id) USING (source_id, external_id)"""
_STORED_ONE = f"""
SELECT t.source_id, t.external_id, t.id, t.reference, t.status, t.fingerprint, t.refusal FROM {Transaction._meta.db_table} t
 WHERE t.source_id = %(source)s::bigint AND t.external_id = %(external_id)s::text"""


def _store(batch: _Batch, items: Sequence[Resolved]) -> None:
    """Hold the parties, ask the freezes, insert; rows that another transaction stored meanwhile become known instead."""
    if not items:
        return
    accounts = batch.hold({item.party.customer_id for item in items}, {item.party.account_id for item in items})
    items = sorted(items, key=lambda item: (item.occurred_at, item.key))
    dates = dated(items)
    decisions = decide(items, dates, accounts)
    sealer = Sealer(COUNTERPARTY, {item.party.data_key_id for item in items if item.row.counterparty_account})
    names = zip(new_references("T", 13, len(items)), new_seal_ids(len(items)), strict=True)
    values = [_values(batch, *parts, sealer) for parts in zip(items, dates, decisions, names, strict=True)]
    ids = insert(values, batch.now, batch.hand)
    for item, day, decision, value in zip(items, dates, decisions, values, strict=True):
        pk = ids.get(item.key)
        if pk is not None:
            batch.fresh.add(item.key)
            batch.known[item.key] = _Known(pk, value[REFERENCE], value[STATUS], item.fingerprint, decision.refusal)
            batch.stored.append((item, day, decision, pk))
    batch.known |= _known([item.key for item in items if item.key not in ids])
    customers.update_figures(_moved(batch))


_TOLD = attrgetter(*TOLD)


def _values(batch: _Batch, item: Resolved, day: Dated, decision: Decision, names: tuple[str, uuid.UUID], sealer: Sealer) -> tuple[Any, ...]:
    """The values of one row in the order of ``storing.COLUMNS``."""
    row, party, rated = item.row, item.party, day.rated
    reference, seal_id = names
    order = batch.orders[item.key] = event_order(item.occurred_at, row.source, row.external_id)
    equivalents = (rated.cny, rated.usd, rated.rate_date) if rated else (None, None, None)
    return (
        seal_id,
        party.data_key_id,
        reference,
        item.source.pk,
        row.external_id,
        item.fingerprint,
        order,
        party.customer_id,
        party.account_id,
        *_TOLD(row),
        *_sealed(row.counterparty_account, seal_id, party.data_key_id, sealer),
        item.occurred_at,
        day.bank_date,
        day.business_day,
        *equivalents,
        *_state(batch, item, decision),
    )


def _sealed(number: str, seal_id: uuid.UUID, key_id: int, sealer: Sealer) -> tuple[bytes | None, bytes | None, str]:
    """The counterparty's account sealed under the customer's key, its blind index and its last four."""
    if not number:
        return None, None, ""
    plain = normalise("account", number)
    return sealer.seal(key_id, seal_id, number), blind_index(COUNTERPARTY, plain), plain[-4:] if len(plain) >= 8 else ""


def _state(batch: _Batch, item: Resolved, decision: Decision) -> tuple[Any, ...]:
    """Status, since when, the refusal, and whether a judgement is owed: refused money never moved, so nothing is."""
    if decision is not MAY:
        return str(Status.REFUSED), batch.now, decision.refusal, decision.freeze_id, str(Screening.EXEMPT)
    completed = item.source.already_completed or item.row.status == Status.COMPLETED
    status = item.row.status or (Status.COMPLETED if completed else Status.RECEIVED)
    screening = Screening.EXEMPT if batch.exempt else Screening.OWED
    return str(status), item.occurred_at if completed else batch.now, "", None, str(screening)


def _moved(batch: _Batch) -> list[tuple[int, Any, datetime]]:
    """What the customers' figures gain: booked money counts, an unrated or pending row only moves the date."""
    moved = []
    for item, day, decision, _pk in batch.stored:
        if decision is not MAY:
            continue
        cny = day.rated.cny if day.rated else None
        booked = cny if cny is not None and batch.known[item.key].status == Status.COMPLETED else 0
        moved.append((item.party.customer_id, booked if item.row.direction == Direction.CREDIT else -booked, item.occurred_at))
    return moved


def _answer(batch: _Batch, row: NewTransaction, item: Resolved | BadValue) -> Recorded:
    if isinstance(item, BadValue):
        return Recorded(outcome=Outcome.INVALID, source=row.source, external_id=row.external_id, problem=item)
    known = batch.known[item.key]
    if known.fingerprint != item.fingerprint:
        problem = StoredDifferently(differing_fields(known.pk, item))
        return Recorded(outcome=Outcome.CONFLICT, source=row.source, external_id=row.external_id, pk=known.pk, problem=problem)
    outcome = Outcome.SAME
    if item.key in batch.fresh:
        batch.fresh.discard(item.key)  # its twin further down in the same batch is "the same again"
        outcome = Outcome.REFUSED if known.refusal else Outcome.NEW
    return Recorded(
        outcome=outcome, source=row.source, external_id=row.external_id, pk=known.pk, reference=known.reference, status=known.status
    )


def _write_down(batch: _Batch, answers: Sequence[Recorded]) -> None:
    """One line for a single row, one line over all rows for a batch; refused rows and conflicts have lines of their own."""
    accepted = [entry for entry in batch.stored if entry[2] is MAY]
    refused = [entry for entry in batch.stored if entry[2] is not MAY]
    _write_lines(batch, "transaction.recorded", "done", accepted)
    _write_lines(batch, "transaction.refused", "refused", refused)
    clashes = [answer for answer in answers if answer.outcome == Outcome.CONFLICT]
    if clashes:
        named = [{"source": c.source, "external_id": c.external_id, "fields": getattr(c.problem, "fields", [])} for c in clashes[:20]]
        log.record(actor=batch.actor, action="transaction.conflict", result="refused", data={"count": len(clashes), "first": named})


def _alarm(batch: _Batch) -> None:
    """A debit that was stopped here although its source has done it: told once for each freeze, by its first transaction."""
    first: dict[int, int] = {}
    for item, _day, decision, pk in batch.stored:
        if decision.freeze_id and not batch.exempt and (item.source.already_completed or item.row.status == Status.COMPLETED):
            first.setdefault(decision.freeze_id, pk)
    for row in Transaction.objects.filter(pk__in=first.values()).select_related("customer", "refused_by") if first else ():
        completed_although_frozen(actor=batch.actor, row=row, freeze=row.refused_by)


def _write_lines(batch: _Batch, action: str, result: str, entries: Sequence[tuple[Resolved, Dated, Decision, int]]) -> None:
    if len(entries) == 1:
        item, _day, decision, _pk = entries[0]
        stored = log.RowTold(LABEL, batch.known[item.key].reference)
        data = {
            "source": item.row.source,
            "external_id": item.row.external_id,
            "account": item.party.reference,
            "direction": str(item.row.direction),
            "amount": format(item.row.amount, "f"),
            "currency": item.row.currency,
            "refusal": decision.refusal,
        }
        log.record(actor=batch.actor, action=action, result=result, target=stored, customer=item.party.customer, data=data)
    elif entries:
        leaves = ((batch.known[item.key].reference, item.fingerprint) for item, *_rest in entries)
        counts = {"rows": len(entries), "sources": sorted({item.row.source for item, *_rest in entries})}
        log.record_batch(actor=batch.actor, action=action, result=result, leaves=leaves, data=counts)


def _announce(batch: _Batch) -> None:
    if batch.exempt:
        _announce_history(batch)
    elif batch.announcing:
        announce([pk for _item, _day, decision, pk in batch.stored if decision is MAY], batch_id=batch.batch_id)


def announce(ids: Sequence[int], *, batch_id: str = "") -> None:
    """Have it said after the commit that these transactions owe a judgement."""
    for start in range(0, len(ids), BATCH):
        share = list(ids[start : start + BATCH])
        send = partial(transactions_recorded.send_robust, sender=Transaction, batch_id=batch_id or uuid.uuid4().hex, ids=share)
        transaction.on_commit(lambda send=send: send(), robust=True)  # type: ignore[misc]  # Django asks for a name where one fails


def _announce_history(batch: _Batch) -> None:
    """History owes no judgement itself; what was judged without it does."""
    late = sorted(_late(batch, [(item, pk) for item, _day, decision, pk in batch.stored if decision is MAY]))
    for start in range(0, len(late), BATCH):
        transactions_changed.send(sender=Transaction, ids=late[start : start + BATCH], cause=OwedCause.LATE)


_LATE = f"""
SELECT g.id FROM unnest(%(ids)s::bigint[], %(customers)s::bigint[], %(orders)s::bigint[]) AS g (id, customer_id, event_order)
 WHERE EXISTS (SELECT FROM {Transaction._meta.db_table} t
                WHERE t.customer_id = g.customer_id AND t.event_order > g.event_order AND t.screening = 'judged')
"""


def _late(batch: _Batch, stored: Sequence[tuple[Resolved, int]]) -> set[int]:
    """The rows that occurred before an event of their customer that is judged already."""
    if not stored:
        return set()
    told = [(pk, item.party.customer_id, batch.orders[item.key]) for item, pk in stored]
    columns = zip(("ids", "customers", "orders"), zip(*told, strict=True), strict=True)
    return {pk for (pk,) in execute(_LATE, {name: array_of("bigint", column) for name, column in columns}, prepare=False)}
