"""Expressions to SQL. Every name was proved before; every value is bound.

Arithmetic is exact. A division by a fixed number is multiplied out where two numbers are compared: ``three_days > half_year / 60``
asks for ``three_days * 60 > half_year``, so that a threshold is met exactly where it is met on paper. Any other quotient has
`QUOTIENT_PLACES` places, half away from zero.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import reduce

from risk.engine.binding import Binder
from risk.facts.expressions import ARITHMETIC, COMPARISONS, CONNECTIVES, EXACT, Expression, names_of, nodes
from risk.facts.fields import FIELDS

QUOTIENT_PLACES = 30
ONE = Decimal(1)


@dataclass(frozen=True)
class Rows:
    """The aliases an expression speaks of: ``row`` for ``field``, ``current`` for ``current``; columns that hold facts."""

    row: str
    current: str = "c"
    facts: Mapping[str, str] = field(default_factory=dict)


def sql_of(tree: Expression, rows: Rows, binder: Binder) -> str:
    """Return the SQL of an expression; unknown operands give unknown answers."""
    head, parts = tree[0], tree[1:]
    if head in _LEAVES:
        return _LEAVES[head](parts[0], rows, binder)
    if head == "in":
        words = ", ".join(binder.text(word) for word in parts[1:])
        return f"({sql_of(parts[0], rows, binder)} IN ({words}))"
    if head in COMPARISONS or head == "multiple_of":
        shape = f"({{0}} {COMPARISONS[head]} {{1}})" if head in COMPARISONS else "(mod({0}, {1}) = 0)"
        return shape.format(*_together([_ratio(part, rows, binder) for part in parts], binder)[0])
    if head in ARITHMETIC:
        return _quotient(_ratio(tree, rows, binder), binder)
    if head in CONNECTIVES:
        parts = tuple(quickest_first(tree))
    operands = [sql_of(part, rows, binder) for part in parts]
    if head in CONNECTIVES:
        return "(" + f" {head.upper()} ".join(operands) + ")"
    return _SHAPES[head].format(*operands)


def quickest_first(tree: Expression) -> list[Expression]:
    """Return the operands of a connective in the order in which they are to be asked; the answer is the same in any.

    The server asks them from left to right and stops when it knows. A comparison with an amount is quick and mostly says no; the hour on
    the bank's wall is dear, forty times a comparison.
    """
    parts: list[Expression] = []
    for part in tree[1:]:
        parts += quickest_first(part) if part[0] == tree[0] else [part]
    # A condition may stand before a division to keep it from a zero: then the order is the author's.
    return parts if divides(tree) else sorted(parts, key=_weight)


def _weight(part: Expression) -> int:
    if is_dear(part):
        return 2
    return 0 if part[0] in COMPARISONS and any(side[0] == "field" and side[1] in AMOUNTS for side in part[1:]) else 1


def common_floor(trees: Sequence[Expression | None]) -> Expression | None:
    """Return the widest ``amount >= number`` that each of the conditions demands of the same amount, if each does and none can fail."""
    if any(tree is None or divides(tree) for tree in trees):
        return None
    floors = [_floors(tree) for tree in trees if tree is not None]
    for name in sorted(set(floors[0]).intersection(*floors[1:])):
        return (">=", ("field", name), ("number", str(min(found[name] for found in floors))))
    return None


def _floors(tree: Expression) -> dict[str, Decimal]:
    """The least of each amount with which a condition can be true, as far as it says so plainly."""
    found: dict[str, Decimal] = {}
    for part in quickest_first(tree) if tree[0] == "and" else [tree]:
        if part[0] in (">=", ">") and part[1][0] == "field" and part[1][1] in AMOUNTS and part[2][0] == "number":
            name, number = part[1][1], Decimal(part[2][1])
            found[name] = max(found.get(name, number), number)
    return found


def divides(tree: Expression) -> bool:
    """Return whether an expression can fail by a division by zero, and must not be asked of rows that something before it keeps out."""
    return any(node[0] in ("/", "multiple_of") for node in nodes(tree))


def is_dear(tree: Expression) -> bool:
    """Return whether an expression asks for the hour."""
    return bool({"hour"} & (names_of(tree, "field") | names_of(tree, "current")))


AMOUNTS = frozenset(name for name, found in FIELDS.items() if found.type == "number" and name.startswith("amount"))
Ratio = tuple[str, Decimal]
"""The SQL of a number, and the fixed number, greater than zero, that it is still to be divided by."""


def _ratio(tree: Expression, rows: Rows, binder: Binder) -> Ratio:
    head, parts = tree[0], tree[1:]
    if head not in ARITHMETIC:
        return sql_of(tree, rows, binder), ONE
    if head == "/":
        return _divided(_ratio(parts[0], rows, binder), parts[1], rows, binder)
    ratios = [_ratio(part, rows, binder) for part in parts]
    if head == "*":
        return f"({' * '.join(sql for sql, _by in ratios)})", reduce(EXACT.multiply, (by for _sql, by in ratios))
    numbers, by = _together(ratios, binder)
    return f"({f' {head} '.join(numbers)})", by


def _divided(left: Ratio, divisor: Expression, rows: Rows, binder: Binder) -> Ratio:
    sql, by = left
    if divisor[0] == "number" and (fixed := Decimal(divisor[1])):
        return sql if fixed > 0 else f"(-{sql})", EXACT.multiply(by, EXACT.abs(fixed))
    below, below_by = _ratio(divisor, rows, binder)
    return f"round(round({_times(sql, below_by, binder)}, {QUOTIENT_PLACES}) / {_times(below, by, binder)}, {QUOTIENT_PLACES})", ONE


def _together(ratios: list[Ratio], binder: Binder) -> tuple[list[str], Decimal]:
    """Return the numbers over one common divisor."""
    divisors = dict.fromkeys(by for _sql, by in ratios)
    common = reduce(EXACT.multiply, divisors)
    others = {by: reduce(EXACT.multiply, (other for other in divisors if other != by), ONE) for by in divisors}
    return [_times(sql, others[by], binder) for sql, by in ratios], common


def _times(sql: str, factor: Decimal, binder: Binder) -> str:
    return sql if factor == 1 else f"({sql} * {binder.number(factor)})"


def _quotient(ratio: Ratio, binder: Binder) -> str:
    sql, by = ratio
    return sql if by == 1 else f"round(round({sql}, {QUOTIENT_PLACES}) / {binder.number(by)}, {QUOTIENT_PLACES})"


_LEAVES: dict[str, Callable[[str, Rows, Binder], str]] = {
    "number": lambda value, _rows, binder: binder.number(value),
    "text": lambda value, _rows, binder: binder.text(value),
    "field": lambda name, rows, _binder: FIELDS[name].sql.format(row=rows.row),
    "current": lambda name, rows, _binder: FIELDS[name].sql.format(row=rows.current),
    "fact": lambda name, rows, _binder: rows.facts[name],
}
_SHAPES = {"not": "(NOT {0})", "missing": "({0} IS NULL)"}
