"""Facts: each states its key, formula, window, filters, and whether the event being judged is part of it.

Five kinds: *window* (`WindowFact`, and `DailyPeakFact`, a window over days), *last-N* (`LastFact`), *dated reference*
(`DatedFact`, `BalanceFact`), and two that come with later scenarios: *episode* (stored when it ends) and *supplied*
(stored with its version before judging). A new kind is a class here, an entry in `KINDS` and a compiler in `risk/engine/`.

Late: when an event arrives late, is corrected or reversed, every judged event of the same key within ``reach`` after
it owes a new judgement. Plan: ``in_frames`` says whether one sorted pass can compute it; a sub-select per row always can.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal

from risk.facts.errors import DefinitionError
from risk.facts.expressions import Expression, Scope, check, names_of, thawed
from risk.facts.fields import FIELDS, SAME
from risk.facts.spans import DAY, MAX_DAYS, BankDay, DaysBefore, Sliding, Span, span_of

Key = Literal["account", "customer", "pair"]
KEYS: dict[str, tuple[str, ...]] = {
    "account": ("account_id",),
    "customer": ("customer_id",),
    "pair": ("account_id", "counterparty_index"),
}
FORMULAS = ("count", "sum", "mean", "stddev", "max", "min", "gap", "distinct")
OVER_AMOUNTS = ("sum", "mean", "stddev", "max", "min")
MAX_LAST = 50
MAX_DISTINCT = 1000
HISTORY = Scope(of_history=True)


@dataclass(frozen=True)
class _Fact:
    """What all facts have in common."""

    kind: ClassVar[str]

    @property
    def reach(self) -> int:
        """Return how many microseconds back a row can change this fact."""
        raise NotImplementedError

    @property
    def in_frames(self) -> bool:
        """Return whether one sorted pass can compute it."""
        return False

    def to_json(self) -> dict[str, Any]:
        """Return the declaration as data."""
        raise NotImplementedError

    @cached_property
    def identity(self) -> str:
        """Return the same text for the same fact, whoever declares it."""
        return json.dumps(self.to_json(), sort_keys=True, separators=(",", ":"))


@dataclass(frozen=True)
class _HistoryFact(_Fact):
    key: Key
    formula: str
    of: str
    where: Expression | None
    same: tuple[str, ...]

    @property
    def looks_at_current(self) -> bool:
        """Return whether the filter compares past events with the one being judged."""
        return self.where is not None and bool(names_of(self.where, "current"))

    def _filters(self) -> dict[str, Any]:
        data: dict[str, Any] = {"kind": self.kind, "key": self.key, "formula": self.formula}
        if self.of:
            data["of"] = self.of
        if self.where is not None:
            data["where"] = thawed(self.where)
        if self.same:
            data["same"] = list(self.same)
        return data


@dataclass(frozen=True)
class WindowFact(_HistoryFact):
    """A formula over the events of a window."""

    kind = "window"
    span: Span
    current: bool
    cap: int = 0

    @property
    def reach(self) -> int:
        """Return the span's reach."""
        return self.span.reach

    @property
    def in_frames(self) -> bool:
        """Return whether window frames can compute it: no distinct count, no comparison with the event being judged."""
        if self.key == "pair" or "counterparty" in self.same or self.looks_at_current:
            return False
        return self.formula not in ("distinct", "gap")

    def to_json(self) -> dict[str, Any]:
        """Return the declaration as data."""
        data = {**self._filters(), "window": self.span.to_json(), "current": self.current}
        return {**data, "cap": self.cap} if self.cap else data


@dataclass(frozen=True)
class LastFact(_HistoryFact):
    """A formula over the last ``count`` events (this one included) no older than ``days``; ``where`` looks among these."""

    kind = "last"
    count: int
    days: int

    @property
    def reach(self) -> int:
        """Return the oldest age of an event that still counts."""
        return self.days * DAY

    def to_json(self) -> dict[str, Any]:
        """Return the declaration as data."""
        return {**self._filters(), "count": self.count, "days": self.days}


@dataclass(frozen=True)
class DailyPeakFact(_HistoryFact):
    """The greatest count or sum of any one bank day among the ``days`` before the event's own."""

    kind = "daily_peak"
    days: int

    @property
    def span(self) -> DaysBefore:
        """Return the days looked at."""
        return DaysBefore(self.days)

    @property
    def reach(self) -> int:
        """Return the span's reach."""
        return self.span.reach

    @property
    def in_frames(self) -> bool:
        """Return whether window frames can compute it."""
        return self.key != "pair" and "counterparty" not in self.same and not self.looks_at_current

    def to_json(self) -> dict[str, Any]:
        """Return the declaration as data."""
        return {**self._filters(), "days": self.days}


@dataclass(frozen=True)
class DatedFact(_Fact):
    """The value that a reference table held for a key on the event's bank date; unknown when it held none."""

    kind = "dated"
    table: str
    of: str

    @property
    def reach(self) -> int:
        """Return nothing: no other event changes it."""
        return 0

    def to_json(self) -> dict[str, Any]:
        """Return the declaration as data."""
        return {"kind": self.kind, "table": self.table, "of": self.of}


@dataclass(frozen=True)
class BalanceFact(_Fact):
    """The balance before the event: last reported (no older than ``days``), with what moved or was undone since; else unknown."""

    kind = "balance"
    days: int

    @property
    def reach(self) -> int:
        """Return the oldest age of a report that still counts."""
        return self.days * DAY

    def to_json(self) -> dict[str, Any]:
        """Return the declaration as data."""
        return {"kind": self.kind, "days": self.days}


Fact = WindowFact | LastFact | DailyPeakFact | DatedFact | BalanceFact


def _take(data: dict[str, Any], allowed: set[str], required: set[str]) -> None:
    for name in data:
        if name not in allowed:
            raise DefinitionError("unknown_key", name)
    for name in required:
        if name not in data:
            raise DefinitionError("missing_key", name)


def _days(value: Any, most: int = MAX_DAYS) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise DefinitionError("fact", value)
    return value


def _history(data: dict[str, Any], formulas: tuple[str, ...]) -> dict[str, Any]:
    key, formula, of = data["key"], data["formula"], data.get("of", "")
    if key not in KEYS or formula not in formulas or not isinstance(of, str):
        raise DefinitionError("fact", f"{key} {formula} {of}")
    needs_amount = formula in OVER_AMOUNTS
    readable = of in FIELDS and FIELDS[of].type == "number" and not FIELDS[of].current_only
    if needs_amount != bool(of) or (of and not readable):
        raise DefinitionError("fact", f"{formula} {of}")
    same = data.get("same", [])
    if not isinstance(same, list) or len(set(same)) != len(same) or any(name not in SAME for name in same):
        raise DefinitionError("fact", same)
    where = check(data["where"], HISTORY) if "where" in data else None
    return {"key": key, "formula": formula, "of": of, "where": where, "same": tuple(sorted(same))}


COMMON = {"kind", "key", "formula", "of", "where", "same"}


def _over_before(span: Span) -> bool:
    """Return whether a window ends before the event, which it then cannot hold."""
    return isinstance(span, DaysBefore) or (isinstance(span, Sliding) and span.ago > 0)


def _window(data: dict[str, Any]) -> WindowFact:
    _take(data, COMMON | {"window", "current", "cap"}, {"key", "formula", "window", "current"})
    span, current, cap = span_of(data["window"]), data["current"], data.get("cap", 0)
    history = _history(data, FORMULAS)
    if not isinstance(current, bool) or (current and _over_before(span)):
        raise DefinitionError("fact", "current")
    if (history["formula"] == "distinct") != bool(cap) or (cap and _days(cap, MAX_DISTINCT) != cap):
        raise DefinitionError("fact", f"cap {cap}")
    if history["formula"] == "gap" and (current or not isinstance(span, Sliding)):
        raise DefinitionError("fact", "gap")
    return WindowFact(span=span, current=current, cap=cap, **history)


def _last(data: dict[str, Any]) -> LastFact:
    _take(data, COMMON | {"count", "days"}, {"key", "formula", "count", "days"})
    return LastFact(count=_days(data["count"], MAX_LAST), days=_days(data["days"]), **_history(data, ("count", *OVER_AMOUNTS)))


def _daily_peak(data: dict[str, Any]) -> DailyPeakFact:
    _take(data, COMMON | {"days"}, {"key", "formula", "days"})
    return DailyPeakFact(days=_days(data["days"]), **_history(data, ("count", "sum")))


def _dated(data: dict[str, Any]) -> DatedFact:
    _take(data, {"kind", "table", "of"}, {"table", "of"})
    table, of = data["table"], data["of"]
    if not isinstance(table, str) or not table.isidentifier() or of not in FIELDS or FIELDS[of].type != "text":
        raise DefinitionError("fact", f"{table} {of}")
    return DatedFact(table=table, of=of)


def _balance(data: dict[str, Any]) -> BalanceFact:
    _take(data, {"kind", "days"}, {"days"})
    return BalanceFact(days=_days(data["days"]))


KINDS: dict[str, Callable[[dict[str, Any]], Fact]] = {
    "window": _window,
    "last": _last,
    "daily_peak": _daily_peak,
    "dated": _dated,
    "balance": _balance,
}


def fact_of(data: Any) -> Fact:
    """Return the fact that data declares; `DefinitionError` in words when it declares none."""
    if not isinstance(data, dict) or data.get("kind") not in KINDS:
        raise DefinitionError("fact", data)
    return KINDS[data["kind"]](data)


__all__ = ["KEYS", "KINDS", "BalanceFact", "BankDay", "DailyPeakFact", "DatedFact", "Fact", "LastFact", "WindowFact", "fact_of"]
