"""Subscriptions know since when they owe reports; those that are there owe them since they were made."""

from typing import Any

import django.utils.timezone
from django.db import migrations, models
from django.db.models import F


def since_they_were_made(apps: Any, schema_editor: Any) -> None:
    """What was owed from the start stays owed."""
    subscriptions = apps.get_model("reports", "Subscription").objects.using(schema_editor.connection.alias)
    subscriptions.update(active_since=F("created_at"))


class Migration(migrations.Migration):
    """The column, filled."""

    dependencies = [("reports", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="subscription",
            name="active_since",
            field=models.DateTimeField(default=django.utils.timezone.now),
        ),
        migrations.RunPython(since_they_were_made, migrations.RunPython.noop),
    ]
