"""What became of the planted stories: asked of the stored hits, alerts and report rows, by the names of their tables."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date

from django.apps import apps

from crm.calendar import services as calendar
from demo.generate import make_world
from demo.loading.bank import told_world
from demo.world import Label, World


class NoDemoWorld(Exception):
    """There is no demo world in this database."""


@dataclass
class Score:
    """One scenario: stories found and missed, near misses that fired, and alerts on ordinary life."""

    scenario: int
    planted: int = 0
    found: int = 0
    near_misses: int = 0
    fired: int = 0
    false_alerts: int = 0
    false_per_thousand: float = 0.0
    wrong: list[str] = field(default_factory=list)


def loaded_world() -> World:
    """Return the demo world that is in this database, made again. Raises ``NoDemoWorld``."""
    told = told_world()
    if told is None:
        raise NoDemoWorld("There is no demo world in this database: `manage.py load_demo` first.")
    last_day = date.fromisoformat(told["last_day"])
    return make_world(last_day, seed=told["seed"], scale=told["scale"], business_day=calendar.business_day)


def score(world: World) -> list[Score]:
    """Return one score for each scenario that has stories in *world*, in order."""
    done = _done(world)
    scores = {scenario: Score(scenario) for scenario in sorted({label.scenario for label in world.labels})}
    for label in world.labels:
        _count(scores[label.scenario], label, label.expect_group in done[label.customer][label.scenario])
    told = {label.customer for label in world.labels}
    ordinary = [customer.core_number for customer in world.customers if customer.core_number not in told]
    days = len(ordinary) * ((world.last_day - world.judged_from.date()).days + 1)
    alerts = _alerts(ordinary)
    for scenario, one in scores.items():
        one.false_alerts = alerts[scenario]
        one.false_per_thousand = round(one.false_alerts * 1000 / days, 4)
    return list(scores.values())


def _count(one: Score, label: Label, happened: bool) -> None:
    if label.kind == "planted":
        one.planted += 1
        one.found += happened
    else:
        one.near_misses += 1
        one.fired += happened
    if happened != (label.kind == "planted"):
        one.wrong.append(f"{label.kind} {label.case} ({label.customer}, {label.trigger}): {label.why}")


def _done(world: World) -> dict[str, dict[int, set[str]]]:
    """Return for each labelled customer and scenario what was done: report, score, alert."""
    wanted = {label.customer for label in world.labels}
    done: dict[str, dict[int, set[str]]] = defaultdict(lambda: defaultdict(set))
    asked: tuple[tuple[str, str, str, str, dict[str, bool]], ...] = (
        ("report", "LargeValueRow", "customer__core_number", "rule__scenario", {}),
        ("alert", "Alert", "customer__core_number", "rule__scenario", {}),
        ("score", "Hit", "transaction__customer__core_number", "rule_version__rule__scenario", {"shadow": False, "supported": True}),
    )
    for what, model, customer, scenario, only in asked:
        rows = apps.get_model("risk", model)._default_manager.filter(**{f"{customer}__in": wanted}, **only)
        for core_number, number in rows.values_list(customer, scenario).distinct():
            done[core_number][number].add(what)
    return done


def _alerts(customers: list[str]) -> dict[int | None, int]:
    """Return the number of alerts on these customers by scenario."""
    counted: dict[int | None, int] = defaultdict(int)
    rows = apps.get_model("risk", "Alert")._default_manager.filter(customer__core_number__in=customers)
    for number in rows.values_list("rule__scenario", flat=True):
        counted[number] += 1
    return counted
