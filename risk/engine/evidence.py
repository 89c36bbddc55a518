"""What an alert rests on, as a page shows it: facts with their values, thresholds, and the transactions behind them."""

from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any

from django.db.models import Sum
from django.utils.translation import gettext as _

from risk.models import Alert, Hit
from risk.rules.definition import parameters_of
from risk.rules.labels import fact_label
from risk.rules.text import UNIT_LABELS
from transactions.models import Transaction

SHOWN = 50


@dataclass(frozen=True)
class Line:
    """One fact with its value, or one threshold."""

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
    """Return the facts and thresholds of one hit in the reader's language."""
    facts = [Line(fact_label(name), _number(value)) for name, value in hit.evidence.get("facts", {}).items()]
    parameters = parameters_of(hit.rule_version.parameters).values()
    thresholds = [Line(_(item.label), "", f"{_number(str(item.value))} {UNIT_LABELS.get(item.unit, '')}".strip()) for item in parameters]
    return (*facts, *thresholds)


def _number(value: Any) -> str:
    if value is None:
        return _("unknown")
    try:
        number = Decimal(value)
    except InvalidOperation:
        return str(value)
    return f"{number:,.0f}" if number == number.to_integral_value() else f"{number:,.2f}"
