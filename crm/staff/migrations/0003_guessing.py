"""Attempts in a sliding window; devices that are known, officers that are held, names that are sprayed."""

import django.contrib.postgres.fields
import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    """Counters begin anew."""

    dependencies = [
        ("staff", "0002_history"),
    ]

    operations = [
        migrations.RemoveField(
            model_name="signincounter",
            name="failures",
        ),
        migrations.RemoveField(
            model_name="signincounter",
            name="window_started_at",
        ),
        migrations.AddField(
            model_name="signincounter",
            name="taken",
            field=django.contrib.postgres.fields.ArrayField(base_field=models.DateTimeField(), default=list, size=None),
        ),
        migrations.AddField(
            model_name="signincounter",
            name="touched_at",
            field=models.DateTimeField(db_index=True, default=django.utils.timezone.now),
        ),
        migrations.CreateModel(
            name="SignInHold",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("since", models.DateTimeField(default=django.utils.timezone.now, verbose_name="since")),
                (
                    "user",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE, related_name="sign_in_hold", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
            options={
                "verbose_name": "held sign-in",
                "verbose_name_plural": "held sign-ins",
            },
        ),
        migrations.CreateModel(
            name="SignInSighting",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("key", models.CharField(max_length=64)),
                ("name", models.CharField(max_length=64)),
                ("seen_at", models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                "verbose_name": "sighting of a failed sign-in",
                "verbose_name_plural": "sightings of failed sign-ins",
                "indexes": [models.Index(fields=["seen_at"], name="sighting_by_age")],
                "constraints": [models.UniqueConstraint(fields=("key", "name"), name="sighting_once")],
            },
        ),
        migrations.CreateModel(
            name="KnownDevice",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("mark", models.CharField(max_length=64)),
                ("first_seen_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("last_used_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "user",
                    models.ForeignKey(settings.AUTH_USER_MODEL, django.db.models.deletion.CASCADE, related_name="devices"),
                ),
            ],
            options={
                "verbose_name": "known device",
                "verbose_name_plural": "known devices",
                "constraints": [models.UniqueConstraint(fields=("user", "mark"), name="device_once_a_person")],
            },
        ),
    ]
