"""Rates to begin with, labelled as demonstration (see `crm.money.demonstration`)."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor

from crm.money import demonstration


def load(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Fills the table."""
    model = apps.get_model("money", "Rate")
    model.objects.using(schema_editor.connection.alias).bulk_create(
        (model(currency=rate.currency, day=rate.day, cny_per_unit=rate.cny_per_unit, source=rate.source) for rate in demonstration.rates()),
        batch_size=2_000,
    )


class Migration(migrations.Migration):
    """Data shipped with the product."""

    dependencies = [("money", "0001_initial")]

    operations = [migrations.RunPython(load, migrations.RunPython.noop)]
