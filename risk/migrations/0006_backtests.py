"""Back-tests and their hits."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import crm.access.references


class Migration(migrations.Migration):
    """Two tables that no judgement reads."""

    dependencies = [
        ("jobs", "0001_initial"),
        ("risk", "0005_running"),
        ("transactions", "0009_reference_once"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Backtest",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", crm.access.references.ReferenceField(length=8, prefix="B")),
                ("first_day", models.DateField(verbose_name="first bank date")),
                ("last_day", models.DateField(verbose_name="last bank date")),
                (
                    "mode",
                    models.CharField(
                        choices=[("corrected", "As corrected since"), ("known", "As known at the time")],
                        max_length=10,
                        verbose_name="knowledge",
                    ),
                ),
                (
                    "live",
                    django.contrib.postgres.fields.ArrayField(base_field=models.BigIntegerField(), default=list, editable=False, size=None),
                ),
                ("result", models.JSONField(editable=False, null=True)),
                ("requested_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="requested at")),
                ("hits_removed_at", models.DateTimeField(editable=False, null=True)),
                ("job", models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="jobs.job")),
                (
                    "requested_by",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="requested by",
                    ),
                ),
                ("versions", models.ManyToManyField(related_name="+", to="risk.ruleversion", verbose_name="rules tried")),
            ],
            options={
                "verbose_name": "back-test",
                "verbose_name_plural": "back-tests",
                "ordering": ["-pk"],
            },
        ),
        migrations.CreateModel(
            name="BacktestHit",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                (
                    "band",
                    models.CharField(choices=[("high", "High"), ("mid", "Medium"), ("low", "Low")], max_length=4, verbose_name="band"),
                ),
                (
                    "compared",
                    models.CharField(
                        choices=[("new", "New"), ("same", "Same"), ("gone", "Gone")],
                        max_length=4,
                        verbose_name="compared with what is live",
                    ),
                ),
                ("occurred_at", models.DateTimeField(verbose_name="occurred at")),
                (
                    "backtest",
                    models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name="hits", to="risk.backtest"),
                ),
                (
                    "rule_version",
                    models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="risk.ruleversion"),
                ),
                (
                    "transaction",
                    models.ForeignKey(
                        db_index=False, on_delete=django.db.models.deletion.PROTECT, related_name="+", to="transactions.transaction"
                    ),
                ),
            ],
            options={
                "verbose_name": "hit of a back-test",
                "verbose_name_plural": "hits of a back-test",
                "indexes": [models.Index(fields=["backtest", "-occurred_at", "id"], name="backtest_hit_of")],
            },
        ),
    ]
