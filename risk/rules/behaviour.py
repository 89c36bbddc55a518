"""Scenarios about habits: how often, when, with whom."""

from typing import Any

from django.utils.translation import gettext_noop as _

from risk.choices import AnomalyKind, RuleState
from risk.rules.amounts import AMOUNT, OWN, REVIEW, UNRATED, rated_and
from risk.rules.words import (
    Data,
    band,
    both,
    current,
    daily_peak,
    dated,
    either,
    fact,
    field,
    last,
    leave,
    missing,
    number,
    param,
    parameter,
    window,
)

STARTED = field("customer_initiated")

COUNT_AGAINST_HISTORY: Data = {
    "subject": "account",
    "facts": {
        "three_days": window("count", "account", {"days": 3}),
        "half_year": window("count", "account", {"days": 180}, now=False),
    },
    "bands": [
        band(
            both(
                [">=", fact("three_days"), param("count")],
                # 180 days hold sixty times three days.
                [">", fact("three_days"), ["*", param("times"), ["/", fact("half_year"), number(60)]]],
            ),
            "low",
            "more_often_than_usual",
            points=20,
        )
    ],
    "evidence": ["three_days"],
}

SIMILAR = both(
    [">=", AMOUNT, param("floor")],
    [">=", AMOUNT, ["*", ["-", number(1), param("tolerance")], current("amount_cny")]],
    ["<=", AMOUNT, ["*", ["+", number(1), param("tolerance")], current("amount_cny")]],
)
BURST: Data = {
    "subject": "account",
    "facts": {
        "day_count": window("count", "account", {"hours": 24}),
        "peak": daily_peak("count", "account", 60),
        "similar": last("count", "account", 10, 90, where=SIMILAR),
    },
    "bands": [
        band(
            both([">=", fact("day_count"), param("count")], [">=", fact("day_count"), ["*", param("times"), fact("peak")]]),
            "mid",
            "burst",
            points=40,
            **REVIEW,
        ),
        band(both([">=", AMOUNT, param("floor")], [">=", fact("similar"), param("alike")]), "low", "similar_amounts", points=20),
    ],
    "exits": [
        leave("unrated", UNRATED),
        leave("not_enough_history", both(missing(fact("peak")), [">=", fact("day_count"), param("count")])),
    ],
    "evidence": ["day_count"],
}

LISTED = ["not", missing(fact("listed"))]
GEOGRAPHY: Data = {
    "subject": "customer",
    "facts": {"listed": dated("high_risk_country", "counterparty_country")},
    "bands": [
        band(both(LISTED, [">=", AMOUNT, param("floor")]), "high", "high_risk_country_amount", points=60, **REVIEW),
        band(LISTED, "low", "high_risk_country", points=30),
    ],
}

NIGHT = both(
    STARTED,
    ["!=", field("channel"), ["text", "batch"]],
    [">=", field("hour"), param("from_hour")],
    ["<", field("hour"), param("until_hour")],
)
UNUSUAL_HOUR: Data = {
    "subject": "account",
    "applies": NIGHT,
    "facts": {"nights": window("count", "account", {"days": 90}, where=both(NIGHT, [">=", AMOUNT, param("floor")]), now=False)},
    "bands": [
        band(both([">=", AMOUNT, param("floor")], ["<", fact("nights"), param("habit")]), "low", "unusual_hour", points=30, **REVIEW),
    ],
    "exits": [leave("unrated", UNRATED)],
    "evidence": ["nights"],
}

SMALL = ["<=", AMOUNT, param("small")]
MANY_SMALL: Data = {
    "subject": "account",
    "applies": rated_and(SMALL),
    "facts": {
        "hour_count": window("count", "account", {"hours": 1}, where=SMALL, same=("direction",)),
        "habit": daily_peak("count", "account", 60, where=SMALL, same=("direction",)),
        "minimum": dated("small_burst", "customer_segment"),
    },
    "bands": [
        band(
            both(
                [">=", fact("hour_count"), fact("minimum")],
                either(missing(fact("habit")), [">=", fact("hour_count"), ["*", param("times"), fact("habit")]]),
            ),
            "mid",
            "many_small",
            points=40,
            **REVIEW,
        )
    ],
    "exits": [leave("unrated", UNRATED), leave("no_reference_value", missing(fact("minimum")))],
    "evidence": ["hour_count"],
}

RULES: list[dict[str, Any]] = [
    {
        "code": "count-against-history",
        "scenario": 12,
        "name": _("Count against own history"),
        "anomaly": AnomalyKind.FREQUENCY,
        "source": "Ballerine",
        "definition": COUNT_AGAINST_HISTORY,
        "parameters": {
            "count": parameter(3, "transactions", _("Transactions in three days at least"), "Ballerine"),
            "times": parameter(2, "times", _("Times the own 180-day average of three days"), "Ballerine"),
        },
        "state": RuleState.TEST,
    },
    {
        "code": "velocity-burst",
        "scenario": 13,
        "name": _("Velocity burst"),
        "anomaly": AnomalyKind.FREQUENCY,
        "source": _("Jube; Tazama; own proposal (minimum count)"),
        "definition": BURST,
        "parameters": {
            "count": parameter(15, "transactions", _("Transactions in 24 hours at least"), OWN),
            "times": parameter(3, "times", _("Times the own greatest day of the 60 days before"), "Jube"),
            "alike": parameter(3, "transactions", _("Similar amounts among the last ten"), "Tazama"),
            "tolerance": parameter("0.1", "share", _("Similar means within this share"), "Tazama"),
            "floor": parameter(1_000, "CNY", _("Smaller amounts are not compared"), "Tazama"),
        },
    },
    {
        "code": "high-risk-geography",
        "scenario": 16,
        "name": _("High-risk country"),
        "anomaly": AnomalyKind.COUNTERPARTY,
        "source": "FATF; Oracle FCCM; Didit",
        "definition": GEOGRAPHY,
        "parameters": {"floor": parameter(10_000, "CNY", _("From this amount a person reviews"), "Didit")},
    },
    {
        "code": "unusual-hour",
        "scenario": 34,
        "name": _("Unusual hour"),
        "anomaly": AnomalyKind.TIME,
        "source": _("manual 5.4; own proposal (values)"),
        "definition": UNUSUAL_HOUR,
        "parameters": {
            "from_hour": parameter(1, "hours", _("The night begins at"), OWN),
            "until_hour": parameter(5, "hours", _("The night ends before"), OWN),
            "floor": parameter(5_000, "CNY", _("Smaller amounts are not looked at"), OWN),
            "habit": parameter(3, "transactions", _("So many such nights in 90 days are a habit"), OWN),
        },
    },
    {
        "code": "many-small-amounts",
        "scenario": 35,
        "name": _("Many small amounts in a short time"),
        "anomaly": AnomalyKind.FREQUENCY,
        "source": _("behaviour report 6.2; own proposal (values)"),
        "definition": MANY_SMALL,
        "parameters": {
            "small": parameter(200, "CNY", _("Small means up to"), OWN),
            "times": parameter(5, "times", _("Times the own greatest day of the 60 days before"), OWN),
        },
    },
]
