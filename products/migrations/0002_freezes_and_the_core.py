"""An amount freeze says its currency, a lifting that the core refused is visible, and instructions are claimed, counted and cancelled."""

from django.db import migrations, models

CURRENCY_OF_OLD_AMOUNTS = """
UPDATE products_freeze f
   SET currency = coalesce((SELECT a.currency FROM products_account a WHERE a.id = f.account_id), 'CNY')
 WHERE f.amount IS NOT NULL AND f.currency = ''
"""
STATES = [("owed", "Waiting for the core"), ("acknowledged", "Acknowledged"), ("failed", "Core refused"), ("cancelled", "Not needed")]


class Migration(migrations.Migration):
    """Add, fill, and demand."""

    dependencies = [("products", "0001_initial")]

    operations = [
        migrations.AddField(
            "freeze",
            "currency",
            models.CharField(blank=True, default="", help_text="Of the amount.", max_length=8, verbose_name="currency"),
            preserve_default=False,
        ),
        migrations.AddField("freeze", "lift_refused_at", models.DateTimeField(blank=True, editable=False, null=True)),
        migrations.AddField("coreinstruction", "faults", models.PositiveIntegerField(default=0)),
        migrations.AddField("coreinstruction", "telling", models.PositiveSmallIntegerField(default=1)),
        migrations.AlterField("coreinstruction", "state", models.CharField(choices=STATES, default="owed", max_length=14)),
        migrations.RunSQL(CURRENCY_OF_OLD_AMOUNTS, migrations.RunSQL.noop),
        migrations.RemoveConstraint("freeze", "freeze_amount_given"),
        migrations.AddConstraint(
            "freeze",
            models.CheckConstraint(
                condition=~models.Q(kind="amount") | (models.Q(amount__gt=0) & ~models.Q(currency="")),
                name="freeze_amount_given",
            ),
        ),
    ]
