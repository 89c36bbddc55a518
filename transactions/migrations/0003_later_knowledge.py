"""Equivalents stand apart, rates that come later are noted, and a judgement that failed lets the others go first."""

from django.db import migrations, models
from django.db.models import Q

CAUSES = [
    ("new", "New"),
    ("late", "A late transaction arrived"),
    ("corrected", "A transaction was corrected"),
    ("reversed", "A transaction was reversed"),
    ("rated", "An exchange rate arrived"),
]


class Migration(migrations.Migration):
    """Columns, and the two indexes that find what waits."""

    dependencies = [("transactions", "0002_own_source")]

    operations = [
        migrations.RemoveConstraint(model_name="transaction", name="transaction_both_equivalents_or_none"),
        migrations.RemoveIndex(model_name="transaction", name="transaction_owed"),
        migrations.AddField("transaction", "owed_attempts", models.PositiveSmallIntegerField(db_default=0, default=0, editable=False)),
        migrations.AddField("transaction", "owed_retry_at", models.DateTimeField(editable=False, null=True)),
        migrations.AddField(
            "transaction",
            "rated_at",
            models.DateTimeField(editable=False, help_text="When a rate that came later gave the CNY equivalent.", null=True),
        ),
        migrations.AlterField("transaction", "owed_cause", models.CharField(choices=CAUSES, default="new", max_length=10)),
        migrations.AddIndex(
            "transaction",
            models.Index(condition=Q(screening="owed"), fields=["owed_attempts", "event_order", "id"], name="transaction_owing"),
        ),
        migrations.AddIndex(
            "transaction",
            models.Index(
                condition=Q(amount_cny=None) | Q(amount_usd=None),
                fields=["currency", "bank_date", "id"],
                name="transaction_without_rate",
            ),
        ),
    ]
