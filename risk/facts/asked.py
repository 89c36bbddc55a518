"""Facts as a person asks for them in one line: ``count(1d), mean(amount, 7d) before, rate(label, 7d) per counterparty``.

A small language over the declarations: each text becomes one `WindowFact` (a rate: two, divided), so that what is computed on a file is
what a rule would be told. Windows slide on event time, ``(t − w, t]``, and hold the event itself unless the text says ``before``; facts
of the label look at windows that ended a delay ago, because whether an event was bad is known only later.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from risk.facts.declarations import WindowFact
from risk.facts.expressions import Expression
from risk.facts.spans import DAY, HOUR, MAX_DAYS, MINUTE, Sliding

Side = Literal["key", "counterparty"]
SIDES: tuple[Side, ...] = ("key", "counterparty")
UNITS = {"m": MINUTE, "h": HOUR, "d": DAY}
MAX_ASKED = 60
EVERY = 2**31 - 1
"""No cap: a file's distinct counterparties are counted to the last."""
LABELLED: Expression = ("=", ("field", "kind"), ("text", "labelled"))
"""How a label stands in the ledger of a file: in the column that says of what kind an event is."""

_LENGTH = re.compile(r"(\d{1,6})\s*([mhd])", re.ASCII)
_ASKED = re.compile(r"([a-z]+)\s*\(\s*(?:([a-z]+)\s*,\s*)?(\d{1,6}\s*[mhd])\s*\)((?:\s+[a-z]+)*)", re.ASCII)
_ENDINGS: dict[str, tuple[bool, Side]] = {
    "": (True, "key"),
    "before": (False, "key"),
    "per key": (True, "key"),
    "before per key": (False, "key"),
    "per key before": (False, "key"),
    "per counterparty": (True, "counterparty"),
    "before per counterparty": (False, "counterparty"),
    "per counterparty before": (False, "counterparty"),
}
OF_AMOUNT = ("sum", "mean", "stddev", "max", "min")
SHAPES = (
    "count(7d), sum(amount, 7d), mean(amount, 7d), stddev(amount, 7d), max(amount, 7d), min(amount, 7d), gap(7d), "
    "distinct(counterparty, 7d), rate(label, 7d), count(label, 7d), sum(label, 7d); each may be followed by: before, per counterparty; "
    "units m, h, d"
)


class NotUnderstood(Exception):
    """A fact or a length of time is not of the language; the message says what is."""


@dataclass(frozen=True)
class Asked:
    """One asked fact: its text as given, whose history it looks at, and the declared fact; a rate is the first over the second."""

    text: str
    side: Side
    parts: tuple[WindowFact, ...]
    needs: frozenset[str]
    """What the file must tell: amount, label, counterparty."""


def length_of(text: str) -> int:
    """Return the microseconds of ``90m``, ``12h`` or ``7d``."""
    found = _LENGTH.fullmatch(text.strip())
    micros = int(found[1]) * UNITS[found[2]] if found else 0
    if not 0 < micros <= MAX_DAYS * DAY:
        raise NotUnderstood(f"“{text}” is not a length of time: write 90m, 12h or 7d, at most {MAX_DAYS}d.")
    return micros


def asked_of(text: str, delay: int) -> tuple[Asked, ...]:
    """Return the facts of a comma-separated text; ``delay`` (microseconds) is how long labels take to be known."""
    texts = [part.strip() for part in re.split(r",(?![^()]*\))", text)]
    if texts and not texts[-1]:
        texts.pop()  # a comma at the end
    if not texts:
        raise NotUnderstood(f"No fact is asked for. There are: {SHAPES}.")
    if len(texts) > MAX_ASKED:
        raise NotUnderstood(f"{len(texts)} facts at once are too many: ask for at most {MAX_ASKED}, the rest in another run.")
    for place, one in enumerate(texts):
        if one in texts[:place]:
            raise NotUnderstood(f"“{one}” is asked for twice.")
    return tuple(_one(one, delay) for one in texts)


def declared(asked: Sequence[Asked], side: Side) -> tuple[WindowFact, ...]:
    """Return the facts to compute for one side, each once."""
    return tuple({fact.identity: fact for one in asked if one.side == side for fact in one.parts}.values())


def _one(text: str, delay: int) -> Asked:
    found = _ASKED.fullmatch(text)
    ending = " ".join(found[4].split()) if found else ""
    if found is None or ending not in _ENDINGS:
        raise NotUnderstood(f"“{text}” is not a fact. There are: {SHAPES}.")
    formula, of, micros = found[1], found[2] or "", length_of(found[3])
    current, side = _ENDINGS[ending]
    if of == "label":
        if not current:
            raise NotUnderstood(f"“{text}”: facts of the label end before the event anyway; leave out “before”.")
        parts = _of_label(text, formula, micros, delay)
    else:
        parts = (_of_events(text, formula, of, Sliding(micros), current=current, side=side),)
    needs = {of} & {"amount", "label"} | ({"counterparty"} if "counterparty" in (of, side) else set())
    return Asked(text, side, parts, frozenset(needs))


def _of_label(text: str, formula: str, micros: int, delay: int) -> tuple[WindowFact, ...]:
    if micros + delay > MAX_DAYS * DAY:
        raise NotUnderstood(f"“{text}”: the window and the label's delay reach back more than {MAX_DAYS} days together; shorten one.")
    span = Sliding(micros, delay)
    every, labelled = _fact("count", span), _fact("count", span, where=LABELLED)
    parts = {"rate": (labelled, every), "sum": (labelled,), "count": (every,)}
    if formula not in parts:
        raise NotUnderstood(f"“{text}” is not a fact of the label: there are rate(label, 7d), count(label, 7d) and sum(label, 7d).")
    return parts[formula]


def _of_events(text: str, formula: str, of: str, span: Sliding, *, current: bool, side: Side) -> WindowFact:
    """Return the declaration; what is counted as distinct is always the other side."""
    other = "key" if side == "counterparty" else "counterparty"
    wanted = {**dict.fromkeys(OF_AMOUNT, "amount"), "count": "", "gap": "", "distinct": other}
    if formula not in wanted:
        raise NotUnderstood(f"“{text}”: there is no formula “{formula}”. There are: {SHAPES}.")
    if of != wanted[formula]:
        shape = f"{formula}({wanted[formula]}, 7d)" if wanted[formula] else f"{formula}(7d)"
        raise NotUnderstood(f"“{text}”: write {shape}.")
    if formula == "gap":
        return _fact(formula, span)
    if formula == "distinct":
        return _fact(formula, span, current=current, cap=EVERY)
    return _fact(formula, span, of=of, current=current)


def _fact(formula: str, span: Sliding, *, of: str = "", current: bool = False, where: Expression | None = None, cap: int = 0) -> WindowFact:
    return WindowFact(key="account", formula=formula, of=of, where=where, same=(), span=span, current=current, cap=cap)
