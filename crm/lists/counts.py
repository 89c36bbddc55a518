"""How many rows a list has: exact up to 10,000 where counting is cheap, else what the planner thinks."""

import json
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db.models import QuerySet

EXACT = 10_000
AFFORDABLE = 12_000.0
"""Planner's units, some thirty milliseconds. A count that costs more (few rows among millions) is estimated instead (ADR-0069)."""


@dataclass(frozen=True)
class Count:
    """A number of rows; `about` when it is an estimate."""

    number: int
    about: bool = False


def count(rows: QuerySet[Any]) -> Count:
    """Exact up to `EXACT` where that costs little, in one bounded query after the planner was asked; otherwise its guess in two figures."""
    plain = rows.order_by().select_related(None).values("pk")
    try:
        guess, cost = _planned(plain)
        if cost * min(1.0, EXACT / max(guess, 1)) > AFFORDABLE:
            return Count(rounded(guess), about=True)
        exact = plain[: EXACT + 1].count()
    except EmptyResultSet:
        return Count(0)
    return Count(exact) if exact <= EXACT else Count(max(rounded(guess), EXACT), about=True)


def _planned(rows: QuerySet[Any]) -> tuple[int, float]:
    """How many rows the planner expects, and what reading them all would cost."""
    plan = json.loads(rows.explain(format="json"))[0]["Plan"]
    return int(plan["Plan Rows"]), float(plan["Total Cost"])


def rounded(number: int) -> int:
    """Two figures: an estimate must not look exact."""
    power = 10 ** max(len(str(number)) - 2, 0)
    return int(round(number / power) * power)
