"""What was reported is final; what changes afterwards is a correction of it."""

from django.db import migrations, models
from django.db.models import Q
from django.db.models.deletion import PROTECT

CAUSES = [
    ("new", "New"),
    ("late", "A late transaction arrived"),
    ("corrected", "A transaction was corrected"),
    ("reversed", "A transaction was reversed"),
    ("rated", "An exchange rate arrived"),
]
FINAL = """
CREATE FUNCTION risk_reported_is_final() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog AS $$
BEGIN
    RAISE EXCEPTION 'a large-value row that was reported is final' USING ERRCODE = 'integrity_constraint_violation';
END $$;
CREATE TRIGGER risk_reported_is_final BEFORE UPDATE OR DELETE ON risk_largevaluerow
    FOR EACH ROW WHEN (OLD.state = 'reported') EXECUTE FUNCTION risk_reported_is_final();
"""
UNDO = """
DROP TRIGGER risk_reported_is_final ON risk_largevaluerow;
DROP FUNCTION risk_reported_is_final();
"""


class Migration(migrations.Migration):
    """Revisions of a register row, and the wall around what was reported."""

    dependencies = [("risk", "0001_initial")]

    operations = [
        migrations.RemoveConstraint(model_name="largevaluerow", name="large_value_row_once"),
        migrations.AddField(
            "largevaluerow",
            "corrects",
            models.ForeignKey(
                "risk.largevaluerow",
                PROTECT,
                blank=True,
                editable=False,
                null=True,
                related_name="corrections",
                verbose_name="correction of",
            ),
        ),
        migrations.AddField(
            "largevaluerow", "revision", models.PositiveSmallIntegerField(default=1, editable=False, verbose_name="revision")
        ),
        migrations.AlterField("assessment", "cause", models.CharField(choices=CAUSES, default="new", max_length=10)),
        migrations.AddConstraint(
            "largevaluerow",
            models.UniqueConstraint(
                fields=["customer", "rule", "bank_date", "direction", "currency_group", "revision"],
                name="large_value_row_once_a_revision",
            ),
        ),
        migrations.AddConstraint(
            "largevaluerow",
            models.CheckConstraint(condition=Q(revision=1) ^ Q(corrects__isnull=False), name="large_value_correction_says_of_what"),
        ),
        migrations.RunSQL(FINAL, UNDO),
    ]
