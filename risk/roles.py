"""What each role may do with rules, alerts and cases, and how far."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

OFFICER = {
    "risk.view_alert": "all",
    "risk.work_alert": "all",
    "risk.view_case": "all",
    "risk.work_case": "all",
    "risk.export_case": "all",
    "risk.view_inquiry": "all",
    "risk.view_rule": "all",
    "risk.view_assessment": "all",
    "risk.view_backtest": "all",
    "risk.view_largevaluerow": "all",
    "risk.decide_largevaluerow": "all",
    "risk.see_delay": "all",
}
SUPERVISOR = {
    **OFFICER,
    "risk.add_backtest": "all",
    "risk.assign_alert": "all",
    "risk.snooze_alert": "all",
    "risk.export_alert": "all",
    "risk.export_largevaluerow": "all",
    "risk.judge_again": "all",
}

ROLES: dict[str, dict[str, str]] = {
    "relationship-manager": {"risk.view_inquiry": "own", "risk.answer_inquiry": "own"},
    "branch-manager": {"risk.view_alert": "branch", "risk.view_assessment": "branch", "risk.view_largevaluerow": "branch"},
    "risk-officer": OFFICER,
    "risk-supervisor": SUPERVISOR,
    "auditor": {
        "risk.view_alert": "all",
        "risk.view_case": "all",
        "risk.view_inquiry": "all",
        "risk.view_rule": "all",
        "risk.view_backtest": "all",
        "risk.view_assessment": "all",
        "risk.view_largevaluerow": "all",
    },
    "operations": {"risk.see_delay": "all"},
    "system-officer": {"risk.hear_failures": "all", "risk.see_delay": "all"},
    "service-system": {
        "risk.view_alert": "all",
        "risk.view_case": "all",
        "risk.judge_transaction": "all",
        "risk.judge_again": "all",
        "risk.load_rules": "all",
        "risk.view_rule": "all",
    },
}

# What the security officer reads in the role table.
LABELS: dict[str, Promise] = {
    "risk.add_backtest": _("Try rules on the past"),
    "risk.view_backtest": _("View back-tests"),
    "risk.answer_inquiry": _("Answer inquiries"),
    "risk.assign_alert": _("Assign alerts"),
    "risk.decide_largevaluerow": _("Decide on large-value rows"),
    "risk.export_alert": _("Export alerts"),
    "risk.export_case": _("Export cases"),
    "risk.export_largevaluerow": _("Export large-value rows"),
    "risk.hear_failures": _("Be told of failing judgements"),
    "risk.judge_again": _("Have transactions judged again"),
    "risk.judge_transaction": _("Judge transactions"),
    "risk.load_rules": _("Load monitoring rules"),
    "risk.see_delay": _("Be told of late verdicts"),
    "risk.snooze_alert": _("Snooze rules for a customer"),
    "risk.view_alert": _("View alerts"),
    "risk.view_assessment": _("View verdicts"),
    "risk.view_case": _("View cases"),
    "risk.view_inquiry": _("View inquiries"),
    "risk.view_largevaluerow": _("View large-value rows"),
    "risk.view_rule": _("View monitoring rules"),
    "risk.work_alert": _("Work alerts"),
    "risk.work_case": _("Work cases"),
}

# Duties that cannot meet in one person.
CONFLICTS: tuple[tuple[str, str, Promise], ...] = (
    ("customers.change_customer", "risk.view_alert", _("Who serves a customer does not investigate, and knows nothing of alerts.")),
    ("customers.change_customer", "risk.view_case", _("Who serves a customer does not investigate, and knows nothing of alerts.")),
    ("customers.change_customer", "risk.work_*", _("Who serves a customer does not investigate, and knows nothing of alerts.")),
)
