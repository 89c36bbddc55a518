"""What expressions mean, in plain Python: exact fractions, three-valued logic, None for unknown."""

from collections.abc import Callable
from fractions import Fraction
from typing import Any

Read = Callable[[str, str], Any]
"""The value of a name: ``read("field", "amount")``; heads are field, current, fact and param."""
PLACES = 30


def value(tree: Any, read: Read) -> Any:
    """An expression's value; None is unknown."""
    head, *parts = tree
    if head in ("field", "current", "fact", "param"):
        found = read(head, parts[0])
        return found if found is None or isinstance(found, str | bool) else Fraction(found)
    if head == "number":
        return Fraction(parts[0])
    if head == "text":
        return parts[0]
    if head == "in":
        word = value(parts[0], read)
        return None if word is None else word in parts[1:]
    found = [value(part, read) for part in parts]
    if head == "missing":
        return found[0] is None
    if head == "and":
        return False if any(one is False for one in found) else None if None in found else True
    if head == "or":
        return True if any(one is True for one in found) else None if None in found else False
    if None in found:
        return None
    return not found[0] if head == "not" else _answer(head, found, parts, read)


def _answer(head: str, found: list[Any], parts: list[Any], read: Read) -> Any:
    first, *others = found
    match head:
        case "+":
            return sum(others, first)
        case "-":
            return first - others[0]
        case "*":
            for other in others:
                first *= other
            return first
        case "/":
            return first / others[0] if fixed(parts[1], read) else rounded(first / others[0], PLACES)
        case "multiple_of":
            return (first / others[0]).denominator == 1
    comparisons: dict[str, bool] = {
        "=": first == others[0],
        "!=": first != others[0],
        **({"<": first < others[0], "<=": first <= others[0]} if head in ("<", "<=") else {}),
        **({">": first > others[0], ">=": first >= others[0]} if head in (">", ">=") else {}),
    }
    return comparisons[head]


def fixed(tree: Any, read: Read) -> bool:
    """Whether a divisor is one number that can be written once the parameters are filled in: division by it is exact."""
    head, *parts = tree
    if head in ("number", "param"):
        return True
    if head not in ("+", "-", "*") or not all(fixed(part, read) for part in parts):
        return False
    number = value(tree, read)
    return bool((number * 10**18).denominator == 1 and abs(number) < 10**30)


def rounded(number: Fraction, places: int) -> Fraction:
    """Half away from zero."""
    scaled = abs(number) * 10**places
    whole = int(scaled + Fraction(1, 2))
    return Fraction(whole if number >= 0 else -whole, 10**places)
