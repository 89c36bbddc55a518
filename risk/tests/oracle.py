"""What facts mean, once more: plain Python over lists, written from the declarations and not from the compiler.

Slow and obvious on purpose: every fact of an event is computed by looking at all other events.
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings

from risk.tests import expression_oracle

DIGITS = 200
DEAD = {"refused", "declined", "failed", "aborted", "revoked"}


@dataclass(frozen=True)
class Event:
    """One transaction, as far as facts read it."""

    pk: int
    account: int
    customer: int
    order: Any
    """Whatever compares as the order of events: the number itself, or the moment and the tie bits."""
    at: datetime
    bank_date: date
    business_day: int
    values: dict[str, Any]
    counterparty: bytes | None
    external_id: str
    status: str
    reversed_at: datetime | None
    source: int = 0
    done: bool = True
    """Whether the source only tells what has happened."""


def counts(event: Event, moment: datetime) -> bool:
    """A debit counts from the moment we know of it, a credit once held or booked; a reversed one until it is reversed."""
    if event.status in DEAD or (event.status in ("received", "approved") and event.values["direction"] == "C"):
        return False
    return event.reversed_at is None or event.reversed_at > moment


def field(event: Event, name: str) -> Any:
    """The value of a field, as rules name it."""
    if name == "currency_group":
        return "CNY" if event.values["currency"] == "CNY" else "USD"
    if name == "group_amount":
        return event.values["amount_cny" if event.values["currency"] == "CNY" else "amount_usd"]
    if name == "hour":
        local = event.at.astimezone(ZoneInfo(settings.BANK_ZONE))
        micros = ((local.hour * 60 + local.minute) * 60 + local.second) * 1_000_000 + local.microsecond
        with localcontext(prec=DIGITS):
            return rounded(Decimal(micros) / Decimal(3_600_000_000), 12)
    return event.values[name]


def value(tree: Any, past: Event, now: Event) -> Any:
    """An expression over a past event and the one being judged; None is unknown."""
    return expression_oracle.value(tree, lambda head, name: field(now if head == "current" else past, name))


def rounded(number: Decimal, places: int) -> Decimal:
    """Half away from zero."""
    return number.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP)


def formula(name: str, events: list[Event], of: str, now: Event, cap: int = 0) -> Decimal | None:
    """A formula over the events that count."""
    amounts = [field(event, of) for event in events] if of else []
    known = [amount for amount in amounts if amount is not None]
    if name == "count":
        return Decimal(len(events))
    if name == "sum":
        return sum(known, Decimal(0))
    if name == "distinct":
        return Decimal(min(cap, len({event.counterparty for event in events if event.counterparty is not None})))
    if name == "gap":
        return Decimal((now.at - max(event.at for event in events)) // timedelta(microseconds=1)) / 1_000_000 if events else None
    if not known or (name == "stddev" and len(known) < 2):
        return None
    if name == "mean":
        return rounded(sum(known, Decimal(0)) / len(known), 8)
    if name == "stddev":
        mean = sum(known, Decimal(0)) / len(known)
        return rounded((sum(((one - mean) ** 2 for one in known), Decimal(0)) / (len(known) - 1)).sqrt(), 6)
    found: Decimal = max(known) if name == "max" else min(known)
    return found


def fact(spec: dict[str, Any], now: Event, world: list[Event]) -> Decimal | None:
    """One fact of one event."""
    with localcontext(prec=DIGITS):
        chosen = behind(spec, now, world)
        if spec["kind"] != "daily_peak":
            return formula(spec["formula"], chosen, spec.get("of", ""), now, spec.get("cap", 0))
        days: dict[date, list[Event]] = {}
        for event in chosen:
            days.setdefault(event.bank_date, []).append(event)
        figures = [_day_figure(spec, events, now) for events in days.values()]
        return max((figure for figure in figures if figure is not None), default=None)


def behind(spec: dict[str, Any], now: Event, world: list[Event]) -> list[Event]:
    """The events that one fact of one event counts."""
    mine = [event for event in world if _same_key(spec, event, now) and event.order <= now.order]
    mine = [event for event in mine if event.pk == now.pk or counts(event, now.at)]
    mine = [event for event in mine if all(_shared(name, event, now) for name in spec.get("same", []))]
    match spec["kind"]:
        case "window":
            mine = [event for event in mine if _inside(spec["window"], event, now) and (spec["current"] or event.order < now.order)]
        case "last":
            others = sorted((e for e in mine if e.pk != now.pk), key=lambda e: (e.order, e.external_id, e.source), reverse=True)
            fresh = [e for e in others if now.at - e.at < timedelta(days=spec["days"])]
            mine = [now, *fresh[: spec["count"] - 1]]
        case "daily_peak":
            mine = [event for event in mine if now.bank_date - timedelta(days=spec["days"]) <= event.bank_date < now.bank_date]
    return _where(spec, mine, now)


def _day_figure(spec: dict[str, Any], events: list[Event], now: Event) -> Decimal | None:
    if spec["formula"] == "sum" and all(field(event, spec["of"]) is None for event in events):
        return None
    return formula(spec["formula"], events, spec.get("of", ""), now)


def _same_key(spec: dict[str, Any], event: Event, now: Event) -> bool:
    if spec["key"] == "customer":
        return event.customer == now.customer
    pair = spec["key"] != "pair" or (event.counterparty is not None and event.counterparty == now.counterparty)
    return bool(event.account == now.account and pair)


def _shared(name: str, event: Event, now: Event) -> bool:
    if name == "counterparty":
        return event.counterparty is not None and event.counterparty == now.counterparty
    return bool(field(event, name) == field(now, name))


def _inside(window: dict[str, Any], event: Event, now: Event) -> bool:
    if "ago" in window:
        rest = {unit: count for unit, count in window.items() if unit != "ago"}
        until = now.at - timedelta(**window["ago"])
        return bool(until - timedelta(**rest) < event.at <= until)
    ((unit, count),) = window.items()
    if unit == "bank_days":
        return event.bank_date == now.bank_date
    if unit == "days_before":
        return now.bank_date - timedelta(days=count) <= event.bank_date < now.bank_date
    if unit == "business_days":
        return bool(now.business_day - count < event.business_day <= now.business_day)
    return now.at - event.at < timedelta(**{unit: count})


def _where(spec: dict[str, Any], events: list[Event], now: Event) -> list[Event]:
    return [event for event in events if "where" not in spec or value(spec["where"], event, now) is True]
