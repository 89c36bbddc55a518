"""The expression language of rules: JSON lists, typed, of limited depth and size; compiled, never evaluated as code.

``["and", [">=", ["field", "amount_cny"], ["param", "floor"]], ["missing", ["fact", "mean"]]]``

Unknown values stay unknown: a comparison with a missing fact is neither yes nor no, and the rule says so by an exit.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Context, Decimal, InvalidOperation
from functools import reduce
from typing import Any

from risk.facts.errors import DefinitionError
from risk.facts.fields import FIELDS, ValueType

Expression = tuple[Any, ...]

MAX_DEPTH = 12
MAX_NODES = 240
MAX_PLACES = 18
EXACT = Context(prec=20_000)
"""For arithmetic on fixed numbers: more digits than an expression of the greatest size can have."""
ARITHMETIC = {"+": 2, "-": 2, "*": 2, "/": 2}
COMPARISONS = {"=": "=", "!=": "<>", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
CONNECTIVES = ("and", "or")


def frozen(value: Any) -> Any:
    """Return nested JSON lists as tuples, so that expressions can be compared and kept."""
    return tuple(frozen(item) for item in value) if isinstance(value, list | tuple) else value


def thawed(value: Any) -> Any:
    """Return nested tuples as JSON lists."""
    return [thawed(item) for item in value] if isinstance(value, tuple) else value


def number_of(text: object) -> Decimal:
    """Return an exact number, written as text or integer; floats have no place in a rule."""
    if isinstance(text, bool) or not isinstance(text, str | int):
        raise DefinitionError("number", text)
    try:
        value = Decimal(text)
    except InvalidOperation:
        raise DefinitionError("number", text) from None
    if not _is_writable(value):
        raise DefinitionError("number", text)
    return value


def _is_writable(value: Decimal) -> bool:
    return value.is_finite() and abs(value) < Decimal(10) ** 30 and int(value.as_tuple().exponent) >= -MAX_PLACES


@dataclass(frozen=True)
class Scope:
    """The names an expression may use: facts and parameters, and which rows it can see."""

    facts: Mapping[str, ValueType] = field(default_factory=dict)
    parameters: frozenset[str] = frozenset()
    of_history: bool = False
    """A filter over past events: ``field`` is the past row, ``current`` the one being judged."""


def nodes(expression: Expression) -> Iterator[Expression]:
    """Yield the expression and every expression inside it."""
    yield expression
    for part in expression[1:]:
        if isinstance(part, tuple):
            yield from nodes(part)


def check(expression: Any, scope: Scope, wanted: ValueType = "boolean") -> Expression:
    """Return the expression, frozen, after proving its names, types, depth and size; `DefinitionError` otherwise."""
    tree = frozen(expression)
    if _depth(tree) > MAX_DEPTH:
        raise DefinitionError("too_deep", MAX_DEPTH)
    if isinstance(tree, tuple) and sum(1 for _node in nodes(tree)) > MAX_NODES:
        raise DefinitionError("too_large", MAX_NODES)
    found = _type_of(tree, scope)
    if found != wanted:
        raise DefinitionError("type", f"{wanted}, not {found}")
    return tree  # type: ignore[no-any-return]


def _depth(tree: Any) -> int:
    if not isinstance(tree, tuple):
        return 0
    # Stops early, so that a hostile tree cannot exhaust the stack.
    depth, level = 0, [tree]
    while level and depth <= MAX_DEPTH:
        depth += 1
        level = [part for node in level for part in node if isinstance(part, tuple)]
    return depth


def _type_of(tree: Any, scope: Scope) -> ValueType:
    if not isinstance(tree, tuple) or not tree or not isinstance(tree[0], str):
        raise DefinitionError("expression", tree)
    head, parts = tree[0], tree[1:]
    if head in LEAVES:
        return LEAVES[head](parts, scope)
    if head in CONNECTIVES:
        return _all(parts, "boolean", scope, at_least=2, gives="boolean")
    if head in ARITHMETIC:
        return _all(parts, "number", scope, at_least=2, gives="number", at_most=2 if head in "-/" else 8)
    if head in COMPARISONS:
        return _comparison(head, parts, scope)
    if head == "not":
        return _all(parts, "boolean", scope, at_least=1, at_most=1, gives="boolean")
    if head == "missing":
        _exactly(parts, 1)
        _type_of(parts[0], scope)
        return "boolean"
    if head == "multiple_of":
        return _all(parts, "number", scope, at_least=2, at_most=2, gives="boolean")
    if head == "in":
        return _membership(parts, scope)
    raise DefinitionError("operator", head)


def _exactly(parts: tuple[Any, ...], count: int) -> None:
    if len(parts) != count:
        raise DefinitionError("operands", len(parts))


def _all(parts: tuple[Any, ...], kind: ValueType, scope: Scope, *, at_least: int, gives: ValueType, at_most: int = 24) -> ValueType:
    if not at_least <= len(parts) <= at_most:
        raise DefinitionError("operands", len(parts))
    for part in parts:
        found = _type_of(part, scope)
        if found != kind:
            raise DefinitionError("type", f"{kind}, not {found}")
    return gives


def _comparison(head: str, parts: tuple[Any, ...], scope: Scope) -> ValueType:
    _exactly(parts, 2)
    left, right = (_type_of(part, scope) for part in parts)
    if left != right or (left != "number" and head not in ("=", "!=")):
        raise DefinitionError("type", f"{left} {head} {right}")
    return "boolean"


def _membership(parts: tuple[Any, ...], scope: Scope) -> ValueType:
    if not 2 <= len(parts) <= 40 or _type_of(parts[0], scope) != "text":
        raise DefinitionError("operands", len(parts))
    for word in parts[1:]:
        _word((word,), scope)
    return "boolean"


def _word(parts: tuple[Any, ...], scope: Scope) -> ValueType:
    _exactly(parts, 1)
    if not isinstance(parts[0], str) or len(parts[0]) > 60:
        raise DefinitionError("text", parts[0])
    return "text"


def _number(parts: tuple[Any, ...], scope: Scope) -> ValueType:
    _exactly(parts, 1)
    number_of(parts[0])
    return "number"


def _field(parts: tuple[Any, ...], scope: Scope) -> ValueType:
    _exactly(parts, 1)
    found = FIELDS.get(parts[0]) if isinstance(parts[0], str) else None
    if found is None or (scope.of_history and found.current_only):
        raise DefinitionError("unknown_field", parts[0])
    return found.type


def _current(parts: tuple[Any, ...], scope: Scope) -> ValueType:
    if not scope.of_history:
        raise DefinitionError("operator", "current")
    return _field(parts, Scope())


def _fact(parts: tuple[Any, ...], scope: Scope) -> ValueType:
    _exactly(parts, 1)
    if parts[0] not in scope.facts:
        raise DefinitionError("unknown_fact", parts[0])
    return scope.facts[parts[0]]


def _parameter(parts: tuple[Any, ...], scope: Scope) -> ValueType:
    _exactly(parts, 1)
    if parts[0] not in scope.parameters:
        raise DefinitionError("unknown_parameter", parts[0])
    return "number"


LEAVES: dict[str, Callable[[tuple[Any, ...], Scope], ValueType]] = {
    "number": _number,
    "text": _word,
    "field": _field,
    "current": _current,
    "fact": _fact,
    "param": _parameter,
}


def with_parameters(expression: Expression, values: Mapping[str, Decimal]) -> Expression:
    """Return the expression with every parameter replaced by its value and arithmetic on numbers done."""
    if expression[0] == "param":
        return ("number", str(values[expression[1]]))
    parts = tuple(with_parameters(part, values) if isinstance(part, tuple) else part for part in expression[1:])
    if expression[0] in ("+", "-", "*") and all(isinstance(part, tuple) and part[0] == "number" for part in parts):
        numbers = [Decimal(part[1]) for part in parts]
        act = {"+": EXACT.add, "-": EXACT.subtract, "*": EXACT.multiply}[expression[0]]
        total = EXACT.normalize(reduce(act, numbers))
        # A result with more places than a number may have stays the calculation it is.
        if _is_writable(total):
            return ("number", format(total, "f"))
    return (expression[0], *parts)


def names_of(expression: Expression, head: str) -> set[str]:
    """Return the names used under one leaf, for example all facts."""
    return {node[1] for node in nodes(expression) if node[0] == head}
