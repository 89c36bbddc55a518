"""An index that finds the notices whose time to climb has come."""

from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """One partial index."""

    dependencies = [("notify", "0001_initial")]

    operations = [
        migrations.AddIndex("notice", models.Index(condition=Q(escalated_at=None), fields=["kind", "created_at"], name="notice_climbing")),
    ]
