"""A balance takes back what its report still held and has been reversed since."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """An index over the few reversed rows."""

    dependencies = [("transactions", "0006_as_known")]

    operations = [
        migrations.AddIndex(
            "transaction",
            models.Index(fields=["account", "reversed_at"], condition=models.Q(reversed_at__isnull=False), name="transaction_undone"),
        ),
    ]
