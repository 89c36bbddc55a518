"""What a back-test needs to know again what was known: which transaction judged, and when a reference was added."""

from django.db import migrations, models

from crm.fields.history import CurrentTransactionId

CAUSES = [
    ("new", "New"),
    ("late", "A late transaction arrived"),
    ("corrected", "A transaction was corrected"),
    ("reversed", "A transaction was reversed"),
    ("rated", "An exchange rate arrived"),
    ("reported", "A balance report arrived"),
]
EMPTY = models.BigIntegerField(editable=False, null=True)
FILLED = models.BigIntegerField(db_default=CurrentTransactionId(), editable=False, null=True)


class Migration(migrations.Migration):
    """Two steps for each column: what is there stays without a number, because nobody knows it."""

    dependencies = [("risk", "0003_history")]

    operations = [
        migrations.AddField("assessment", "txid", EMPTY),
        migrations.AlterField("assessment", "txid", FILLED),
        migrations.AddField("datedvalue", "txid", EMPTY),
        migrations.AlterField("datedvalue", "txid", FILLED),
        migrations.AlterField("assessment", "cause", models.CharField(choices=CAUSES, default="new", max_length=10)),
    ]
