"""Who entered a transaction stands in a column of our own; what a source calls its operator is only what the source says."""

import django.db.models.deletion
from django.apps.registry import Apps
from django.conf import settings
from django.db import migrations, models
from django.db.backends.base.schema import BaseDatabaseSchemaEditor
from django.db.models import OuterRef, Subquery


def tell(apps: Apps, schema_editor: BaseDatabaseSchemaEditor) -> None:
    """Fill the column for what was entered by hand, and take the sources' words out of our own steps."""
    users = apps.get_model("staff", "User").objects.filter(number=OuterRef("operator")).values("pk")[:1]
    apps.get_model("transactions", "Transaction").objects.filter(source__code="crm").update(entered_by=Subquery(users))
    begun = apps.get_model("transactions", "StatusEvent").objects.filter(external_id="", source__isnull=False)
    begun.exclude(source__code="crm").update(operator="")


class Migration(migrations.Migration):
    """The column and what it holds for the rows that are there."""

    dependencies = [
        ("transactions", "0003_later_knowledge"),
        ("staff", "0001_initial"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            "transaction",
            "entered_by",
            models.ForeignKey(
                db_index=False,
                null=True,
                editable=False,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="+",
                to=settings.AUTH_USER_MODEL,
                verbose_name="entered by",
            ),
        ),
        migrations.RunPython(tell, migrations.RunPython.noop),
    ]
