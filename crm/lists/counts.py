"""How many rows a list has and what reading them costs: exact up to 10,000 where counting is cheap, else what the planner thinks."""

import json
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db.models import QuerySet

EXACT = 10_000
AFFORDABLE = 12_000.0
"""Planner's units, some thirty milliseconds. A count that costs more (few rows among millions) is estimated instead (ADR-0069)."""
UNBEARABLE = 22_000.0
"""Planner's units, a tenth of a second and more: a page that costs more is not read, its reader is asked to narrow the list."""


@dataclass(frozen=True)
class Count:
    """A number of rows; `about` when it is an estimate."""

    number: int
    about: bool = False


@dataclass(frozen=True)
class Plan:
    """What the planner expects: how many rows, and the cost of all of them in its units."""

    rows: int
    cost: float


def planned(rows: QuerySet[Any]) -> Plan:
    """Ask the planner, which reads nothing; one statement of about a millisecond."""
    told = rows.explain(format="json")
    if not told:  # Django knows already that nothing fits
        return Plan(0, 0.0)
    plan = json.loads(told)[0]["Plan"]
    return Plan(int(plan["Plan Rows"]), float(plan["Total Cost"]))


def count(rows: QuerySet[Any], plan: Plan | None = None) -> Count:
    """Exact up to `EXACT`, in one bounded query, unless that is dear or the planner expects more than twice as many; then its guess."""
    plain = bare(rows)
    plan = plan or planned(plain)
    if plan.rows > 2 * EXACT or plan.cost * min(1.0, EXACT / max(plan.rows, 1)) > AFFORDABLE:
        return Count(rounded(plan.rows), about=True)
    try:
        exact = plain[: EXACT + 1].count()
    except EmptyResultSet:
        return Count(0)
    return Count(exact) if exact <= EXACT else Count(max(rounded(plan.rows), EXACT), about=True)


def bare(rows: QuerySet[Any]) -> QuerySet[Any]:
    """The rows by their keys alone, in no order: what is counted."""
    return rows.order_by().select_related(None).values("pk")


def rounded(number: int) -> int:
    """Two figures: an estimate must not look exact."""
    power = 10 ** max(len(str(number)) - 2, 0)
    return int(round(number / power) * power)
