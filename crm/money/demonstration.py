"""Rates to begin with: four days of published central parities, straight lines between them, the last one carried on.

They show the product at work and are labelled as what they are. A bank loads its own with `manage.py load_rates FILE`.
"""

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path

from django.utils.translation import gettext_noop

FILE = Path(__file__).resolve().parent / "data" / "anchors.csv"
FIRST, LAST = date(2025, 1, 1), date(2026, 12, 31)
INTERPOLATED = gettext_noop("demonstration: between two published days")
CARRIED = gettext_noop("demonstration: nearest published day")
PLACES = Decimal("0.00000001")


@dataclass(frozen=True, kw_only=True, slots=True)
class DemonstrationRate:
    """One day's rate of one currency."""

    currency: str
    day: date
    cny_per_unit: Decimal
    source: str


def rates() -> Iterator[DemonstrationRate]:
    """Every currency and calendar day of 2025 and 2026."""
    with FILE.open(encoding="utf-8", newline="") as stream:
        anchors = list(csv.DictReader(stream))
    for currency in (name for name in anchors[0] if name not in ("day", "source")):
        points = [(date.fromisoformat(row["day"]), Decimal(row[currency])) for row in anchors]
        yield from _of(currency, points, f"{anchors[0]['source']}")


def _of(currency: str, points: list[tuple[date, Decimal]], published: str) -> Iterator[DemonstrationRate]:
    known = dict(points)
    day = FIRST
    while day <= LAST:
        if day in known:
            value, source = known[day], published
        elif day < points[0][0]:
            value, source = points[0][1], CARRIED
        elif day > points[-1][0]:
            value, source = points[-1][1], CARRIED
        else:
            value, source = _between(points, day), INTERPOLATED
        yield DemonstrationRate(currency=currency, day=day, cny_per_unit=value, source=source)
        day += timedelta(days=1)


def _between(points: list[tuple[date, Decimal]], day: date) -> Decimal:
    (first, low), (last, high) = next(pair for pair in pairwise(points) if pair[0][0] < day < pair[1][0])
    return (low + (high - low) * (day - first).days / (last - first).days).quantize(PLACES)
