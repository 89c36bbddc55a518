"""Rates against the renminbi."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class Rate(models.Model):
    """What one unit of a currency was worth in CNY on a day, and who said so."""

    currency = models.CharField(_("currency"), max_length=12)
    day = models.DateField(_("day"))
    cny_per_unit = models.DecimalField(_("CNY per unit"), max_digits=24, decimal_places=10)
    source = models.CharField(_("source"), max_length=120)

    class Meta:
        verbose_name = _("rate")
        verbose_name_plural = _("rates")
        ordering = ["currency", "-day"]
        constraints = [
            models.UniqueConstraint(fields=["currency", "day"], name="rate_per_currency_and_day"),
            models.CheckConstraint(condition=Q(cny_per_unit__gt=0), name="rate_is_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.currency} {self.day.isoformat()}"
