"""Dated grants beside role and reach: on one customer, and on the portfolio of a colleague."""

from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.grants import DirectGrant, WideGrant
from crm.access.reach import Reach
from crm.access.references import ReferenceField
from crm.access.scopes import ScopedQuerySet
from crm.fields.history import tracked
from crm.staff.models import User
from customers.models.people import Customer


@tracked
class CustomerGrant(DirectGrant):
    """A dated permission of one person on one customer, beside role and reach (R254, R263)."""

    content_object = models.ForeignKey(Customer, on_delete=models.CASCADE)

    class Meta(DirectGrant.Meta):
        verbose_name = _("data grant")
        verbose_name_plural = _("data grants")
        constraints = [
            models.CheckConstraint(
                condition=Q(valid_until=None) | Q(valid_until__gt=F("valid_from")),
                name="customer_grant_ends_after_it_begins",
            )
        ]

    @property
    def log_customer(self) -> str:
        """Return the public reference the audit log files this row under."""
        return self.content_object.reference


class PortfolioGrantQuerySet(ScopedQuerySet["PortfolioGrant"]):
    """Portfolio grants: those of the people one may see, and what one was given oneself."""

    def scope(self, user: Any, reach: Reach) -> "PortfolioGrantQuerySet":
        """Delegate to the people whose portfolios they are."""
        return self.filter(Q(manager__in=User.objects.visible_to(user)) | Q(user_id=user.pk))

    def not_over(self) -> "PortfolioGrantQuerySet":
        """Keep those that hold now or will; what ends first stands first."""
        return self.filter(valid_until__gt=timezone.now()).order_by("valid_until", "pk")


@tracked
class PortfolioGrant(WideGrant):
    """A colleague stands in for a relationship manager: for all customers whom she manages at the moment of asking (R254, R263)."""

    covers: ClassVar[str] = "manager_id"

    reference = ReferenceField(prefix="PF", length=8)
    manager = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("stood in for"))

    objects = PortfolioGrantQuerySet.as_manager()

    class Meta:
        verbose_name = _("stand-in for a portfolio")
        verbose_name_plural = _("stand-ins for portfolios")
        constraints = [
            models.CheckConstraint(condition=Q(valid_until__gt=F("valid_from")), name="portfolio_grant_ends_after_it_begins"),
            models.CheckConstraint(condition=~Q(user=F("manager")), name="portfolio_grant_is_of_two_people"),
        ]
        indexes = [models.Index(fields=["user", "valid_until"], name="portfolio_grant_of_person")]

    def __str__(self) -> str:
        return self.reference

    @property
    def is_live(self) -> bool:
        """Return whether it holds now."""
        return self.valid_from <= timezone.now() < self.valid_until
