"""Short words for writing definitions in Python; what is stored is plain JSON."""

from typing import Any

Data = dict[str, Any]


def field(name: str) -> list[str]:
    """Return a value of the event."""
    return ["field", name]


def current(name: str) -> list[str]:
    """Return, in a filter over past events, a value of the event being judged."""
    return ["current", name]


def fact(name: str) -> list[str]:
    """Return a fact of the rule."""
    return ["fact", name]


def param(name: str) -> list[str]:
    """Return a parameter of the rule."""
    return ["param", name]


def number(value: int | str) -> list[str]:
    """Return a fixed number."""
    return ["number", str(value)]


def is_text(name: str, value: str) -> list[Any]:
    """Return whether a text field has a value."""
    return ["=", field(name), ["text", value]]


def both(*conditions: Any) -> list[Any]:
    """Return whether all conditions hold."""
    return ["and", *conditions]


def either(*conditions: Any) -> list[Any]:
    """Return whether any condition holds."""
    return ["or", *conditions]


def missing(value: Any) -> list[Any]:
    """Return whether a value is unknown."""
    return ["missing", value]


def window(formula: str, key: str, span: Data, *, of: str = "", where: Any = None, same: tuple[str, ...] = (), now: bool = True) -> Data:
    """Return a window fact; ``now`` says whether the event being judged is part of it."""
    return _fact("window", key, formula, of, where, same) | {"window": span, "current": now}


def last(formula: str, key: str, count: int, days: int, *, of: str = "", where: Any = None, same: tuple[str, ...] = ()) -> Data:
    """Return a fact over the last events."""
    return _fact("last", key, formula, of, where, same) | {"count": count, "days": days}


def daily_peak(formula: str, key: str, days: int, *, of: str = "", where: Any = None, same: tuple[str, ...] = ()) -> Data:
    """Return the greatest daily figure of the days before today."""
    return _fact("daily_peak", key, formula, of, where, same) | {"days": days}


def dated(table: str, of: str) -> Data:
    """Return a dated reference."""
    return {"kind": "dated", "table": table, "of": of}


def _fact(kind: str, key: str, formula: str, of: str, where: Any, same: tuple[str, ...]) -> Data:
    data: Data = {"kind": kind, "key": key, "formula": formula}
    if of:
        data["of"] = of
    if where is not None:
        data["where"] = where
    if same:
        data["same"] = list(same)
    return data


def band(when: Any, level: str, reason: str, *, points: int = 0, label: str = "allow", actions: tuple[str, ...] = ()) -> Data:
    """Return a way to hit."""
    return {"when": when, "band": level, "reason": reason, "points": points, "label": label, "actions": list(actions)}


def leave(name: str, when: Any, label: str = "") -> Data:
    """Return a way not to answer."""
    return {"name": name, "when": when, **({"label": label} if label else {})}


def parameter(value: int | str, unit: str, label: str, source: str = "") -> Data:
    """Return a threshold; ``label`` is English and translated on the page."""
    return {"value": str(value), "unit": unit, "label": label, "source": source}
