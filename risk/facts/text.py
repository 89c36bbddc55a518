"""Expressions as people read them."""

from typing import Any

from risk.facts.expressions import Expression

_LOOSE = {"or": 1, "and": 2, "not": 3, "=": 4, "!=": 4, "<": 4, "<=": 4, ">": 4, ">=": 4, "+": 5, "-": 5, "*": 6, "/": 6}
_SIGNS = {"!=": "≠", "<=": "≤", ">=": "≥", "*": "×", "/": "÷", "-": "−"}


def condition_text(tree: Any, around: int = 0) -> str:
    """Return an expression in one line, with as few brackets as it needs."""
    head, parts = tree[0], tree[1:]
    if head in ("number", "text", "fact", "param", "field"):
        return str(parts[0]).replace("_", " ") if head != "text" else f"“{parts[0]}”"
    if head == "current":
        return f"this event's {str(parts[0]).replace('_', ' ')}"
    if head == "missing":
        return f"{condition_text(parts[0], 9)} is unknown"
    if head == "in":
        return f"{condition_text(parts[0], 9)} is one of {', '.join(parts[1:])}"
    if head == "multiple_of":
        return f"{condition_text(parts[0], 9)} is a multiple of {condition_text(parts[1], 9)}"
    rank = _LOOSE[head]
    if head == "not":
        text = f"not {condition_text(parts[0], rank)}"
    else:
        text = f" {_SIGNS.get(head, head)} ".join(condition_text(part, rank) for part in parts)
    return f"({text})" if rank < around or (rank == around and head in "-/") else text


__all__ = ["Expression", "condition_text"]
