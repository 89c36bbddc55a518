"""The lists of alerts, cases and inquiries."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from crm.access.actor import Actor
from crm.lists.columns import Column, label_of
from crm.lists.definitions import ListDefinition
from crm.lists.filters import Choice, DateRange, Flag, NumberRange, Preset, Related, Values
from crm.lists.terms import Query
from crm.staff.filters import BranchTree, branches_of
from crm.staff.models import User
from customers.models import of_customers
from risk.choices import AlertState, Band, CaseState, CaseStep, Disposition, InquiryState, Label
from risk.models import Alert, Assessment, Case, Hit, Inquiry, Rule
from transactions.models import Transaction

LEVELS = {Band.HIGH: "high", Band.MID: "mid", Band.LOW: "low"}


def _mine_and_unclaimed(rows: QuerySet[Any], actor: Actor) -> QuerySet[Any]:
    return rows.filter(Q(claimed_by=None) | Q(claimed_by_id=actor.user_id), state__in=[AlertState.OPEN, AlertState.CLAIMED])


def _soon_due(rows: QuerySet[Any], _actor: Actor) -> QuerySet[Any]:
    soon = timezone.now() + timedelta(hours=4)
    return rows.filter(state__in=[AlertState.OPEN, AlertState.CLAIMED], due_at__lte=soon)


def _overdue(rows: QuerySet[Any], _actor: Actor) -> QuerySet[Any]:
    return rows.filter(state__in=[AlertState.OPEN, AlertState.CLAIMED], due_at__lte=timezone.now())


def _support(row: Any) -> str:
    return "" if row.supported else gettext("No longer supported")


class AlertList(ListDefinition):
    """The alert queue: the most urgent first."""

    name = "risk.alert"
    title = _("Alert queue")
    permission = "risk.view_alert"
    export_permission = "risk.export_alert"
    columns = (
        Column(
            "priority",
            _("Priority"),
            value=lambda row: f"{label_of(row, 'band')} {row.priority}",
            kind="badge",
            sort="priority",
            level=lambda row: LEVELS[row.band],
        ),
        Column("customer", _("Customer"), value="customer.name", sort="customer__name_pinyin", head=True),
        Column("rule", _("Rule"), value=lambda row: gettext(row.rule.name), sort="rule__code"),
        Column("amount", _("Amount of the hits"), value="amount_at_risk", kind="money", sort="amount_at_risk"),
        Column("hits", _("Hits"), kind="number", sort="hits"),
        Column("state", _("State"), value="get_state_display", kind="badge", sort="state"),
        Column("support", _("Support"), value=_support, kind="badge", level=lambda row: "" if row.supported else "mid"),
        Column("claimed_by", _("Claimed by"), value=lambda row: row.claimed_by.name if row.claimed_by else "—"),
        Column("last_hit_at", _("Last hit"), kind="moment", sort="last_hit_at"),
        Column("due_at", _("Time limit"), kind="due", sort="due_at"),
        Column("core_number", _("Core customer number"), value="customer.core_number", shown=False),
        Column("created_at", _("Raised"), kind="moment", sort="created_at", shown=False),
        Column("reference", _("Alert"), sort="reference", shown=False),
        Column("disposition", _("Disposition"), value="get_disposition_display", shown=False),
    )
    filters = (
        Flag("queue", _("Mine and unclaimed"), _mine_and_unclaimed),
        Flag("mine", _("Mine"), lambda rows, actor: rows.filter(claimed_by_id=actor.user_id)),
        Flag("soon", _("Due within four hours"), _soon_due),
        Flag("overdue", _("Overdue"), _overdue),
        Flag("unsupported", _("No longer supported"), lambda rows, _actor: rows.filter(supported=False)),
        Choice("state", _("State"), AlertState.choices, multiple=True),
        Choice("band", _("Band"), Band.choices, multiple=True),
        Related("rule", _("Rule"), lambda _actor: Rule.objects.order_by("code"), field="rule", to_field="code"),
        Choice("disposition", _("Disposition"), Disposition.choices, multiple=True),
        NumberRange("amount", _("Amount of the hits"), field="amount_at_risk"),
        DateRange("raised", _("Raised"), field="created_at"),
        DateRange("finished", pgettext_lazy("alert", "Finished at"), field="finished_at"),
        BranchTree("branch", _("Opening branch"), branches_of("risk.view_alert"), field="customer__opening_branch", at="created_at"),
        Related(
            "officer",
            _("Claimed by"),
            lambda _actor: User.objects.filter(roles__code__in=["risk-officer", "risk-supervisor"]).distinct(),
            field="claimed_by",
            to_field="number",
        ),
    )
    presets = (
        Preset(_("Mine and unclaimed"), {"queue": "on"}),
        Preset(_("High"), {"band": "high", "queue": "on"}),
        Preset(_("Due within four hours"), {"soon": "on"}),
        Preset(_("No longer supported"), {"unsupported": "on", "state": "open,claimed,in_case"}),
        Preset(_("In a case"), {"state": "in_case"}),
        Preset(_("Dismissed"), {"state": "dismissed"}),
    )
    search = ("reference",)
    search_in = {"customer": of_customers}
    default_sort = ("-priority", "due_at")

    def queryset(self, actor: Actor) -> QuerySet[Any]:
        """Return the alerts in reach."""
        return Alert.objects.visible_to(actor).select_related("customer", "rule", "claimed_by")

    def row_url(self, row: Any) -> str:
        """Return the address of the alert page."""
        return reverse("risk:alert", args=[row.reference])


class CaseList(ListDefinition):
    """Cases, the most urgent first."""

    name = "risk.case"
    title = _("Cases")
    permission = "risk.view_case"
    columns = (
        Column("reference", _("Case"), head=True),
        Column("customer", _("Customer"), value="customer.name", sort="customer__name_pinyin"),
        Column("summary", _("Summary")),
        Column("step", _("Step"), value="get_step_display", kind="badge", sort="step"),
        Column("state", _("State"), value="get_state_display", kind="badge", sort="state"),
        Column("officer", _("Risk officer"), value="officer.name", sort="officer__number"),
        Column("opened_at", _("Opened"), kind="moment", sort="opened_at"),
        Column("due_at", _("Time limit"), kind="due", sort="due_at"),
        Column("disposition", _("Disposition"), value="get_disposition_display", sort="disposition"),
        Column("closed_at", _("Closed"), kind="moment", sort="closed_at", shown=False),
    )
    filters = (
        Flag("mine", _("Mine"), lambda rows, actor: rows.filter(officer_id=actor.user_id)),
        Choice("state", _("State"), CaseState.choices),
        Choice("step", _("Step"), CaseStep.choices, multiple=True),
        Choice("disposition", _("Disposition"), Disposition.choices, multiple=True),
        DateRange("opened", _("Opened"), field="opened_at"),
        DateRange("closed", _("Closed"), field="closed_at"),
        BranchTree("branch", _("Opening branch"), branches_of("risk.view_case"), field="customer__opening_branch", at="opened_at"),
    )
    presets = (
        Preset(_("Open"), {"state": "open"}),
        Preset(_("Mine"), {"mine": "on", "state": "open"}),
        Preset(pgettext_lazy("case", "Closed"), {"state": "closed"}),
    )
    search = ("reference", "summary")
    search_in = {"customer": of_customers}
    default_sort = ("due_at",)

    def queryset(self, actor: Actor) -> QuerySet[Any]:
        """Return the cases in reach."""
        return Case.objects.visible_to(actor).select_related("customer", "officer")

    def row_url(self, row: Any) -> str:
        """Return the address of the case page."""
        return reverse("risk:case", args=[row.reference])


class InquiryList(ListDefinition):
    """Inquiries: for a relationship manager those about her customers, for officers all."""

    name = "risk.inquiry"
    title = _("Inquiries")
    permission = "risk.view_inquiry"
    columns = (
        Column("reference", _("Inquiry"), head=True),
        Column("customer", _("Customer"), value="customer.name", sort="customer__name_pinyin"),
        Column("questions", _("Questions"), value=lambda row: row.questions[:80]),
        Column("asked_of", _("Relationship manager"), value="asked_of.name", sort="asked_of__number"),
        Column(
            "state",
            _("State"),
            value="get_state_display",
            kind="badge",
            sort="state",
            level=lambda row: "mid" if row.state == "asked" else "",
        ),
        Column("asked_at", _("Asked"), kind="moment", sort="asked_at"),
        Column("due_at", _("Time limit"), kind="due", sort="due_at"),
        Column("answered_at", _("Answered"), kind="moment", sort="answered_at"),
    )
    filters = (Choice("state", _("State"), InquiryState.choices), DateRange("asked", _("Asked"), field="asked_at"))
    presets = (Preset(_("To answer"), {"state": "asked"}), Preset(pgettext_lazy("inquiry", "Answered"), {"state": "answered"}))
    search = ("reference",)
    search_in = {"customer": of_customers}
    default_sort = ("-asked_at",)

    def queryset(self, actor: Actor) -> QuerySet[Any]:
        """Return the inquiries in reach."""
        return Inquiry.objects.visible_to(actor).select_related("customer", "asked_of")

    def row_url(self, row: Any) -> str:
        """Return the address of the inquiry page."""
        return reverse("risk:inquiry", args=[row.reference])


LABEL_LEVELS = {Label.ALLOW: "low", Label.CHALLENGE: "", Label.REVIEW: "mid", Label.HOLD: "hold", Label.DECLINE: "high"}


@dataclass(frozen=True)
class HitRule(Related):
    """Judgements in which a live version of a rule hit; versions on trial do not count."""

    def apply(self, rows: QuerySet[Any], values: Values, actor: Actor) -> QuerySet[Any]:
        """Return the judgements with such a hit, each once."""
        rule = values.get(self.name)
        if rule is None:
            return rows
        return rows.filter(Exists(Hit.objects.filter(assessment=OuterRef("pk"), rule_version__rule=rule, shadow=False)))


class AssessmentList(ListDefinition):
    """First judgements: what the rules said when a transaction was known for the first time."""

    name = "risk.assessment"
    title = _("Verdicts")
    permission = "risk.view_assessment"
    columns = (
        Column("transaction", _("Transaction"), value="transaction.reference", head=True),
        Column("customer", _("Customer"), value="transaction.customer.name"),
        Column("amount", _("Amount"), value="transaction.amount_cny", kind="money"),
        Column("label", _("Verdict"), value="get_label_display", kind="badge", level=lambda row: LABEL_LEVELS[row.label]),
        Column("points", _("Points"), kind="number", sort="points"),
        Column("judged_at", _("Judged at"), kind="moment", sort="judged_at"),
    )
    filters = (
        Choice("label", _("Verdict"), Label.choices, multiple=True),
        HitRule("rule", _("Rule"), lambda _actor: Rule.objects.order_by("code")),
        DateRange("judged", _("Judged at"), field="judged_at"),
        BranchTree(
            "branch",
            _("Opening branch"),
            branches_of("risk.view_assessment"),
            field="transaction__customer__opening_branch",
            at="judged_at",
        ),
    )
    default_sort = ("-judged_at",)

    def queryset(self, actor: Actor) -> QuerySet[Any]:
        """Return the first judgements in reach."""
        return Assessment.objects.visible_to(actor).filter(revision=1).select_related("transaction__customer")

    def find(self, rows: QuerySet[Any], query: Query) -> QuerySet[Any]:
        """Return the judgements of the transaction, or of the customers, that were typed."""
        text = str(query)
        if text.upper().startswith("T-"):
            return rows.filter(transaction__in=Transaction.objects.filter(reference=text.upper()))
        return rows.filter(transaction__in=Transaction.objects.filter(customer__in=of_customers(text)))

    def row_url(self, row: Any) -> str:
        """Return the address of the transaction."""
        return reverse("transactions:transaction", args=[row.transaction.reference])
