from django.db import migrations, models


class Migration(migrations.Migration):
    """Which rules a back-test tries is kept, so that its page can say so."""

    dependencies = [
        ("risk", "0007_lists_by_index"),
    ]

    operations = [
        migrations.AddField(
            model_name="backtest",
            name="choice",
            field=models.CharField(
                choices=[
                    ("live", "All live rules"),
                    ("draft", "All live rules, these versions in place of their live ones"),
                    ("picked", "Only these versions"),
                ],
                default="live",
                max_length=10,
                verbose_name="choice of rules",
            ),
        ),
    ]
