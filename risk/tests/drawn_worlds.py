"""Worlds for the oracle of whole verdicts: few keys, many edges; a row is drawn as bytes, one choice each, so that drawing is quick."""

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.db import connection
from hypothesis import strategies as st

from crm.calendar.models import BusinessDay
from crm.calendar.services import bank_date, business_day
from products.models import Account, BalanceReport
from risk.facts.spans import order_of
from risk.models import DatedValue
from risk.tests.oracle import Event
from risk.tests.verdict_oracle import Books, Dated, Report
from transactions.choices import Status
from transactions.models import Source, Transaction

MICRO = timedelta(microseconds=1)
# Midnight on the bank's clock before and after: a new year holiday of nine days with make-up days around it, national day, the turn of a
# year, a leap day, a make-up Saturday; and the night in which New York sets its clocks back.
STARTS = [
    datetime(2026, 2, 13, 16, tzinfo=UTC),
    datetime(2026, 2, 24, 16, tzinfo=UTC),
    datetime(2026, 9, 30, 15, 59, 59, 999_999, tzinfo=UTC),
    datetime(2025, 12, 31, 16, tzinfo=UTC),
    datetime(2024, 2, 28, 16, tzinfo=UTC),
    datetime(2026, 10, 9, 16, tzinfo=UTC),
    datetime(2026, 11, 1, 5, tzinfo=UTC),
    datetime(2026, 3, 31, 4, 30, tzinfo=UTC),
]
ZONES = ["Asia/Shanghai", "Asia/Shanghai", "Asia/Shanghai", "America/New_York"]
STEPS = [timedelta(hours=1), timedelta(hours=24), timedelta(days=7), timedelta(hours=31), timedelta(days=3), timedelta(minutes=10)]
AMOUNTS = [
    Decimal(text)
    for text in (
        "1000", "0.01", "199.99", "200", "1099.9999", "1100", "10000", "49999.99", "50000", "0.000000000000000001",
        "123456789012345.6789", "40000", "33333.33", "7", "1000", "50000",
    )
]  # fmt: skip
RATES = {"CNY": "1", "USD": "7.1", "HKD": "0.9137", "XXX": ""}
CURRENCIES = ["CNY", "CNY", "CNY", "CNY", "USD", "HKD", "XXX"]
KINDS = ["transfer", "withdrawal", "deposit", "payment"]
PEERS = [None, b"a" * 16, b"b" * 16, b"c" * 16]
PLAIN = ["completed"] * 6 + ["received", "held"]
DEAD = ["refused", "declined", "failed", "aborted", "revoked", "approved", "released"]
STATUSES = {
    "plain": PLAIN,
    "dead": PLAIN + DEAD,
    "reversed": ["completed"] * 4 + ["received", "reversed", "reversed", "reversed"],
    "all": PLAIN + DEAD + ["reversed"] * 3,
}
TIES = [0, 0, 0, 1, 2047]
DRAWN = ("direction", "amount", "currency", "kind", "instrument", "channel", "cross_border", "customer_initiated", "counterparty_country")
COUNTRIES = ["CN", "KP", "US", ""]


@dataclass(frozen=True)
class Drawn:
    """What was drawn of a world, before anything of it is stored."""

    start: datetime
    step: timedelta
    zone: str
    statuses: str
    rows: tuple[bytes, ...]
    reports: tuple[bytes, ...]
    dated: tuple[bytes, ...]
    former: tuple[bytes, ...]

    def moment(self, steps: int, jitter: int) -> datetime:
        """Whole steps from the start, give or take a microsecond: most pairs of a world lie on the edge of some window."""
        return self.start + steps * self.step + (0, 0, 0, 1, -1, 1000)[jitter % 6] * MICRO


@st.composite
def drawn_worlds(draw: st.DrawFn) -> Drawn:
    """Worlds of up to forty rows on up to four accounts."""
    size = draw(st.sampled_from([6, 14, 14, 40]))
    few, some = (st.lists(st.binary(min_size=6, max_size=6), max_size=most).map(tuple) for most in (4, 8))
    return Drawn(
        start=draw(st.sampled_from(STARTS)),
        step=draw(st.sampled_from(STEPS)),
        zone=draw(st.sampled_from(ZONES)),
        statuses=draw(st.sampled_from(sorted(STATUSES))),
        rows=tuple(draw(st.lists(st.binary(min_size=17, max_size=17), min_size=max(1, size // 3), max_size=size))),
        reports=draw(some),
        dated=draw(some),
        former=draw(few),
    )


@dataclass(frozen=True)
class Planted:
    """A stored world: its events and books for the oracle."""

    events: list[Event]
    books: Books


def plant(drawn: Drawn, sources: list[Source], accounts: list[Account]) -> Planted:
    """Store a world as it is; the oracle's side is told in its own words (moments and ties, calendar days counted anew)."""
    reports = _reports(drawn, accounts)
    dated = _dated(drawn)
    former = _former(drawn, accounts)
    made = []
    for number, raw in enumerate(drawn.rows):
        made.append(_row(number, raw, drawn, sources, accounts))
    Transaction.objects.bulk_create(row for row, _tie in made)
    by_id = {account.pk: account for account in accounts}
    worked = [day for day, works in BusinessDay.objects.values_list("day", "is_business") if works]
    zone = ZoneInfo(drawn.zone)
    events = [_event(row, tie, by_id[row.account_id], former, worked, zone) for row, tie in made]
    return Planted(events, Books(zone, dated, reports))


def _row(number: int, raw: bytes, drawn: Drawn, sources: list[Source], accounts: list[Account]) -> tuple[Transaction, int]:
    account = accounts[(0, 0, 0, 1, 2, 3)[raw[0] % 6]]
    at = drawn.moment(raw[1] % 4, raw[2])
    amount, currency = AMOUNTS[raw[3] % len(AMOUNTS)], CURRENCIES[raw[4] % len(CURRENCIES)]
    cny, usd = _equivalents(amount, currency, lacks=raw[5])
    source, external_id = _identity(number, raw, sources)
    tie = TIES[raw[8] % len(TIES)]
    statuses = STATUSES[drawn.statuses]
    status = statuses[raw[9] % len(statuses)]
    until = (timedelta(0), MICRO, -MICRO, drawn.step, drawn.step - MICRO, drawn.step + MICRO, -drawn.step, timedelta(days=400))[raw[10] % 8]
    day = bank_date(at)
    made = Transaction(
        source=source,
        external_id=external_id,
        fingerprint=b"",
        data_key_id=account.data_key_id,
        reference=f"T-{number}",
        event_order=order_of(at, tie),
        customer_id=account.customer_id,
        account=account,
        direction="CCD"[raw[11] % 3],
        amount=amount,
        currency=currency,
        amount_cny=cny,
        amount_usd=usd,
        occurred_at=at,
        received_at=at + (timedelta(0), MICRO, -MICRO, drawn.step)[raw[12] % 4],
        bank_date=day,
        business_day=business_day(day),
        kind=KINDS[raw[13] % 4],
        instrument=("cash", "transfer")[raw[14] % 2],
        channel=("mobile", "batch")[raw[14] // 2 % 2],
        cross_border=bool(raw[14] // 4 % 2),
        customer_initiated=bool(raw[14] // 8 % 2),
        counterparty_index=PEERS[raw[15] % 4],
        counterparty_country=COUNTRIES[raw[16] % 4],
        status=status,
        reversed_at=at + until if status == Status.REVERSED else None,
    )
    return made, tie


def _identity(number: int, raw: bytes, sources: list[Source]) -> tuple[Source, str]:
    """The same id may come from two systems, in the same microsecond with the same tie bits."""
    shared = raw[7] % 3 == 0
    mark = hashlib.sha256(str(number // 2 if shared else number).encode()).hexdigest()[:12]
    return sources[number % 2 if shared else raw[6] % 2], mark + ("s" if shared else "")


def _equivalents(amount: Decimal, currency: str, lacks: int) -> tuple[Decimal | None, Decimal | None]:
    if not RATES[currency]:
        return None, None
    places = Decimal("0.0001")
    cny = (amount * Decimal(RATES[currency])).quantize(places, ROUND_HALF_EVEN)
    usd = (cny / Decimal(RATES["USD"])).quantize(places, ROUND_HALF_EVEN)
    return cny, None if lacks % 8 == 7 else usd


def _event(row: Transaction, tie: int, account: Account, former: "Former", worked: list[date], zone: ZoneInfo) -> Event:
    day = row.occurred_at.astimezone(zone).date()
    values = {name: getattr(row, name) for name in (*DRAWN, "amount_cny", "amount_usd")}
    values |= former.at(account, min(row.occurred_at, row.received_at))
    values["account_age"] = Decimal((day - values.pop("opened_at")).days)
    return Event(
        pk=row.pk,
        account=row.account_id,
        customer=row.customer_id,
        order=(row.occurred_at, tie),
        at=row.occurred_at,
        bank_date=day,
        business_day=sum(1 for one in worked if one <= day),
        values=values,
        counterparty=row.counterparty_index,
        external_id=row.external_id,
        status=row.status,
        reversed_at=row.reversed_at,
        source=row.source_id,
        done=row.source.already_completed,
    )


def _reports(drawn: Drawn, accounts: list[Account]) -> list[Report]:
    found = {}
    for raw in drawn.reports:
        # Between the steps as well, so that something reversed a step later was still in the report.
        at = drawn.moment(raw[0] % 4 - 1, raw[1]) + (drawn.step / 2 if raw[5] % 2 else timedelta(0))
        account, source = accounts[(0, 0, 1, 2)[raw[2] % 4]], "ab"[raw[3] % 2]
        found[account.pk, at, source] = Report(account.pk, at, source, AMOUNTS[raw[4] % len(AMOUNTS)] * 3)
    BalanceReport.objects.bulk_create(
        BalanceReport(account_id=row.account, balance=row.balance, reported_at=row.at, source=row.source) for row in found.values()
    )
    # What the accounts were opened with is a report, too.
    stored = BalanceReport.objects.filter(account__in=accounts).values_list("account_id", "reported_at", "source", "balance")
    return [Report(*row) for row in stored]


def _dated(drawn: Drawn) -> list[Dated]:
    """References around the world's days; among them other thresholds of points."""
    keys = ["C", "D", "CNY", "transfer", "cash", "mobile", "person", "retail"]
    wanted = {}
    for raw in drawn.dated:
        table, key = ("label_points", ("review", "hold")[raw[1] % 2]) if raw[0] % 4 == 0 else ("limits", keys[raw[1] % len(keys)])
        since = bank_date(drawn.moment(raw[2] % 4, 0)) - timedelta(days=raw[2] // 4 % 3)
        # Most end on the very day of some event, or the day after.
        end = bank_date(drawn.moment(raw[3] % 4, 0)) + timedelta(days=raw[3] // 4 % 2)
        until = end if end > since and raw[3] % 5 else None
        value = Decimal((1, 40, 60, 1000)[raw[4] % 4]) + Decimal(raw[5]) / 10**10
        wanted[table, key, since] = Dated(table, key, value, since, until)
    DatedValue.objects.bulk_create(
        DatedValue(table=row.table, key=row.key, value=row.value, valid_from=row.since, valid_until=row.until) for row in wanted.values()
    )
    stored = DatedValue.objects.values_list("table", "key", "value", "valid_from", "valid_until")
    return [Dated(*row) for row in stored]


@dataclass(frozen=True)
class Former:
    """What customers and accounts were until a moment, in the order in which it ceased to be."""

    customers: list[tuple[int, datetime, dict[str, Any]]]
    accounts: list[tuple[int, datetime, dict[str, Any]]]

    def at(self, account: Account, moment: datetime) -> dict[str, Any]:
        """The attributes of a moment, as rules name them."""
        customer = account.customer
        mine = next((values for pk, until, values in self.customers if pk == customer.pk and until > moment), None)
        own = next((values for pk, until, values in self.accounts if pk == account.pk and until > moment), None)
        found = mine or {"kind": customer.kind, "segment": customer.segment, "aml_risk_level": customer.aml_risk_level}
        held = own or {"kind": account.kind, "currency": account.currency, "opened_at": account.opened_at}
        return {
            "customer_kind": found["kind"],
            "customer_segment": found["segment"],
            "customer_aml_risk_level": Decimal(found["aml_risk_level"]),
            "account_kind": held["kind"],
            "account_currency": held["currency"],
            "opened_at": held["opened_at"],
        }


def _former(drawn: Drawn, accounts: list[Account]) -> Former:
    found = Former([], [])
    for until, raw in sorted((drawn.moment(raw[0] % 4, raw[1]), raw) for raw in drawn.former):
        account = accounts[raw[2] % 2]
        if raw[3] % 2:
            values: dict[str, Any] = {"segment": ("student", "merchant")[raw[4] % 2], "kind": "person", "aml_risk_level": raw[5] % 5 + 1}
            _insert("customers_customerformer", account.customer_id, until, values)
            found.customers.append((account.customer_id, until, values))
        else:
            opened = date(2023, 1, 1) + timedelta(days=raw[5])
            values = {"kind": "class_3", "currency": ("CNY", "USD")[raw[4] % 2], "opened_at": opened}
            _insert("products_accountformer", account.pk, until, values)
            found.accounts.append((account.pk, until, values))
    return found


def _insert(table: str, pk: int, until: datetime, values: dict[str, Any]) -> None:
    columns = {"pgh_obj_id": pk, "pgh_created_at": until, "pgh_label": "former", **values}
    places = ", ".join(["%s"] * len(columns))
    with connection.cursor() as cursor:
        cursor.execute(f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({places})", list(columns.values()))
