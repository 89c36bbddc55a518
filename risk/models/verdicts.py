"""What the rules said of a transaction, kept for ever with everything they saw."""

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils import timezone

from crm.access.reach import Reach
from crm.access.scopes import ScopedQuerySet
from crm.fields.history import CurrentTransactionId
from risk.choices import Band, Label
from risk.models.rules import RuleSet, RuleVersion
from transactions.choices import OwedCause
from transactions.models import Transaction


class AssessmentQuerySet(ScopedQuerySet["Assessment"]):
    """Verdicts on the transactions one may judge."""

    guarded = "transaction__customer_id"

    def scope(self, user: object, reach: Reach) -> "AssessmentQuerySet":
        """Delegate to Transaction."""
        return self.filter(transaction__in=Transaction.objects.visible_to(user))


class Assessment(models.Model):
    """One judgement of one transaction. Revision 1 is as known; later ones follow new knowledge.

    ``facts`` holds the value of every fact in the order of ``rule_set.facts``; ``snapshot`` is what the judging
    statement could see (``pg_current_snapshot()``), so that it can be repeated; ``txid`` is the judging transaction itself, whose
    rows a snapshot says nothing reliable about (empty: judged before this was kept).
    """

    # Composite keys lead with the transaction; nobody searches by rule set: an index each would cost every verdict.
    transaction = models.ForeignKey(Transaction, models.PROTECT, related_name="assessments", db_index=False)
    revision = models.PositiveSmallIntegerField()
    rule_set = models.ForeignKey(RuleSet, models.PROTECT, related_name="+", db_index=False)
    label = models.CharField(max_length=10, choices=Label)
    points = models.IntegerField(default=0)
    actions = ArrayField(models.CharField(max_length=20), default=list)
    exits = models.JSONField(default=dict)
    facts = ArrayField(models.DecimalField(max_digits=60, decimal_places=18, null=True), default=list)
    cause = models.CharField(max_length=10, choices=OwedCause, default=OwedCause.NEW)
    snapshot = models.TextField()
    txid = models.BigIntegerField(null=True, db_default=CurrentTransactionId(), editable=False)
    judged_at = models.DateTimeField(default=timezone.now)

    app_privileges = ("SELECT", "INSERT")

    objects = AssessmentQuerySet.as_manager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["transaction", "revision"], name="assessment_revision_once")]
        indexes = [models.Index(fields=["judged_at"], name="assessment_judged_at")]

    @property
    def log_customer(self) -> str:
        """Return the public reference the audit log files this row under."""
        return self.transaction.customer.reference


class Hit(models.Model):
    """One rule version that hit, with its evidence (window bounds, facts, matched transactions, capped)."""

    assessment = models.ForeignKey(Assessment, models.PROTECT, related_name="hits", db_index=False)
    transaction = models.ForeignKey(Transaction, models.PROTECT, related_name="hits", db_index=False)
    rule_version = models.ForeignKey(RuleVersion, models.PROTECT, related_name="hits")
    shadow = models.BooleanField(default=False)
    band = models.CharField(max_length=4, choices=Band)
    points = models.IntegerField(default=0)
    reason_code = models.CharField(max_length=40)
    evidence = models.JSONField(default=dict)
    supported = models.BooleanField(default=True)
    withdrawn_at = models.DateTimeField(null=True)
    withdrawn_by = models.ForeignKey(Assessment, models.PROTECT, related_name="+", null=True, db_index=False)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["assessment", "rule_version"], name="hit_once")]
        indexes = [models.Index(fields=["transaction"], name="hit_of_transaction")]
