"""Holders of accounts are found by any part of their name, as customers are."""

from django.db import migrations


class Migration(migrations.Migration):
    """The index; the function is that of customers."""

    dependencies = [("products", "0004_former_history"), ("customers", "0002_bigrams")]
    operations = [
        migrations.RunSQL(
            "CREATE INDEX account_holder_bigrams ON products_account USING gin (customers_bigrams(holder_name))",
            "DROP INDEX account_holder_bigrams",
        )
    ]
