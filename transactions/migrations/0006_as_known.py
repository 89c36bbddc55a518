"""When a rate that came later became known, and that a balance report owes a judgement."""

from django.db import migrations, models

CAUSES = [
    ("new", "New"),
    ("late", "A late transaction arrived"),
    ("corrected", "A transaction was corrected"),
    ("reversed", "A transaction was reversed"),
    ("rated", "An exchange rate arrived"),
    ("reported", "A balance report arrived"),
]


class Migration(migrations.Migration):
    """Two numbers that stay empty for nearly every row."""

    dependencies = [("transactions", "0005_no_numbers_in_complaints")]

    operations = [
        migrations.AddField("transaction", "cny_txid", models.BigIntegerField(editable=False, null=True)),
        migrations.AddField("transaction", "usd_txid", models.BigIntegerField(editable=False, null=True)),
        migrations.AlterField("transaction", "owed_cause", models.CharField(choices=CAUSES, default="new", max_length=10)),
    ]
