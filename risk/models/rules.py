"""Rules as versioned data, and the dated references they read."""

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.access.reach import Reach
from crm.access.scopes import ScopedQuerySet
from crm.fields.history import CurrentTransactionId, tracked
from risk.choices import AnomalyKind, RuleState


class RuleQuerySet(ScopedQuerySet["Rule"]):
    """Rules; their parameters are sensitive, so reach is all or nothing."""

    def scope(self, user: object, reach: Reach) -> "RuleQuerySet":
        """Show all rules or none."""
        return self.none()


@tracked
class Rule(models.Model):
    """A monitoring scenario; what it says is in its versions."""

    code = models.SlugField(_("rule code"), max_length=40, unique=True)
    scenario = models.PositiveSmallIntegerField(_("scenario"), null=True, help_text=_("Number in the scenario catalogue."))
    name = models.CharField(_("name"), max_length=80, help_text=_("English; translated on the page."))
    anomaly = models.CharField(_("anomaly kind"), max_length=14, choices=AnomalyKind)
    source = models.CharField(_("source of the threshold"), max_length=300)

    objects = RuleQuerySet.as_manager()

    class Meta:
        verbose_name = _("rule")
        verbose_name_plural = _("rules")

    def __str__(self) -> str:
        return gettext(self.name)


@tracked
class RuleVersion(models.Model):
    """One immutable definition of a rule: a typed expression over facts, its bands, exits, actions and parameters."""

    rule = models.ForeignKey(Rule, models.PROTECT, related_name="versions")
    number = models.PositiveIntegerField()
    state = models.CharField(max_length=8, choices=RuleState, default=RuleState.TEST)
    definition = models.JSONField()
    parameters = models.JSONField(default=dict)
    proposed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True)
    activated_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True)
    created_at = models.DateTimeField(default=timezone.now)
    activated_at = models.DateTimeField(null=True)
    retired_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rule", "number"], name="rule_version_number"),
            models.UniqueConstraint(
                fields=["rule"],
                condition=Q(state=RuleState.LIVE),
                name="rule_one_live_version",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule.code} v{self.number}"


@tracked
class RuleSet(models.Model):
    """The live and shadow versions of one moment, with the facts they need in column order; assessments point here."""

    number = models.PositiveIntegerField(unique=True)
    versions = models.ManyToManyField(RuleVersion, related_name="rule_sets")
    facts = models.JSONField()
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)


class DatedValue(models.Model):
    """A reference that rules read at the event's date: a segment's limit, a listed country, a peer statistic."""

    table = models.CharField(max_length=40)
    key = models.CharField(max_length=60)
    value = models.DecimalField(max_digits=38, decimal_places=10)
    valid_from = models.DateField()
    valid_until = models.DateField(null=True, blank=True, help_text=_("First day on which it no longer holds."))
    source = models.CharField(max_length=200, blank=True)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+", null=True)
    set_at = models.DateTimeField(default=timezone.now)
    txid = models.BigIntegerField(null=True, db_default=CurrentTransactionId(), editable=False)

    # A value is added and never mended: what a rule read stays readable.
    app_privileges = ("SELECT", "INSERT")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["table", "key", "valid_from"], name="dated_value_once")]
        indexes = [models.Index(fields=["table", "key", "-valid_from"], name="dated_value_lookup")]
