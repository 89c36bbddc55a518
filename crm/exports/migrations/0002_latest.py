"""Permits are kept for ever and listed from the newest on."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """An index in the order of the list."""

    dependencies = [("exports", "0001_initial")]

    operations = [
        migrations.AddIndex(
            model_name="exportpermit",
            index=models.Index(fields=["-requested_at", "-id"], name="export_latest"),
        ),
    ]
