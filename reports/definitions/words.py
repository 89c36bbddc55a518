"""The report's figures in the reader's language."""

from django.utils.translation import gettext as _

from risk.choices import AlertState, Disposition, Label
from risk.models import Rule


def total_label(key: str) -> str:
    """Return what a total counts."""
    labels = {
        "transactions": _("Transactions received"),
        "debit": _("Debits (CNY)"),
        "credit": _("Credits (CNY)"),
        "unrated": _("Without exchange rate"),
        "refused": _("Refused"),
        "judged": _("Judged"),
        "alerts": _("Alerts raised"),
        "cases_opened": _("Cases opened"),
        "cases_closed": _("Cases closed"),
        "freezes_placed": _("Freezes placed"),
        "freezes_lifted": _("Freezes lifted"),
        "freezes_lapsed": _("Freezes lapsed"),
        "large_value_rows": _("Large-value rows drafted"),
    }
    return labels[key]


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
