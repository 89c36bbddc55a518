"""What a whole verdict means, in plain Python over declarations as data: facts of all kinds, answers, points, label, actions, exits."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal, localcontext
from typing import Any
from zoneinfo import ZoneInfo

from risk.tests import oracle
from risk.tests.expression_oracle import value
from risk.tests.oracle import Event

LABELS = ["allow", "challenge", "review", "hold", "decline"]
UNKNOWN, FAILED = "unknown_value", "engine_error"


@dataclass(frozen=True)
class Dated:
    """A reference from a day on, until before another."""

    table: str
    key: str
    value: Decimal
    since: date
    until: date | None


@dataclass(frozen=True)
class Report:
    """A balance as the core reported it."""

    account: int
    at: datetime
    source: str
    balance: Decimal


@dataclass(frozen=True)
class Books:
    """What rules read besides transactions."""

    zone: ZoneInfo
    dated: Sequence[Dated]
    reports: Sequence[Report]

    def held(self, table: str, key: str | None, day: date) -> Decimal | None:
        """The value that held on a day; of two, the newer."""
        valid = [row for row in self.dated if row.table == table and row.key == key and row.since <= day]
        valid = [row for row in valid if row.until is None or day < row.until]
        return max(valid, key=lambda row: row.since).value if valid else None


@dataclass(frozen=True)
class RuleData:
    """One running version: its definition and parameters as they are stored."""

    code: str
    shadow: bool
    definition: Mapping[str, Any]
    parameters: Mapping[str, Any]


@dataclass(frozen=True)
class Expected:
    """What the engine should say of one event; facts by rule and name."""

    facts: dict[tuple[int, str], Decimal | None]
    answers: list[tuple[str, Any]]
    points: int
    label: str
    actions: set[str]
    exits: dict[str, str]


def fact(spec: Mapping[str, Any], now: Event, world: list[Event], books: Books) -> Decimal | None:
    """One fact of one event, of any kind."""
    if spec["kind"] == "dated":
        return books.held(spec["table"], oracle.field(now, spec["of"]), now.bank_date)
    if spec["kind"] == "balance":
        with localcontext(prec=oracle.DIGITS):
            return balance(spec["days"], now, world, books)
    return oracle.fact(dict(spec), now, world)


def balance(days: int, now: Event, world: list[Event], books: Books) -> Decimal | None:
    """The last report before the event, no older than so many days, with what moved or was undone since."""
    if now.values["currency"] != now.values["account_currency"]:
        return None
    fresh = [row for row in books.reports if row.account == now.account and row.at < now.at]
    fresh = [row for row in fresh if now.at - row.at < timedelta(days=days)]
    if not fresh:
        return None
    newest = [row for row in fresh if row.at == max(one.at for one in fresh)]
    last = min(newest, key=lambda row: row.source)
    total = last.balance
    for event in world:
        if event.account != now.account or event.values["currency"] != now.values["currency"]:
            continue
        signed = event.values["amount"] if event.values["direction"] == "C" else -event.values["amount"]
        if event.at > last.at and event.order < now.order and oracle.counts(event, now.at):
            total += signed
        undone = event.reversed_at is not None and last.at < event.reversed_at <= now.at
        if event.at <= last.at and undone and oracle.counts(event, last.at):
            total -= signed
    return total


def filled(spec: Mapping[str, Any], parameters: Mapping[str, Any]) -> dict[str, Any]:
    """A fact whose filter names no parameter any more."""
    return {**spec, "where": _replaced(spec["where"], parameters)} if "where" in spec else dict(spec)


def _replaced(tree: Any, parameters: Mapping[str, Any]) -> Any:
    if not isinstance(tree, list):
        return tree
    if tree[:1] == ["param"]:
        return ["number", str(parameters[tree[1]]["value"])]
    return [_replaced(part, parameters) for part in tree]


def verdict(rules: Sequence[RuleData], now: Event, world: list[Event], books: Books, failing: frozenset[str] = frozenset()) -> Expected:
    """What all rules together say of one event."""
    facts: dict[tuple[int, str], Decimal | None] = {}
    answers: list[tuple[str, Any]] = []
    for place, rule in enumerate(rules):
        mine = {
            name: fact(filled(spec, rule.parameters), now, world, books) if rule.code not in failing else None
            for name, spec in rule.definition["facts"].items()
        }
        facts |= {(place, name): found for name, found in mine.items()}
        answers.append(("exit", FAILED) if rule.code in failing else _answer(rule, mine, now))
    live = [(rule, *answer) for rule, answer in zip(rules, answers, strict=True) if not rule.shadow]
    hits = [rule.definition["bands"][found] for rule, what, found in live if what == "band"]
    points = sum(band.get("points", 0) for band in hits)
    forced = [band.get("label", "allow") for band in hits]
    forced += [rule.definition["exits"][found].get("label") or "allow" for rule, what, found in live if what == "way"]
    forced += ["review" for _rule, what, found in live if what == "exit" and found == FAILED]
    asked = max([LABELS.index(label) for label in forced] + [_scored(points, now, books)])
    moved = now.done or now.status in ("completed", "reversed")
    rank = min(asked, LABELS.index("review")) if moved else asked
    actions = {action for band in hits for action in band.get("actions", [])}
    if hits and rank >= LABELS.index("review"):
        actions.add("alert")
    if asked > rank:
        actions.add("propose_freeze")
    return Expected(facts, answers, points, LABELS[rank], actions, _exits(rules, answers))


def _answer(rule: RuleData, facts: Mapping[str, Decimal | None], now: Event) -> tuple[str, Any]:
    """The first band that hits, else the first exit that is taken, else that a value was unknown, else no."""

    def read(head: str, name: str) -> Any:
        if head == "param":
            return Decimal(rule.parameters[name]["value"])
        return facts[name] if head == "fact" else oracle.field(now, name)

    definition = rule.definition
    if "applies" in definition:
        applies = value(definition["applies"], read)
        if applies is not True:
            return ("exit", UNKNOWN) if applies is None else ("no", None)
    found = [value(band["when"], read) for band in definition["bands"]]
    if True in found:
        return "band", found.index(True)
    for place, way in enumerate(definition.get("exits", [])):
        if value(way["when"], read) is True:
            return "way", place
    return ("exit", UNKNOWN) if None in found else ("no", None)


def _scored(points: int, now: Event, books: Books) -> int:
    """The rank that points alone give."""
    review, hold = (books.held("label_points", key, now.bank_date) for key in ("review", "hold"))
    if points and hold is not None and points >= hold:
        return LABELS.index("hold")
    return LABELS.index("review") if points and review is not None and points >= review else 0


def _exits(rules: Sequence[RuleData], answers: Sequence[tuple[str, Any]]) -> dict[str, str]:
    """The exits by rule; a live version's before its shadow's."""
    found: dict[str, str] = {}
    for rule, (what, which) in sorted(zip(rules, answers, strict=True), key=lambda pair: pair[0].shadow):
        if what in ("exit", "way"):
            found.setdefault(rule.code, which if what == "exit" else rule.definition["exits"][which]["name"])
    return found


def counted(spec: Mapping[str, Any], now: Event, world: list[Event]) -> set[int]:
    """The transactions that a fact shows as its evidence."""
    return {event.pk for event in oracle.behind(dict(spec), now, world)}
