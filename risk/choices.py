"""Coded lists of monitoring: rules, verdicts, alerts, cases."""

from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm.log.actions import ActionKind


class RuleState(models.TextChoices):
    """The life of a rule version."""

    TEST = "test", pgettext_lazy("rule state", "Test")
    SHADOW = "shadow", pgettext_lazy("rule state", "Shadow")
    LIVE = "live", pgettext_lazy("rule state", "Live")
    RETIRED = "retired", pgettext_lazy("rule state", "Retired")


class Label(models.TextChoices):
    """What happens to the transaction, mildest first. Freeze is an action on a subject, never a label."""

    ALLOW = "allow", pgettext_lazy("verdict", "Allow")
    CHALLENGE = "challenge", pgettext_lazy("verdict", "Challenge")
    REVIEW = "review", pgettext_lazy("verdict", "Review")
    HOLD = "hold", pgettext_lazy("verdict", "Hold")
    DECLINE = "decline", pgettext_lazy("verdict", "Decline")


LABEL_RANK = {label: rank for rank, label in enumerate(Label)}


class Action(models.TextChoices):
    """What else follows a hit; a verdict carries the union over its hits."""

    ALERT = "alert", _("Raise an alert")
    REPORT_ROW = "report_row", _("Draft a large-value report row")
    FREEZE_ACCOUNT = "freeze_account", _("Freeze the account")
    FREEZE_CUSTOMER = "freeze_customer", _("Freeze the customer")
    PROPOSE_FREEZE = "propose_freeze", _("Propose a freeze")
    NOTICE = "notice", _("Notify the people on duty")


class AnomalyKind(models.TextChoices):
    """The four kinds of the manual (5.4), and the regulator's sums."""

    AMOUNT = "amount", _("Abnormal amount")
    FREQUENCY = "frequency", _("Abnormal frequency")
    TIME = "time", _("Abnormal time")
    COUNTERPARTY = "counterparty", _("Abnormal counterparty")
    REGULATORY = "regulatory", _("Large-value sum")


class Band(models.TextChoices):
    """How high an alert stands in the queue."""

    HIGH = "high", pgettext_lazy("band", "High")
    MID = "mid", pgettext_lazy("band", "Medium")
    LOW = "low", pgettext_lazy("band", "Low")


class AlertState(models.TextChoices):
    """The life of an alert."""

    OPEN = "open", pgettext_lazy("alert", "Open")
    CLAIMED = "claimed", pgettext_lazy("alert", "Claimed")
    IN_CASE = "in_case", _("In a case")
    DISMISSED = "dismissed", pgettext_lazy("alert", "Dismissed")
    CLOSED = "closed", pgettext_lazy("alert", "Closed")


class CaseStep(models.TextChoices):
    """The manual's four steps (R110)."""

    IDENTIFY = "identify", _("Identify")
    REVIEW = "review", pgettext_lazy("case step", "Review")
    HANDLE = "handle", _("Handle")
    RECORD = "record", _("Record")


class CaseState(models.TextChoices):
    """Whether work remains."""

    OPEN = "open", pgettext_lazy("case", "Open")
    CLOSED = "closed", pgettext_lazy("case", "Closed")


class Disposition(models.TextChoices):
    """What a person concluded."""

    CONFIRMED = "confirmed", _("Confirmed suspicious")
    USEFUL = "useful", _("Useful, not reported")
    FALSE_POSITIVE = "false_positive", _("False positive")


class InquiryState(models.TextChoices):
    """An inquiry to the relationship manager."""

    ASKED = "asked", pgettext_lazy("inquiry", "Asked")
    ANSWERED = "answered", pgettext_lazy("inquiry", "Answered")
    WITHDRAWN = "withdrawn", pgettext_lazy("inquiry", "Withdrawn")


class ReportRowState(models.TextChoices):
    """A row of the large-value register."""

    DRAFT = "draft", pgettext_lazy("report row", "Draft")
    EXEMPT = "exempt", pgettext_lazy("report row", "Exempt")
    REPORTED = "reported", pgettext_lazy("report row", "Reported")
    UNSUPPORTED = "unsupported", _("No longer supported")


class BacktestMode(models.TextChoices):
    """With which knowledge a back-test judges."""

    CORRECTED = "corrected", _("As corrected since")
    KNOWN = "known", _("As known at the time")


class BacktestChoice(models.TextChoices):
    """Which rules a back-test tries."""

    LIVE = "live", _("All live rules")
    DRAFT = "draft", _("All live rules, these versions in place of their live ones")
    PICKED = "picked", _("Only these versions")


class Compared(models.TextChoices):
    """What the rules that are live make of the same transaction."""

    NEW = "new", pgettext_lazy("back-test", "New")
    SAME = "same", pgettext_lazy("back-test", "Same")
    GONE = "gone", pgettext_lazy("back-test", "Gone")


class Exemption(models.TextChoices):
    """Grounds on which a large-value transaction need not be reported (PBoC Order [2016] No. 3, art. 7)."""

    TERM_DEPOSIT = "term_deposit", _("Own term deposit rolled over")
    SAME_NAME = "same_name", _("Own current and term deposit in the same bank")
    FOREIGN_EXCHANGE = "foreign_exchange", _("Own foreign exchange trade")
    GOVERNMENT = "government", _("Party, government or military body")
    INTERBANK = "interbank", _("Interbank or own position")
    INTEREST = "interest", _("Interest, or bond coupon")
    TAX = "tax", _("Tax, fine or fee to the state")
    BANK_LOAN = "bank_loan", _("Loan under an international agreement")
    OTHER = "other", _("Other ground, with reason")


ACTIONS = {
    "transaction.judged": ActionKind(_("Transactions judged"), "operations"),
    "rules.loaded": ActionKind(_("Rules of the product loaded"), "audit"),
    "facts.computed": ActionKind(_("Facts computed on a file"), "operations"),
    "rules.explained": ActionKind(_("Rules and their costs shown"), "operations"),
    "backtest.asked": ActionKind(_("Back-test asked for"), "operations"),
    "backtest.done": ActionKind(_("Back-test done"), "operations"),
    "backtest.viewed": ActionKind(_("Back-test viewed"), "operations"),
    "backtest.hits_removed": ActionKind(_("Hits of old back-tests removed"), "operations"),
    "rule.viewed": ActionKind(_("Rule viewed"), "operations"),
    "transaction.not_judged": ActionKind(_("Transaction could not be judged"), "operations"),
    "transaction.judge_again": ActionKind(_("Transaction to be judged again"), "operations"),
    "judging.delayed": ActionKind(_("Judging is delayed"), "operations"),
    "judging.caught_up": ActionKind(_("Judging has caught up"), "operations"),
    "transaction.set_aside": ActionKind(_("Transaction marked for review: its judgement failed"), "operations"),
    "rule.failed": ActionKind(_("Rule failed"), "operations"),
    "alert.raised": ActionKind(_("Alert raised"), "operations"),
    "alert.unsupported": ActionKind(_("Alert no longer supported"), "operations"),
    "large_value.refreshed": ActionKind(_("Large-value register updated"), "operations"),
    "large_value.overtaken": ActionKind(_("Decided large-value row overtaken by a new sum"), "operations"),
    "large_value.exempted": ActionKind(_("Large-value row exempted"), "operations"),
    "large_value.reported": ActionKind(_("Large-value row reported"), "operations"),
    "large_value.reopened": ActionKind(_("Large-value row reopened"), "operations"),
    "alert.viewed": ActionKind(_("Alert viewed"), "operations"),
    "alert.claimed": ActionKind(_("Alert claimed"), "operations"),
    "alert.returned": ActionKind(_("Alert returned to the queue"), "operations"),
    "alert.assigned": ActionKind(_("Alert assigned"), "operations"),
    "alert.noted": ActionKind(_("Note on an alert"), "operations"),
    "alert.dismissed": ActionKind(_("Alert dismissed"), "operations"),
    "alert.snoozed": ActionKind(_("Rule snoozed for a customer"), "audit"),
    "alert.escalated": ActionKind(_("Overdue alert escalated"), "operations"),
    "case.opened": ActionKind(_("Case opened"), "operations"),
    "case.viewed": ActionKind(_("Case viewed"), "operations"),
    "case.alert_joined": ActionKind(_("Alert joined a case"), "operations"),
    "case.moved": ActionKind(_("Case moved to another step"), "operations"),
    "case.noted": ActionKind(_("Note in a case"), "operations"),
    "case.frozen": ActionKind(_("Freeze placed from a case"), "operations"),
    "case.lift_asked": ActionKind(_("Lifting asked for from a case"), "operations"),
    "case.closed": ActionKind(_("Case closed"), "operations"),
    "case.exported": ActionKind(_("Handling report downloaded"), "operations"),
    "inquiry.asked": ActionKind(_("Inquiry sent"), "operations"),
    "inquiry.answered": ActionKind(_("Inquiry answered"), "operations"),
    "inquiry.withdrawn": ActionKind(_("Inquiry withdrawn"), "operations"),
}
