"""What each role may do with rules, alerts and cases, and how far."""

OFFICER = {
    "risk.view_alert": "all",
    "risk.work_alert": "all",
    "risk.view_case": "all",
    "risk.work_case": "all",
    "risk.export_case": "all",
    "risk.view_inquiry": "all",
    "risk.view_rule": "all",
    "risk.view_assessment": "all",
    "risk.view_largevaluerow": "all",
    "risk.decide_largevaluerow": "all",
}
SUPERVISOR = {
    **OFFICER,
    "risk.assign_alert": "all",
    "risk.snooze_alert": "all",
    "risk.export_alert": "all",
    "risk.export_largevaluerow": "all",
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
        "risk.view_assessment": "all",
        "risk.view_largevaluerow": "all",
    },
    "service-system": {
        "risk.view_alert": "all",
        "risk.view_case": "all",
        "risk.judge_transaction": "all",
        "risk.load_rules": "all",
        "risk.view_rule": "all",
    },
}
