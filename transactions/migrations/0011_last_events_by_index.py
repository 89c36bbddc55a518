"""The last events of an account are read from the index alone; a customer's day is found by the order of its events (ADR 0074)."""

from django.db import migrations, models

COLUMNS = (
    "id",
    "direction",
    "status",
    "reversed_at",
    "amount_cny",
    "bank_date",
    "amount",
    "kind",
    "channel",
    "customer_initiated",
    "occurred_at",
)


class Migration(migrations.Migration):
    """Replace one index, drop another."""

    dependencies = [("transactions", "0010_lists_by_index")]

    operations = [
        migrations.RemoveIndex("transaction", "transaction_customer_day"),
        migrations.RemoveIndex("transaction", "transaction_account_order"),
        migrations.AddIndex(
            "transaction",
            models.Index(fields=["account", "event_order"], include=COLUMNS, name="transaction_account_order"),
        ),
    ]
