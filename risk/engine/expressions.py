"""Expressions to SQL. Every name was proved before; every value is bound."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from risk.engine.binding import Binder
from risk.facts.expressions import COMPARISONS, Expression
from risk.facts.fields import FIELDS

OPERATORS = {**{sign: sign for sign in ("+", "-", "*", "/")}, **COMPARISONS, "and": "AND", "or": "OR"}


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
    operands = [sql_of(part, rows, binder) for part in parts]
    if head in _SHAPES:
        return _SHAPES[head].format(*operands)
    return "(" + f" {OPERATORS[head]} ".join(operands) + ")"


_LEAVES: dict[str, Callable[[str, Rows, Binder], str]] = {
    "number": lambda value, _rows, binder: binder.number(value),
    "text": lambda value, _rows, binder: binder.text(value),
    "field": lambda name, rows, _binder: FIELDS[name].sql.format(row=rows.row),
    "current": lambda name, rows, _binder: FIELDS[name].sql.format(row=rows.current),
    "fact": lambda name, rows, _binder: rows.facts[name],
}
_SHAPES = {"not": "(NOT {0})", "missing": "({0} IS NULL)", "multiple_of": "(mod({0}, {1}) = 0)"}
