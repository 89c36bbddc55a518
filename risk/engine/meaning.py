"""What a rule's expression comes to for one transaction that was judged: from the facts kept with the hit, exactly, or not known."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from math import prod
from operator import eq, ge, gt, le, lt, ne
from typing import Any, Final
from zoneinfo import ZoneInfo

from django.conf import settings

from risk.facts.expressions import Expression
from transactions.models import Transaction

NOT_KEPT: Final = "\0not kept"
"""Stands for a value that the rule saw and nobody kept; ``None`` is one that the rule did not know either."""
PLAIN = (
    "direction",
    "amount",
    "amount_cny",
    "amount_usd",
    "currency",
    "kind",
    "instrument",
    "channel",
    "cross_border",
    "customer_initiated",
    "counterparty_country",
)
READ = frozenset({"fact", "field", "param", "number", "text", "and", "or", "in", "missing", "not", "multiple_of", "+", "-", "*", "/"})
"""The words of the language that are read here, beside the comparisons."""
COMPARE = {"=": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge}


@dataclass(frozen=True)
class Seen:
    """The values of one judgement by name: facts of the rule, fields of the transaction, parameters of the version."""

    facts: Mapping[str, Any]
    fields: Mapping[str, Any]
    parameters: Mapping[str, Any]

    def read(self, head: str, name: str) -> Any:
        """Return a value: a Fraction, a text, a truth; None when it was unknown, `NOT_KEPT` when nobody can say."""
        rows = {"fact": self.facts, "field": self.fields, "param": self.parameters}[head]
        found = rows.get(name, NOT_KEPT)
        return found if found is None or isinstance(found, str | bool) else Fraction(found)


def fields_of(row: Transaction) -> dict[str, Any]:
    """Return what rules may ask of a transaction, as its row says it; what they see of customer and account on that day is not among it."""
    fields: dict[str, Any] = {name: getattr(row, name) for name in PLAIN}
    domestic = row.currency == "CNY"
    fields["currency_group"] = "CNY" if domestic else "USD"
    fields["group_amount"] = row.amount_cny if domestic else row.amount_usd
    wall = row.occurred_at.astimezone(ZoneInfo(settings.BANK_ZONE))
    midnight = wall.replace(hour=0, minute=0, second=0, microsecond=0)
    fields["hour"] = Fraction(round((wall - midnight).total_seconds() * 1_000_000), 3_600_000_000)
    fields["customer_kind"] = row.customer.kind
    return fields


def value_of(tree: Expression, seen: Seen) -> Any:
    """Return what an expression comes to: a Fraction, a text or a truth; None is unknown, `NOT_KEPT` cannot be said any more."""
    head, parts = tree[0], tree[1:]
    if head not in READ and head not in COMPARE:
        return NOT_KEPT  # the language knows a word that this reading does not: said to be unknown, never guessed
    if head in ("fact", "field", "param"):
        return seen.read(head, parts[0])
    if head == "number":
        return Fraction(parts[0])
    if head == "text":
        return parts[0]
    if head in ("and", "or"):
        return _joined([value_of(part, seen) for part in parts], decides=head == "or")
    found = [value_of(part, seen) for part in (parts[:1] if head == "in" else parts)]
    if NOT_KEPT in found:
        return NOT_KEPT
    if head == "missing":
        return found[0] is None
    return None if None in found else _worked_out(head, found, parts)


def _joined(found: list[Any], *, decides: bool) -> Any:
    if any(one is decides for one in found):
        return decides
    return NOT_KEPT if NOT_KEPT in found else None if None in found else not decides


def _worked_out(head: str, found: list[Any], parts: Iterable[Any]) -> Any:
    if head in COMPARE:
        return COMPARE[head](*found)
    match head:
        case "not":
            return not found[0]
        case "in":
            return found[0] in tuple(parts)[1:]
        case "multiple_of":
            return None if found[1] == 0 else (found[0] / found[1]).denominator == 1
        case "/":
            return None if found[1] == 0 else found[0] / found[1]
        case "-":
            return found[0] - found[1]
        case "+":
            return sum(found, Fraction(0))
    return prod(found, start=Fraction(1))
