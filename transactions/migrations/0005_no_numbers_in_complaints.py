"""What was wrong with rows of files no longer holds account, mobile or ID numbers."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from crm.log.masking import hide_numbers


def hide(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Mask what is kept."""
    kept = apps.get_model("transactions", "RowError").objects
    for row in kept.exclude(params={}).iterator(chunk_size=2_000):
        params = {name: hide_numbers(value) if isinstance(value, str) else value for name, value in row.params.items()}
        if params != row.params:
            kept.filter(pk=row.pk).update(params=params)


class Migration(migrations.Migration):
    """Rows only."""

    dependencies = [("transactions", "0004_who_entered")]

    operations = [migrations.RunPython(hide, migrations.RunPython.noop)]
