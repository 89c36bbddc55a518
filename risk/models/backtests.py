"""Rules tried on what has happened: what was asked, what came of it, and the hits for a look at each."""

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.reach import Reach
from crm.access.references import ReferenceField
from crm.access.scopes import ScopedQuerySet
from crm.jobs.models import Job
from risk.choices import BacktestChoice, BacktestMode, Band, Compared
from risk.models.rules import RuleVersion
from transactions.models import Transaction


class BacktestQuerySet(ScopedQuerySet["Backtest"]):
    """Back-tests speak of thresholds and of customers: whoever does not reach all sees their own."""

    def scope(self, user: object, reach: Reach) -> "BacktestQuerySet":
        """Keep one's own."""
        return self.filter(requested_by_id=getattr(user, "pk", None))


class Backtest(models.Model):
    """Some rule versions over some bank dates, beside those of their rules that were live when it was asked for.

    ``live``: the keys of these; of all live versions, unless only some rules are tried.
    """

    reference = ReferenceField(prefix="B", length=8)
    first_day = models.DateField(_("first bank date"))
    last_day = models.DateField(_("last bank date"))
    mode = models.CharField(_("knowledge"), max_length=10, choices=BacktestMode)
    choice = models.CharField(_("choice of rules"), max_length=10, choices=BacktestChoice, default=BacktestChoice.LIVE)
    versions = models.ManyToManyField(RuleVersion, related_name="+", verbose_name=_("rules tried"))
    live = ArrayField(models.BigIntegerField(), default=list, editable=False)
    result = models.JSONField(null=True, editable=False)
    job = models.OneToOneField(Job, models.PROTECT, related_name="+")
    requested_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", verbose_name=_("requested by"))
    requested_at = models.DateTimeField(_("requested at"), default=timezone.now)
    hits_removed_at = models.DateTimeField(null=True, editable=False)

    objects = BacktestQuerySet.as_manager()

    class Meta:
        verbose_name = _("back-test")
        verbose_name_plural = _("back-tests")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return self.reference


class BacktestHit(models.Model):
    """One hit of a back-test, kept for ninety days; ``compared`` says what the live rules make of it."""

    backtest = models.ForeignKey(Backtest, models.CASCADE, related_name="hits", db_index=False)
    transaction = models.ForeignKey(Transaction, models.PROTECT, related_name="+", db_index=False)
    rule_version = models.ForeignKey(RuleVersion, models.PROTECT, related_name="+", db_index=False)
    band = models.CharField(_("band"), max_length=4, choices=Band)
    compared = models.CharField(_("compared with what is live"), max_length=4, choices=Compared)
    occurred_at = models.DateTimeField(_("occurred at"))

    class Meta:
        verbose_name = _("hit of a back-test")
        verbose_name_plural = _("hits of a back-test")
        indexes = [models.Index(fields=["backtest", "-occurred_at", "id"], name="backtest_hit_of")]
