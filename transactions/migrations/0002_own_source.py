"""The source of what people enter on our own pages."""

from django.apps.registry import Apps
from django.db import migrations
from django.db.backends.base.schema import BaseDatabaseSchemaEditor


def plant(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Record the source that the form speaks for."""
    model = apps.get_model("transactions", "Source")
    model.objects.using(schema_editor.connection.alias).get_or_create(code="crm", defaults={"name": "CRM", "zone": "Asia/Shanghai"})


class Migration(migrations.Migration):
    """Data that every bank needs."""

    dependencies = [("transactions", "0001_initial")]

    operations = [migrations.RunPython(plant, migrations.RunPython.noop)]
