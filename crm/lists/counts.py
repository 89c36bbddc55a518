"""How many rows a list has: exact up to 10,000, then what the planner thinks."""

import json
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db.models import QuerySet

EXACT = 10_000


@dataclass(frozen=True)
class Count:
    """A number of rows; `about` when it is an estimate."""

    number: int
    about: bool = False


def count(rows: QuerySet[Any]) -> Count:
    """Exact up to `EXACT`, in one bounded query; above, a second one asks the planner and rounds to two figures."""
    plain = rows.order_by()
    try:
        exact = plain.values("pk")[: EXACT + 1].count()
    except EmptyResultSet:
        return Count(0)
    return Count(exact) if exact <= EXACT else Count(max(rounded(_planned(plain)), EXACT), about=True)


def _planned(rows: QuerySet[Any]) -> int:
    plan = json.loads(rows.values("pk").explain(format="json"))
    planned: float = plan[0]["Plan"]["Plan Rows"]
    return int(planned)


def rounded(number: int) -> int:
    """Two figures: an estimate must not look exact."""
    power = 10 ** max(len(str(number)) - 2, 0)
    return int(round(number / power) * power)
