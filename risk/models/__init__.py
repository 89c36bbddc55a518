"""Rules, verdicts, the large-value register, alerts and cases."""

from risk.models.backtests import Backtest, BacktestHit
from risk.models.register import LargeValueRow
from risk.models.rules import DatedValue, Rule, RuleSet, RuleVersion
from risk.models.running import JudgingDelay, RuleFailure
from risk.models.verdicts import Assessment, Hit
from risk.models.work import (
    Alert,
    AlertHit,
    AlertNote,
    Case,
    CaseEntry,
    Inquiry,
    Snooze,
)

__all__ = [
    "Alert",
    "AlertHit",
    "AlertNote",
    "Assessment",
    "Backtest",
    "BacktestHit",
    "Case",
    "CaseEntry",
    "DatedValue",
    "Hit",
    "Inquiry",
    "JudgingDelay",
    "LargeValueRow",
    "Rule",
    "RuleFailure",
    "RuleSet",
    "RuleVersion",
    "Snooze",
]
