"""Dated references the shipped rules read, with their sources."""

from dataclasses import dataclass
from datetime import date

ALWAYS = date(2000, 1, 1)
OWN = "own proposal"


@dataclass(frozen=True)
class Reference:
    """One value from a day on."""

    table: str
    key: str
    value: int
    valid_from: date
    source: str


WEEK_LIMITS = {"retail": 200_000, "student": 200_000, "pensioner": 200_000, "merchant": 2_000_000, "corporate": 5_000_000}
SMALL_BURSTS = {"retail": 20, "student": 20, "pensioner": 20, "merchant": 200, "corporate": 200}
CALL_FOR_ACTION = {"KP": date(2011, 2, 25), "IR": date(2020, 2, 21), "MM": date(2022, 10, 21)}


def shipped_references() -> list[Reference]:
    """Return the references in a stable order."""
    published = {"retail": "Ballerine"}
    rows = [Reference("week_limit", segment, value, ALWAYS, published.get(segment, OWN)) for segment, value in WEEK_LIMITS.items()]
    rows += [Reference("small_burst", segment, value, ALWAYS, OWN) for segment, value in SMALL_BURSTS.items()]
    rows += [
        Reference("high_risk_country", country, 1, since, "FATF, jurisdictions subject to a call for action")
        for country, since in CALL_FOR_ACTION.items()
    ]
    rows += [Reference("label_points", label, points, ALWAYS, OWN) for label, points in (("review", 60), ("hold", 120))]
    return rows
