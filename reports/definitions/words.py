"""The report's figures in the reader's language."""

from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from risk.choices import AlertState, Disposition, Label
from risk.models import Rule

TOTALS: dict[str, Promise] = {
    "transactions": gettext_lazy("Transactions received"),
    "debit": gettext_lazy("Debits (CNY)"),
    "credit": gettext_lazy("Credits (CNY)"),
    "unrated": gettext_lazy("Without exchange rate"),
    "refused": gettext_lazy("Refused"),
    "judged": gettext_lazy("Judged"),
    "alerts": gettext_lazy("Alerts raised"),
    "cases_opened": gettext_lazy("Cases opened"),
    "cases_closed": gettext_lazy("Cases closed"),
    "freezes_placed": gettext_lazy("Freezes placed"),
    "freezes_lifted": gettext_lazy("Freezes lifted"),
    "freezes_lapsed": gettext_lazy("Freezes lapsed"),
    "large_value_rows": gettext_lazy("Large-value rows drafted"),
}
"""What the totals count, in the order they are read; the stored figures come back in the order of PostgreSQL's JSON."""


def ordered_totals(totals: dict[str, Any]) -> list[tuple[str, str, Any]]:
    """Return key, label and value of each total, in the order of reading."""
    return [(key, str(label), totals[key]) for key, label in TOTALS.items() if key in totals]


def label_label(key: str) -> str:
    """Return a verdict's label."""
    return _("Verdict: %(label)s") % {"label": Label(key).label}


def disposition_label(key: str) -> str:
    """Return a disposition."""
    return str(Disposition(key).label)


def handled_label(key: str) -> str:
    """Return how an event was handled."""
    return str(Disposition(key).label if key in Disposition.values else AlertState(key).label)


def rule_names() -> dict[str, str]:
    """Return the names of all rules by code."""
    return {code: _(name) for code, name in Rule.objects.values_list("code", "name")}
