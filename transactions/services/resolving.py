"""Which source, account and customer a row means, and whether its values can be stored at all."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q

from crm.access.actor import Actor
from crm.access.reach import Reach
from crm.calendar import services as calendar
from crm.database.prepared import execute
from crm.fields.blind import blind_index
from crm.money import services as money
from customers.models import Customer
from products.choices import AccountStatus
from products.models import Account
from transactions.choices import Status
from transactions.models import Source
from transactions.services.entries import NewTransaction, fingerprint
from transactions.services.storing import array_of
from transactions.validators import EARLIEST, EXTERNAL_ID, BadValue, check_amount

ADD = "transactions.add_transaction"
FUTURE_ALLOWED = timedelta(minutes=5)
ACCOUNT_REFERENCE = re.compile(r"A-[2-9A-HJ-NP-TV-Z]{8}\Z")
NUMBER = "products.account.number"
FIRST_STATUSES = (None, Status.RECEIVED, Status.COMPLETED)
"""What a source may say a new transaction is; everything else is a later step, or a decision of ours."""

LIMITS = {
    "operator": 20,
    "counterparty_name": 120,
    "counterparty_account": 64,
    "counterparty_bank": 80,
    "counterparty_country": 2,
    "remark": 200,
    "transfer_id": 64,
    "currency": 8,
}


@dataclass(frozen=True, slots=True)
class Party:
    """An account and its customer, as far as recording needs them."""

    account_id: int
    reference: str
    customer_id: int
    customer: str
    data_key_id: int
    status: str
    closed_at: date | None


@dataclass(frozen=True, slots=True)
class Resolved:
    """A row that can be stored, with all it points at."""

    row: NewTransaction
    source: Source
    party: Party
    occurred_at: datetime
    fingerprint: bytes
    key: tuple[int, str]
    """What makes the row one and the same: source and id."""


def resolve(*, actor: Actor, rows: Sequence[NewTransaction], now: datetime) -> list[Resolved | BadValue]:
    """Return for each row what it means, or why it cannot be stored. Two queries, whatever the number of rows."""
    reach = actor.reach(ADD)
    sources = _sources(actor, reach, {row.source for row in rows})
    parties = _parties(actor, reach, {row.account for row in rows})
    zones = {code: ZoneInfo(source.zone) for code, source in sources.items()}
    found: list[Resolved | BadValue] = []
    for row in rows:
        try:
            item = _resolve(row, sources, parties, zones, now)
            if reach == Reach.SOURCE:
                _check_declared(row, item.source)
            found.append(item)
        except BadValue as problem:
            found.append(problem)
    return found


def _resolve(
    row: NewTransaction, sources: dict[str, Source], parties: dict[str, Party], zones: dict[str, ZoneInfo], now: datetime
) -> Resolved:
    source = sources.get(row.source)
    if source is None:
        raise BadValue("unknown_source", "source")
    _check_values(row)
    moment = row.occurred_at
    occurred_at = (moment if moment.tzinfo else moment.replace(tzinfo=zones[row.source])).astimezone(UTC)
    if occurred_at > now + FUTURE_ALLOWED:
        raise BadValue("in_future", "occurred_at")
    if occurred_at.date() < EARLIEST:
        raise BadValue("too_early", "occurred_at")
    party = parties.get(row.account)
    if party is None:
        raise BadValue("unknown_account", "account")
    mark = fingerprint(row, party.account_id, occurred_at)
    return Resolved(row, source, party, occurred_at, mark, (source.pk, row.external_id))


def _check_declared(row: NewTransaction, source: Source) -> None:
    # A hold is for money that has not moved: a partner that asks before it moves cannot skip the question by calling it done.
    if row.status == Status.COMPLETED and not source.already_completed:
        raise BadValue("completed_not_declared", "status")


def _check_values(row: NewTransaction) -> None:
    if not EXTERNAL_ID.match(row.external_id):
        raise BadValue("external_id_unreadable", "external_id")
    check_amount(row.amount)
    if row.status not in FIRST_STATUSES:
        raise BadValue("unknown_code", "status", value=str(row.status), known=", ".join(filter(None, FIRST_STATUSES)))
    for name, limit in LIMITS.items():
        value = getattr(row, name)
        if len(value) > limit:
            raise BadValue("too_long", name, limit=limit)
        if "\x00" in value:
            raise BadValue("control_character", name)


def _sources(actor: Actor, reach: Reach, codes: set[str]) -> dict[str, Source]:
    if reach == Reach.SOURCE:
        codes = {code for code in codes if actor.user.may_speak_for(code)}
    rows = (Source.from_db("default", _SOURCE_COLUMNS, row) for row in execute(_SOURCES, {"codes": sorted(codes)}))
    return {source.code: source for source in rows}


_SOURCE_COLUMNS = [field.attname for field in Source._meta.concrete_fields]
_SOURCES = f"SELECT {', '.join(_SOURCE_COLUMNS)} FROM {Source._meta.db_table} WHERE code = ANY(%(codes)s::text[]) AND is_active"


_PARTY = f"""
SELECT a.id, a.reference, a.customer_id, c.reference, a.data_key_id, a.status, a.closed_at, a.number_index
  FROM {Account._meta.db_table} a JOIN {Customer._meta.db_table} c ON c.id = a.customer_id WHERE a."""
_ONE = {"reference": f"{_PARTY}reference = %(one)s::text", "number_index": f"{_PARTY}number_index = %(one)s::bytea"}
_MANY = {"reference": f"{_PARTY}reference = ANY(%(many)s::text[])", "number_index": f"{_PARTY}number_index = ANY(%(many)s::bytea[])"}
_FIELDS = ("pk", "reference", "customer_id", "customer__reference", "data_key_id", "status", "closed_at", "number_index")


def _parties(actor: Actor, reach: Reach, texts: Iterable[str]) -> dict[str, Party]:
    references = [text for text in texts if ACCOUNT_REFERENCE.match(text)]
    numbers = {text: blind_index(NUMBER, text) for text in set(texts) - set(references) if text}
    by_reference: dict[str, Party] = {}
    by_index: dict[bytes, Party] = {}
    for *values, index in _accounts(actor, reach, references, list(numbers.values())):
        party = Party(*values)
        by_reference[party.reference] = party
        by_index[bytes(index)] = party
    found = {text: by_reference[text] for text in references if text in by_reference}
    return found | {text: by_index[index] for text, index in numbers.items() if index in by_index}


def _accounts(actor: Actor, reach: Reach, references: list[str], indexes: list[bytes]) -> Iterable[tuple[Any, ...]]:
    # A partner's limit is its sources, not its customers; everybody else records only on what they reach.
    rows = Account.objects.filter(Q(reference__in=references) | Q(number_index__in=indexes))
    if reach == Reach.SOURCE and (branches := actor.user.branch_keys()) is not None:
        # An account elsewhere is unknown to this partner, in the same words.
        return rows.filter(customer__opening_branch__in=branches).values_list(*_FIELDS)
    if reach not in (Reach.ALL, Reach.SOURCE):
        return (rows & Account.objects.visible_to(actor, ADD)).values_list(*_FIELDS)
    return _by("reference", "text", references) + _by("number_index", "bytea", indexes)


def _by(name: str, kind: str, values: Sequence[Any]) -> list[tuple[Any, ...]]:
    if len(values) > 1:
        return execute(_MANY[name], {"many": array_of(kind, values)}, prepare=False)
    return execute(_ONE[name], {"one": values[0]}) if values else []


def is_closed(party: Party, bank_date: date) -> bool:
    """Return whether the account was closed already on that day of the bank; the last day still counts as open."""
    return party.status == AccountStatus.CLOSED and (party.closed_at is None or bank_date > party.closed_at)


@dataclass(frozen=True, slots=True)
class Dated:
    """What the calendar and the rates say of one row; ``rated`` is None when there is neither equivalent."""

    bank_date: date
    business_day: int
    rated: money.Rated | None


def dated(rows: Sequence[Resolved]) -> list[Dated]:
    """Return bank date, business-day ordinal and CNY and USD equivalents of each row."""
    days = [calendar.bank_date(item.occurred_at) for item in rows]
    ordinals = {day: calendar.business_day(day) for day in set(days)}
    rated = money.to_cny_usd_many([(item.row.amount, item.row.currency, day) for item, day in zip(rows, days, strict=True)])
    return [Dated(day, ordinals[day], rate) for day, rate in zip(days, rated, strict=True)]
