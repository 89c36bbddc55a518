"""What is kept about customers because the law or a check asks for it."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.reach import Reach
from crm.access.references import ReferenceField
from crm.access.scopes import ScopedQuerySet
from customers.choices import CheckedBy
from customers.models.people import Customer


class LegalHoldQuerySet(ScopedQuerySet["LegalHold"]):
    """Holds on the customers one may see."""

    guarded = "customer_id"

    def scope(self, user: object, reach: Reach) -> "LegalHoldQuerySet":
        """Delegate to Customer."""
        return self.filter(customer__in=Customer.objects.visible_to(user))


class LegalHold(models.Model):
    """An order to keep everything of a customer, or of one account, until two people lift it."""

    reference = ReferenceField(prefix="H", length=8)
    customer = models.ForeignKey(Customer, models.PROTECT, related_name="legal_holds", verbose_name=_("customer"))
    account = models.CharField(_("account"), max_length=24, blank=True, help_text=_("Empty: everything of the customer."))
    authority = models.CharField(_("authority"), max_length=80)
    document = models.CharField(_("document number"), max_length=80)
    reason = models.CharField(_("reason"), max_length=200)
    placed_at = models.DateTimeField(_("placed at"), default=timezone.now)
    placed_by_number = models.CharField(_("placed by"), max_length=20)
    lifted_at = models.DateTimeField(_("lifted at"), null=True, blank=True)
    lifted_by_number = models.CharField(_("lifted by"), max_length=20, blank=True)

    objects = LegalHoldQuerySet.as_manager()

    class Meta:
        verbose_name = _("legal hold")
        verbose_name_plural = _("legal holds")
        indexes = [models.Index(fields=["customer"], condition=Q(lifted_at=None), name="hold_standing")]

    def __str__(self) -> str:
        return self.reference

    @property
    def log_customer(self) -> str:
        """Return the public reference the audit log files this row under."""
        return self.customer.reference


class IdentityCheck(models.Model):
    """What was checked, by whom, before a customer was given a sign-in. Never changed, never deleted."""

    customer = models.ForeignKey(Customer, models.PROTECT, related_name="identity_checks")
    checked_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    at = models.DateTimeField(_("time"), default=timezone.now)
    ways = ArrayField(models.CharField(max_length=10, choices=CheckedBy), verbose_name=_("checked"))
    words = models.CharField(_("remark"), max_length=200, blank=True)

    app_privileges = ("SELECT", "INSERT")

    class Meta:
        ordering = ("at", "pk")
        constraints = [models.CheckConstraint(condition=~Q(ways=[]), name="identity_check_names_a_way")]

    def __str__(self) -> str:
        return f"{self.customer_id} {self.at:%Y-%m-%d}"

    @property
    def way_names(self) -> list[str]:
        """Return what was checked, in the reader's language."""
        return [str(CheckedBy(way).label) for way in self.ways]
