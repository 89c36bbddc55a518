"""The large-value register: what must be reported of a customer's day, and what is exempt."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.reach import Reach
from crm.access.references import ReferenceField
from crm.access.scopes import ScopedQuerySet
from customers.models import Customer
from risk.choices import Exemption, ReportRowState
from risk.models.rules import Rule
from transactions.choices import Direction
from transactions.models import Transaction


class LargeValueRowQuerySet(ScopedQuerySet["LargeValueRow"]):
    """Rows about the customers one may judge."""

    guarded = "customer_id"

    def scope(self, user: object, reach: Reach) -> "LargeValueRowQuerySet":
        """Delegate to Customer."""
        return self.filter(customer__in=Customer.objects.visible_to(user))


class LargeValueRow(models.Model):
    """One customer, day, rule, direction and currency group whose sum reached the limit; due in five business days.

    What was reported is final (a trigger of the database sees to it). When the day's sum changes afterwards, a row of the next
    ``revision`` is drafted that ``corrects`` the reported one.
    """

    reference = ReferenceField(prefix="L", length=8)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="+", verbose_name=_("customer"))
    rule = models.ForeignKey(Rule, models.PROTECT, related_name="+", verbose_name=_("rule"))
    bank_date = models.DateField(_("bank date"))
    direction = models.CharField(_("debit or credit"), max_length=1, choices=Direction)
    currency_group = models.CharField(
        _("currency group"),
        max_length=3,
        help_text=_("CNY, or USD equivalent of all foreign currency."),
    )
    revision = models.PositiveSmallIntegerField(_("revision"), default=1, editable=False)
    corrects = models.ForeignKey(
        "self", models.PROTECT, related_name="corrections", null=True, blank=True, editable=False, verbose_name=_("correction of")
    )
    total = models.DecimalField(_("day sum"), max_digits=24, decimal_places=4)
    threshold = models.DecimalField(_("threshold"), max_digits=24, decimal_places=4)
    transactions = models.ManyToManyField(Transaction, related_name="+")
    due_on = models.DateField(_("due on"))
    state = models.CharField(_("state"), max_length=12, choices=ReportRowState, default=ReportRowState.DRAFT)
    exemption = models.CharField(_("ground for exemption"), max_length=20, choices=Exemption, blank=True)
    exemption_reason = models.CharField(_("reason"), max_length=300, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True)
    decided_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    updated_at = models.DateTimeField(default=timezone.now)

    objects = LargeValueRowQuerySet.as_manager()

    class Meta:
        verbose_name = _("large-value report row")
        verbose_name_plural = _("large-value report rows")
        constraints = [
            models.UniqueConstraint(
                fields=["customer", "rule", "bank_date", "direction", "currency_group", "revision"],
                name="large_value_row_once_a_revision",
            ),
            models.CheckConstraint(condition=Q(revision=1) ^ Q(corrects__isnull=False), name="large_value_correction_says_of_what"),
        ]
        indexes = [models.Index(fields=["due_on"], name="large_value_due")]

    @property
    def log_customer(self) -> str:
        """Return the public reference the audit log files this row under."""
        return self.customer.reference
