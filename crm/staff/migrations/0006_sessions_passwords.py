"""Sessions as their owner sees them, passwords that do not come back, and since when an account is on."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models

import crm.access.references


class Migration(migrations.Migration):
    """Sessions that are open now end at their limit and are not listed."""

    dependencies = [
        ("staff", "0005_duties_history"),
    ]

    operations = [
        migrations.AddField(
            model_name="user",
            name="active_since",
            field=models.DateTimeField(blank=True, editable=False, null=True, verbose_name="switched on at"),
        ),
        migrations.CreateModel(
            name="FormerPassword",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("password", models.CharField(max_length=128)),
                ("replaced_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="former_passwords", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "former password",
                "verbose_name_plural": "former passwords",
                "ordering": ["-replaced_at", "-pk"],
            },
        ),
        migrations.CreateModel(
            name="StaffSession",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", crm.access.references.ReferenceField(length=8, prefix="S")),
                ("session_key", models.CharField(editable=False, max_length=40, unique=True)),
                ("began_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="since")),
                ("sealed_address", models.TextField(blank=True, editable=False)),
                (
                    "user",
                    models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name="sessions", to=settings.AUTH_USER_MODEL),
                ),
            ],
            options={
                "verbose_name": "session",
                "verbose_name_plural": "sessions",
                "ordering": ["-began_at"],
            },
        ),
    ]
