"""2024 to 2026 from the State Council's notices (data/holidays.csv names them), 2027 provisionally as plain weekdays."""

from datetime import date
from pathlib import Path

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from crm.calendar import days

FILE = Path(__file__).resolve().parent.parent / "data" / "holidays.csv"


def load(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Fills the table."""
    model = apps.get_model("calendar", "BusinessDay")
    rows = days.numbered(date(2024, 1, 1), date(2027, 12, 31), days.read(FILE), provisional_from=date(2027, 1, 1))
    model.objects.using(schema_editor.connection.alias).bulk_create(
        model(
            day=row.day,
            ordinal=row.ordinal,
            is_business=row.is_business,
            is_provisional=row.is_provisional,
            note=row.note,
            source=row.source,
        )
        for row in rows
    )


class Migration(migrations.Migration):
    """Data shipped with the product."""

    dependencies = [("calendar", "0001_initial")]

    operations = [migrations.RunPython(load, migrations.RunPython.noop)]
