"""Expressions to SQL. Every name was proved before; every value is bound."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from risk.engine.binding import Binder
from risk.facts.expressions import Expression
from risk.facts.fields import FIELDS

OPERATORS = {"+": "+", "-": "-", "*": "*", "/": "/", "=": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">=", "and": "AND", "or": "OR"}


@dataclass(frozen=True)
class Rows:
    """The aliases an expression speaks of: ``row`` for ``field``, ``current`` for ``current``; columns that hold facts."""

    row: str
    current: str = "c"
    facts: Mapping[str, str] = field(default_factory=dict)


def sql_of(tree: Expression, rows: Rows, binder: Binder) -> str:
    """Return the SQL of an expression; unknown operands give unknown answers."""
    head, parts = tree[0], tree[1:]
    match head:
        case "number":
            return binder.number(parts[0])
        case "text":
            return binder.text(parts[0])
        case "field":
            return FIELDS[parts[0]].sql.format(row=rows.row)
        case "current":
            return FIELDS[parts[0]].sql.format(row=rows.current)
        case "fact":
            return rows.facts[parts[0]]
        case "not":
            return f"(NOT {sql_of(parts[0], rows, binder)})"
        case "missing":
            return f"({sql_of(parts[0], rows, binder)} IS NULL)"
        case "multiple_of":
            return f"(mod({sql_of(parts[0], rows, binder)}, {sql_of(parts[1], rows, binder)}) = 0)"
        case "in":
            words = ", ".join(binder.text(word) for word in parts[1:])
            return f"({sql_of(parts[0], rows, binder)} IN ({words}))"
    glue = f" {OPERATORS[head]} "
    return "(" + glue.join(sql_of(part, rows, binder) for part in parts) + ")"
