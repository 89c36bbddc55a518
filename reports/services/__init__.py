"""The verbs of reports."""

from reports.services.nightly import make_nightly, set_subscription
from reports.services.runs import NotSettled, PeriodNotOver, ask_for_report, make_owed, make_report

__all__ = ["NotSettled", "PeriodNotOver", "ask_for_report", "make_nightly", "make_owed", "make_report", "set_subscription"]
