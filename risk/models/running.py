"""How judging itself is doing: rules that fail, and times in which verdicts came late."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from risk.models.rules import RuleVersion


class RuleFailure(models.Model):
    """A rule version that gave no answer on some transactions because it failed, or because it took too long."""

    version = models.OneToOneField(RuleVersion, models.PROTECT, related_name="failure")
    since = models.DateTimeField(default=timezone.now)
    last_at = models.DateTimeField(default=timezone.now)
    rows = models.PositiveBigIntegerField(default=0)
    too_slow = models.BooleanField(default=False)
    given_up = models.PositiveIntegerField(default=0, help_text="How often it was left out for a while.")
    left_out_until = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return str(self.version)

    @property
    def is_left_out(self) -> bool:
        """Return whether it is not tried at present."""
        return self.left_out_until is not None and self.left_out_until > timezone.now()


class JudgingDelay(models.Model):
    """A time in which the oldest owed judgement waited longer than it should; told once when it began and once when it was over."""

    began_at = models.DateTimeField(default=timezone.now)
    oldest_since = models.DateTimeField()
    waiting = models.PositiveBigIntegerField()
    over_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [models.UniqueConstraint(models.Value(1), condition=Q(over_at=None), name="judging_delay_one_at_a_time")]

    def __str__(self) -> str:
        return f"{self.began_at:%Y-%m-%d %H:%M:%S}"
