"""Partner systems get terms and secrets for the token endpoint; tokens that never end open nothing any more."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Each partner needs a new secret and its doors."""

    dependencies = [
        ("staff", "0003_guessing"),
    ]

    operations = [
        migrations.RemoveField(
            model_name="serviceclient",
            name="token_hash",
        ),
        migrations.AddField(
            model_name="serviceclient",
            name="branches",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=12), blank=True, default=list, size=None, verbose_name="branches"
            ),
        ),
        migrations.AddField(
            model_name="serviceclient",
            name="endpoints",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=40), default=list, size=None, verbose_name="doors"
            ),
        ),
        migrations.AddField(
            model_name="serviceclient",
            name="networks",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.CharField(max_length=43), blank=True, default=list, size=None, verbose_name="networks"
            ),
        ),
        migrations.CreateModel(
            name="ClientSecret",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("secret_hash", models.CharField(max_length=64, unique=True)),
                ("issued_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="issued at")),
                ("ended_at", models.DateTimeField(null=True, verbose_name="ended at")),
                (
                    "client",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="secrets", to="staff.serviceclient"),
                ),
                (
                    "issued_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="issued by",
                    ),
                ),
            ],
            options={
                "verbose_name": "secret of a partner system",
                "verbose_name_plural": "secrets of partner systems",
                "ordering": ["pk"],
            },
        ),
    ]
