"""What was asked has a hash of its own, beside the hash of what was shown."""

import hashlib
import json
from typing import Any

from django.db import migrations, models


def fill(apps: Any, schema_editor: Any) -> None:
    """Mark every request with what it asks, as the service does today."""
    for row in apps.get_model("approvals", "ChangeRequest").objects.iterator(chunk_size=1000):
        parts = [row.kind, row.target_type, row.target_ref, row.base_version, row.changes, row.reason, row.requested_by_number]
        text = json.dumps(parts, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
        row.asked_hash = hashlib.sha256(text.encode()).hexdigest()
        row.save(update_fields=["asked_hash"])


class Migration(migrations.Migration):
    """A column, filled for what is stored."""

    dependencies = [("approvals", "0001_initial")]

    operations = [
        migrations.AddField("changerequest", "asked_hash", models.CharField(max_length=64, default=""), preserve_default=False),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
    ]
