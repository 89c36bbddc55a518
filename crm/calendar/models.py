"""The bank's days."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class BusinessDay(models.Model):
    """One calendar day: whether the bank works, and how many business days there were up to and including it."""

    day = models.DateField(_("day"), primary_key=True)
    ordinal = models.PositiveIntegerField(_("ordinal"))
    is_business = models.BooleanField(_("business day"))
    is_provisional = models.BooleanField(_("provisional"), default=False)  # the notice for its year is not out yet
    note = models.CharField(_("note"), max_length=60, blank=True)
    source = models.CharField(_("source"), max_length=120, blank=True)

    class Meta:
        verbose_name = _("business day")
        verbose_name_plural = _("business days")
        ordering = ["day"]
        indexes = [models.Index(fields=["ordinal"], name="business_day_ordinal")]

    def __str__(self) -> str:
        return self.day.isoformat()
