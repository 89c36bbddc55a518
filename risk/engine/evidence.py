"""What an alert rests on, as a page shows it: facts with their values, thresholds, and the transactions behind them."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db.models import Sum
from django.utils.translation import gettext as _

from risk.models import Alert, Hit
from risk.rules.definition import Parameter, parameters_of
from risk.rules.labels import fact_label
from risk.rules.text import UNIT_LABELS
from transactions.models import Transaction

SHOWN = 50
SIGNS = {">=": "≥", ">": ">", "<=": "≤", "<": "<", "=": "=", "!=": "≠"}


@dataclass(frozen=True)
class Line:
    """One fact with its value and what it is compared with, or one threshold."""

    label: str
    value: str
    threshold: str = ""


@dataclass(frozen=True)
class Evidence:
    """The evidence of the newest hit that is still supported, and the transactions of all hits, newest first."""

    lines: tuple[Line, ...]
    transactions: tuple[Transaction, ...]
    more: int
    total: Decimal = Decimal(0)
    """Sum of all of them in CNY, also of those not shown."""


def evidence_of(alert: Alert) -> Evidence:
    """Return the evidence of an alert; in a case several alerts show theirs side by side."""
    joined = alert.alert_hits.select_related("hit__rule_version__rule").order_by("-hit__supported", "-transaction__event_order")
    hits = [row.hit for row in joined[:200]]
    if not hits:
        return Evidence((), (), 0)
    ids: set[int] = {hit.transaction_id for hit in hits}
    for hit in hits:
        ids.update(hit.evidence.get("matched", []))
    rows = Transaction.objects.filter(pk__in=ids).select_related("account").order_by("-event_order")
    total = rows.aggregate(total=Sum("amount_cny"))["total"] or Decimal(0)
    return Evidence(lines_of(hits[0]), tuple(rows[:SHOWN]), max(len(ids) - SHOWN, 0), total)


def lines_of(hit: Hit) -> tuple[Line, ...]:
    """Return the facts of one hit, each beside the thresholds it is compared with, then the other thresholds, in the reader's language."""
    parameters = parameters_of(hit.rule_version.parameters)
    bounds = bounds_of([band["when"] for band in hit.rule_version.definition["bands"]])
    facts = [
        Line(
            fact_label(name),
            _number(value),
            " / ".join(f"{SIGNS[sign]} {_amount(parameters[parameter])}" for sign, parameter in bounds.get(name, ())),
        )
        for name, value in hit.evidence.get("facts", {}).items()
    ]
    shown = {parameter for name in hit.evidence.get("facts", {}) for _sign, parameter in bounds.get(name, ())}
    others = [Line(_(item.label), "", _amount(item)) for name, item in parameters.items() if name not in shown]
    return (*facts, *others)


def bounds_of(conditions: Iterable[Any]) -> dict[str, list[tuple[str, str]]]:
    """Return, for each fact that conditions compare with a parameter itself, the comparisons: ``{fact: [(sign, parameter)]}``."""
    found: dict[str, list[tuple[str, str]]] = {}
    for condition in conditions:
        if not isinstance(condition, list) or not condition:
            continue
        if condition[0] in SIGNS and len(condition) == 3:
            left, right = condition[1], condition[2]
            if isinstance(left, list) and left[:1] == ["fact"] and isinstance(right, list) and right[:1] == ["param"]:
                pairs = found.setdefault(left[1], [])
                pairs += [(condition[0], right[1])] if (condition[0], right[1]) not in pairs else []
        for name, pairs in bounds_of(condition[1:]).items():
            found.setdefault(name, []).extend(pair for pair in pairs if pair not in found.get(name, []))
    return found


def _amount(item: Parameter) -> str:
    return f"{_number(str(item.value))} {UNIT_LABELS.get(item.unit, '')}".strip()


def _number(value: Any) -> str:
    if value is None:
        return _("unknown")
    try:
        number = Decimal(value)
    except InvalidOperation:
        return str(value)
    return f"{number:,.0f}" if number == number.to_integral_value() else f"{number:,.2f}"
