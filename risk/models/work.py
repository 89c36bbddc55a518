"""What people work on: alerts, cases, inquiries."""

from typing import TypeVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.reach import Reach
from crm.access.references import ReferenceField
from crm.access.scopes import ScopedQuerySet
from customers.models import Customer
from products.models import Account
from risk.choices import (
    AlertState,
    Band,
    CaseState,
    CaseStep,
    Disposition,
    InquiryState,
)
from risk.models.rules import Rule
from risk.models.verdicts import Hit
from transactions.models import Transaction

Row = TypeVar("Row", bound=models.Model)
UNFINISHED = (AlertState.OPEN, AlertState.CLAIMED, AlertState.IN_CASE)


class OfCustomerQuerySet(ScopedQuerySet[Row]):
    """Rows that hang on a customer one may judge."""

    guarded = "customer_id"

    def scope(self, user: object, reach: Reach) -> "OfCustomerQuerySet[Row]":
        """Delegate to Customer."""
        return self.filter(customer__in=Customer.objects.visible_to(user))


class Case(models.Model):
    """An investigation of one customer, through the manual's four steps (R110)."""

    reference = ReferenceField(prefix="K", length=8)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", verbose_name=_("customer"))
    state = models.CharField(_("state"), max_length=8, choices=CaseState, default=CaseState.OPEN)
    step = models.CharField(_("step"), max_length=10, choices=CaseStep, default=CaseStep.IDENTIFY)
    summary = models.CharField(_("summary"), max_length=300)
    officer = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name=_("risk officer"),
    )
    opened_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    opened_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(_("due"))
    disposition = models.CharField(_("disposition"), max_length=16, choices=Disposition, blank=True)
    conclusion = models.TextField(_("conclusion"), blank=True)
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True)
    closed_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)

    objects = OfCustomerQuerySet["Case"].as_manager()

    class Meta:
        verbose_name = _("case")
        verbose_name_plural = _("cases")
        constraints = [
            models.CheckConstraint(
                condition=Q(state=CaseState.OPEN) | ~Q(disposition=""),
                name="case_closed_has_disposition",
            )
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def log_customer(self) -> str:
        """Return the public reference the audit log files this row under."""
        return self.customer.reference


class Alert(models.Model):
    """Something to look at: one rule, one subject, one window. Later hits join while it is unfinished."""

    reference = ReferenceField(prefix="W", length=8)
    rule = models.ForeignKey(Rule, models.PROTECT, related_name="alerts", verbose_name=_("rule"))
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", verbose_name=_("customer"))
    account = models.ForeignKey(
        Account,
        models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("account"),
    )
    state = models.CharField(_("state"), max_length=10, choices=AlertState, default=AlertState.OPEN)
    band = models.CharField(_("band"), max_length=4, choices=Band)
    priority = models.PositiveSmallIntegerField(
        _("priority"),
        default=0,
        help_text=_("0 to 100: amount, points and waiting time."),
    )
    amount_at_risk = models.DecimalField(_("amount at risk"), max_digits=24, decimal_places=4, default=0)
    hits = models.PositiveIntegerField(_("hits"), default=1)
    first_hit_at = models.DateTimeField(_("first hit"))
    last_hit_at = models.DateTimeField(_("last hit"))
    created_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(_("due"))
    supported = models.BooleanField(default=True, help_text=_("False: later knowledge no longer supports the hit."))
    unsupported_at = models.DateTimeField(null=True, blank=True)
    claimed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        null=True,
        blank=True,
        verbose_name=_("claimed by"),
    )
    claimed_at = models.DateTimeField(null=True)
    case = models.ForeignKey(Case, models.PROTECT, related_name="alerts", null=True, blank=True)
    disposition = models.CharField(_("disposition"), max_length=16, choices=Disposition, blank=True)
    dismissal_reason = models.CharField(_("reason"), max_length=300, blank=True)
    finished_at = models.DateTimeField(null=True)
    finished_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True)
    escalated_at = models.DateTimeField(null=True)
    version = models.PositiveIntegerField(default=1)

    objects = OfCustomerQuerySet["Alert"].as_manager()

    class Meta:
        verbose_name = _("alert")
        verbose_name_plural = _("alerts")
        constraints = [
            models.UniqueConstraint(
                fields=["rule", "customer", "account"],
                condition=Q(state__in=[s.value for s in UNFINISHED]),
                nulls_distinct=False,
                name="alert_one_unfinished_per_rule_and_subject",
            )
        ]
        indexes = [
            models.Index(
                fields=["-priority", "id"],
                condition=Q(state__in=["open", "claimed"]),
                name="alert_queue",
            ),
            models.Index(
                fields=["due_at"],
                condition=Q(state__in=["open", "claimed"]),
                name="alert_waiting_due",
            ),
            models.Index(fields=["-priority", "due_at", "id"], name="alert_by_priority"),
            models.Index(fields=["created_at"], name="alert_created"),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def log_customer(self) -> str:
        """Return the public reference the audit log files this row under."""
        return self.customer.reference


class AlertHit(models.Model):
    """A hit that raised or joined an alert."""

    alert = models.ForeignKey(Alert, models.PROTECT, related_name="alert_hits")
    hit = models.OneToOneField(Hit, models.PROTECT, related_name="alert_hit")
    transaction = models.ForeignKey(Transaction, models.PROTECT, related_name="+")
    joined_at = models.DateTimeField(default=timezone.now)


class AlertNote(models.Model):
    """What somebody wrote on an alert."""

    alert = models.ForeignKey(Alert, models.PROTECT, related_name="notes")
    text = models.TextField(_("note"), max_length=2000)
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    written_at = models.DateTimeField(default=timezone.now)


class CaseEntry(models.Model):
    """One line in a case: a step taken, a note, a freeze, an answer."""

    case = models.ForeignKey(Case, models.PROTECT, related_name="entries")
    step = models.CharField(max_length=10, choices=CaseStep)
    kind = models.CharField(max_length=20)
    text = models.TextField(max_length=4000, blank=True)
    params = models.JSONField(default=dict)
    written_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True)
    written_at = models.DateTimeField(default=timezone.now)


class Inquiry(models.Model):
    """Questions to the relationship manager (协查), never the scenario."""

    reference = ReferenceField(prefix="Q", length=8)
    case = models.ForeignKey(Case, models.PROTECT, related_name="inquiries")
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", verbose_name=_("customer"))
    asked_of = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        related_name="+",
        verbose_name=_("relationship manager"),
    )
    questions = models.TextField(_("questions"), max_length=2000)
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    due_at = models.DateTimeField(_("due"))
    state = models.CharField(_("state"), max_length=10, choices=InquiryState, default=InquiryState.ASKED)
    answer = models.TextField(_("answer"), max_length=4000, blank=True)
    answered_at = models.DateTimeField(null=True)

    objects = OfCustomerQuerySet["Inquiry"].as_manager()

    class Meta:
        verbose_name = _("inquiry")
        verbose_name_plural = _("inquiries")

    def __str__(self) -> str:
        return self.reference

    @property
    def log_customer(self) -> str:
        """Return the public reference the audit log files this row under."""
        return self.customer.reference


class Snooze(models.Model):
    """No new alert of this rule on this customer until then; watch-list hits are never suppressed."""

    rule = models.ForeignKey(Rule, models.PROTECT, related_name="+")
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+")
    until = models.DateTimeField()
    reason = models.CharField(max_length=300)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    set_at = models.DateTimeField(default=timezone.now)
