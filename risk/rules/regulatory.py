"""Scenarios 1 to 5: large-value sums of a customer's bank day, and staying just below them."""

from typing import Any

from django.utils.translation import gettext_noop as _

from risk.choices import AnomalyKind
from risk.rules.words import Data, band, both, either, fact, field, is_text, leave, missing, number, param, parameter, window

PBOC = _("PBoC Order [2016] No. 3, art. 5")
CASH, TRANSFER = is_text("instrument", "cash"), is_text("instrument", "transfer")
PERSON, ORGANISATION = is_text("customer_kind", "person"), is_text("customer_kind", "organisation")
CROSS_BORDER = field("cross_border")


def _limits(cny: int, usd: int) -> Data:
    return {
        "limit_cny": parameter(cny, "CNY", _("Day sum in renminbi from which a report is due"), PBOC),
        "limit_usd": parameter(usd, "USD", _("Day sum of foreign currency in US dollars from which a report is due"), PBOC),
    }


def _day_sum(applies: Any, instrument: Any, reason: str, same: tuple[str, ...] = ()) -> Data:
    reached = either(
        both(is_text("currency_group", "CNY"), [">=", fact("day_sum"), param("limit_cny")]),
        both(is_text("currency_group", "USD"), [">=", fact("day_sum"), param("limit_usd")]),
    )
    return {
        "subject": "customer",
        "applies": applies,
        "facts": {
            "day_sum": window(
                "sum", "customer", {"bank_days": 1}, of="group_amount", where=instrument, same=("direction", "currency_group", *same)
            )
        },
        "bands": [band(reached, "low", reason, actions=("report_row",))],
        "exits": [leave("unrated", missing(field("group_amount")))],
        "evidence": ["day_sum"],
        "register": "day_sum",
        "never_suppressed": True,
    }


TEN_DAYS: Data = {"business_days": 10}


def _near(limit: str, instrument: Any) -> dict[str, Data]:
    """How often the amount lay just below a limit, and at or above it, in the same direction."""
    amount = field("amount_cny")
    below = both(instrument, [">=", amount, ["*", param("lower_share"), param(limit)]], ["<", amount, param(limit)])
    above = both(instrument, [">=", amount, param(limit)])
    return {
        f"near_{limit}": window("count", "customer", TEN_DAYS, where=below, same=("direction",)),
        f"above_{limit}": window("count", "customer", TEN_DAYS, where=above, same=("direction",)),
    }


def _structured(limit: str, whose: Any) -> Data:
    amount = field("amount_cny")
    when = both(
        whose,
        [">=", amount, ["*", param("lower_share"), param(limit)]],
        ["<", amount, param(limit)],
        [">=", fact(f"near_{limit}"), param("count")],
        ["=", fact(f"above_{limit}"), number(0)],
    )
    return band(when, "mid", f"below_{limit}", points=40, label="review", actions=("alert",))


STRUCTURING: Data = {
    "subject": "customer",
    "facts": {
        **_near("cash_limit", CASH),
        **_near("abroad_limit", both(TRANSFER, CROSS_BORDER)),
        **_near("person_limit", both(TRANSFER, ["not", CROSS_BORDER])),
        **_near("organisation_limit", TRANSFER),
    },
    "bands": [
        _structured("cash_limit", CASH),
        _structured("abroad_limit", both(TRANSFER, PERSON, CROSS_BORDER)),
        _structured("person_limit", both(TRANSFER, PERSON, ["not", CROSS_BORDER])),
        _structured("organisation_limit", both(TRANSFER, ORGANISATION)),
    ],
    "exits": [leave("unrated", missing(field("amount_cny")))],
    "evidence": ["near_cash_limit", "near_abroad_limit", "near_person_limit", "near_organisation_limit"],
}

RULES: list[dict[str, Any]] = [
    {
        "code": "large-cash",
        "scenario": 1,
        "name": _("Large cash in a day"),
        "anomaly": AnomalyKind.REGULATORY,
        "source": _("PBoC Order [2016] No. 3, art. 5 (1)"),
        "definition": _day_sum(CASH, CASH, "large_cash"),
        "parameters": _limits(50_000, 10_000),
    },
    {
        "code": "large-transfer-organisation",
        "scenario": 2,
        "name": _("Large transfers of an organisation in a day"),
        "anomaly": AnomalyKind.REGULATORY,
        "source": _("PBoC Order [2016] No. 3, art. 5 (2)"),
        "definition": _day_sum(both(TRANSFER, ORGANISATION), TRANSFER, "large_transfer_organisation"),
        "parameters": _limits(2_000_000, 200_000),
    },
    {
        "code": "large-transfer-person",
        "scenario": 3,
        "name": _("Large domestic transfers of a person in a day"),
        "anomaly": AnomalyKind.REGULATORY,
        "source": _("PBoC Order [2016] No. 3, art. 5 (3)"),
        "definition": _day_sum(both(TRANSFER, PERSON, ["not", CROSS_BORDER]), TRANSFER, "large_transfer_person", ("cross_border",)),
        "parameters": _limits(500_000, 100_000),
    },
    {
        "code": "large-transfer-abroad",
        "scenario": 4,
        "name": _("Large cross-border transfers of a person in a day"),
        "anomaly": AnomalyKind.REGULATORY,
        "source": _("PBoC Order [2016] No. 3, art. 5 (4)"),
        "definition": _day_sum(both(TRANSFER, PERSON, CROSS_BORDER), TRANSFER, "large_transfer_abroad", ("cross_border",)),
        "parameters": _limits(200_000, 10_000),
    },
    {
        "code": "structuring",
        "scenario": 5,
        "name": _("Structuring below a limit"),
        "anomaly": AnomalyKind.AMOUNT,
        "source": _("PBoC 2006; published vendor defaults (Ballerine, Didit); FATF"),
        "definition": STRUCTURING,
        "parameters": {
            "count": parameter(3, "transactions", _("Transactions just below the limit in ten business days"), "Ballerine, Didit"),
            "lower_share": parameter("0.8", "share", _("Just below means from this share of the limit"), "Ballerine"),
            "cash_limit": parameter(50_000, "CNY", _("Limit for cash"), PBOC),
            "abroad_limit": parameter(200_000, "CNY", _("Limit for a person's cross-border transfers"), PBOC),
            "person_limit": parameter(500_000, "CNY", _("Limit for a person's domestic transfers"), PBOC),
            "organisation_limit": parameter(2_000_000, "CNY", _("Limit for an organisation's transfers"), PBOC),
        },
    },
]
