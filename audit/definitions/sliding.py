"""Windows that slide over lines: where does a subject reach its threshold first, and what stood in the window then?"""

import math
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from audit.definitions.patterns import Measure

EARTH = 6371.0
# Two networks of one town, or a phone beside a desk, are no journey.
NEAR = 200.0


@dataclass(frozen=True)
class Line:
    """What a pattern needs of a line."""

    at: datetime
    uid: str
    subject: str
    thing: str
    address: str


@dataclass(frozen=True)
class Burst:
    """A subject that reached its threshold, and the lines of that window."""

    subject: str
    measured: int
    lines: tuple[Line, ...]


Place = tuple[str, float, float]
Places = Callable[[str], Place | None]


def bursts(lines: Iterable[Line], *, measure: Measure, threshold: int, window: timedelta, places: Places) -> Iterator[Burst]:
    """Each time that a subject reaches the threshold; after that not before a whole window has passed. Lines come in order of time."""
    held: dict[str, deque[Line]] = {}
    quiet: dict[str, datetime] = {}
    for line in lines:
        inside = held.setdefault(line.subject, deque())
        while inside and line.at - inside[0].at >= window:
            inside.popleft()
        inside.append(line)
        if line.subject in quiet and line.at < quiet[line.subject]:
            continue
        measured = _travel(inside, places) if measure == "travel" else _measured(inside, measure)
        if measured >= threshold:
            quiet[line.subject] = line.at + window
            yield Burst(line.subject, measured, tuple(inside))


def _measured(inside: deque[Line], measure: Measure) -> int:
    if measure == "distinct":
        return len(Counter(line.thing for line in inside))
    return sum(int(line.thing or 0) for line in inside) if measure == "sum" else len(inside)


def _travel(inside: deque[Line], places: Places) -> int:
    """Kilometres an hour that the newest sign-in takes from the one before it; 0 where a place is unknown or near."""
    if len(inside) < 2:
        return 0
    before, now = inside[-2], inside[-1]
    here, there = places(now.thing), places(before.thing)
    if here is None or there is None or here[0] == there[0]:
        return 0
    far = distance(here[1:], there[1:])
    hours = max((now.at - before.at).total_seconds(), 60.0) / 3600
    return int(far / hours) if far > NEAR else 0


def distance(one: tuple[float, float], other: tuple[float, float]) -> float:
    """Kilometres along the great circle between two places in degrees (haversine)."""
    lat1, lon1, lat2, lon2 = (math.radians(value) for value in (*one, *other))
    half = math.sin((lat2 - lat1) / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * EARTH * math.asin(math.sqrt(half))
