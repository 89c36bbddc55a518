"""Scenarios about amounts: sums against limits, money passing through, habits, round figures, withdrawals, currencies without a rate."""

from typing import Any

from django.utils.translation import gettext_noop as _

from risk.choices import AnomalyKind
from risk.rules.words import (
    Data,
    band,
    both,
    dated,
    either,
    fact,
    field,
    is_text,
    last,
    leave,
    missing,
    param,
    parameter,
    window,
)

OWN = _("own proposal")
AMOUNT = field("amount_cny")
UNRATED = missing(AMOUNT)
REVIEW: Data = {"label": "review", "actions": ("alert",)}
WITHDRAWAL = is_text("kind", "withdrawal")


def rated_and(condition: Any) -> list[Any]:
    """Return a condition on the amount that lets amounts without a rate through, to leave by their own exit."""
    return either(UNRATED, condition)


CUMULATIVE: Data = {
    "subject": "customer",
    "facts": {
        "week_sum": window("sum", "customer", {"days": 7}, of="amount_cny", same=("direction",)),
        "limit": dated("week_limit", "customer_segment"),
    },
    "bands": [band([">", fact("week_sum"), fact("limit")], "mid", "above_week_limit", points=40, **REVIEW)],
    "exits": [leave("unrated", UNRATED), leave("no_reference_value", missing(fact("limit")))],
    "evidence": ["week_sum"],
}

# Money that comes from or goes to others; own savings, wages, loans and fees do not pass through.
ARRIVING = both(is_text("direction", "C"), ["in", field("kind"), "deposit", "transfer", "payment"])
LEAVING = both(is_text("direction", "D"), ["in", field("kind"), "withdrawal", "transfer", "payment"])
PASSES = both([">=", fact("in_day"), param("floor")], [">=", fact("out_day"), ["*", param("share"), fact("in_day")]])
PRIVATE = both(is_text("customer_kind", "person"), ["!=", field("customer_segment"), ["text", "merchant"]])
PASS_THROUGH: Data = {
    "subject": "account",
    "applies": LEAVING,
    "facts": {
        "in_day": window("sum", "account", {"hours": 24}, of="amount_cny", where=ARRIVING),
        "out_day": window("sum", "account", {"hours": 24}, of="amount_cny", where=LEAVING),
    },
    "bands": [
        band(both(PRIVATE, PASSES), "high", "passes_through", points=60, label="review", actions=("alert", "freeze_account")),
        band(PASSES, "mid", "passes_through_business", points=60, label="review", actions=("alert", "propose_freeze")),
    ],
    "exits": [leave("unrated", UNRATED)],
    "evidence": ["in_day", "out_day"],
}

MONTH_MEAN = fact("month_mean")
AGAINST_HISTORY: Data = {
    "subject": "account",
    "applies": rated_and([">=", AMOUNT, param("floor")]),
    "facts": {
        "month_mean": window("mean", "account", {"days": 30}, of="amount_cny", same=("direction",), now=False),
        "month_count": window("count", "account", {"days": 30}, same=("direction",), now=False),
    },
    "bands": [
        band(
            both([">=", fact("month_count"), param("history")], [">", AMOUNT, ["*", param(factor), MONTH_MEAN]]),
            level,
            reason,
            points=points,
        )
        for factor, level, reason, points in (("high", "mid", "far_above_own_mean", 40), ("times", "low", "above_own_mean", 20))
    ],
    "exits": [leave("unrated", UNRATED), leave("not_enough_history", ["<", fact("month_count"), param("history")])],
    "evidence": ["month_mean"],
}

ROUND = ["multiple_of", field("amount"), param("step")]
ROUND_AMOUNTS: Data = {
    "subject": "account",
    "applies": ROUND,
    "facts": {
        "round_count": last("count", "account", 10, 90, where=ROUND),
        "round_sum": last("sum", "account", 10, 90, of="amount_cny", where=ROUND),
    },
    "bands": [
        band(
            both([">=", fact("round_count"), param("count")], [">=", fact("round_sum"), param("floor")]), "low", "round_amounts", points=20
        ),
    ],
    "exits": [leave("unrated", UNRATED)],
    "evidence": ["round_count"],
}


def _hold(when: Any, reason: str) -> Data:
    return band(when, "high", reason, points=60, label="hold", actions=("alert",))


WITHDRAWALS: Data = {
    "subject": "account",
    "applies": both(WITHDRAWAL, is_text("direction", "D")),
    "facts": {
        "hour_count": window("count", "account", {"hours": 1}, where=WITHDRAWAL),
        "peak": window("max", "account", {"days_before": 90}, of="amount_cny", where=WITHDRAWAL, now=False),
        "balance": {"kind": "balance", "days": 180},
    },
    "bands": [
        _hold([">=", AMOUNT, param("large")], "large_withdrawal"),
        _hold(both([">=", AMOUNT, param("floor")], [">=", field("amount"), ["*", param("share"), fact("balance")]]), "drains_account"),
        _hold([">", AMOUNT, ["*", param("times"), fact("peak")]], "above_own_withdrawals"),
        _hold([">=", fact("hour_count"), param("count")], "many_withdrawals"),
    ],
    "exits": [
        leave("unrated", UNRATED),
        leave("no_recent_balance", missing(fact("balance"))),
        leave("not_enough_history", missing(fact("peak"))),
    ],
    "evidence": ["hour_count"],
}

NO_RATE: Data = {
    "subject": "customer",
    "facts": {},
    "bands": [band(UNRATED, "low", "no_rate", **REVIEW)],
}

RULES: list[dict[str, Any]] = [
    {
        "code": "amount-without-rate",
        "scenario": None,
        "name": _("Currency without a rate"),
        "anomaly": AnomalyKind.AMOUNT,
        "source": OWN,
        "definition": NO_RATE,
        "parameters": {},
    },
    {
        "code": "high-cumulative-amount",
        "scenario": 6,
        "name": _("High cumulative amount in seven days"),
        "anomaly": AnomalyKind.AMOUNT,
        "source": _("Ballerine (retail); own proposal (other segments)"),
        "definition": CUMULATIVE,
        "parameters": {},
    },
    {
        "code": "rapid-pass-through",
        "scenario": 9,
        "name": _("Rapid pass-through"),
        "anomaly": AnomalyKind.COUNTERPARTY,
        "source": "Oracle FCCM; Tazama; Didit",
        "definition": PASS_THROUGH,
        "parameters": {
            "floor": parameter(50_000, "CNY", _("Received within 24 hours at least"), "Didit"),
            "share": parameter("0.9", "share", _("Share of it that leaves within the same 24 hours"), "Oracle FCCM, Tazama"),
        },
    },
    {
        "code": "amount-against-history",
        "scenario": 11,
        "name": _("Amount against own history"),
        "anomaly": AnomalyKind.AMOUNT,
        "source": "Fraud Detection Handbook; Jube; Ballerine",
        "definition": AGAINST_HISTORY,
        "parameters": {
            "floor": parameter(1_000, "CNY", _("Smaller amounts are not compared"), "Ballerine"),
            "history": parameter(5, "transactions", _("Transactions in 30 days that make a history"), "Jube"),
            "times": parameter(3, "times", _("Times the own 30-day mean"), "Jube"),
            "high": parameter(5, "times", _("Times the own 30-day mean that count double"), OWN),
        },
    },
    {
        "code": "round-amounts",
        "scenario": 15,
        "name": _("Round amounts"),
        "anomaly": AnomalyKind.AMOUNT,
        "source": _("Oracle FCCM; own proposal (sum)"),
        "definition": ROUND_AMOUNTS,
        "parameters": {
            "step": parameter(10_000, "CNY", _("Multiples of this are round"), "Oracle FCCM"),
            "count": parameter(5, "transactions", _("Round ones among the last ten"), "Oracle FCCM"),
            "floor": parameter(200_000, "CNY", _("Sum of the round ones at least"), OWN),
        },
    },
    {
        "code": "large-withdrawal",
        "scenario": 33,
        "name": _("Large or draining withdrawal"),
        "anomaly": AnomalyKind.AMOUNT,
        "source": _("Exchange practice (crypto article); Didit"),
        "definition": WITHDRAWALS,
        "parameters": {
            "large": parameter(50_000, "CNY", _("A single withdrawal from this amount"), "Didit"),
            "share": parameter("0.8", "share", _("Share of the balance that drains an account"), _("crypto article")),
            "floor": parameter(10_000, "CNY", _("Smaller withdrawals do not drain"), _("crypto article")),
            "times": parameter(3, "times", _("Times the greatest withdrawal of the 90 days before"), "Didit"),
            "count": parameter(3, "transactions", _("Withdrawals within an hour"), "Didit"),
        },
    },
]
