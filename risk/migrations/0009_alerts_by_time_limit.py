from django.db import migrations, models


class Migration(migrations.Migration):
    """The badges ask for the waiting alerts by their time limit; the foreign key's own index made ``alert_customer`` a second copy."""

    dependencies = [
        ("risk", "0008_backtest_choice"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="alert",
            index=models.Index(condition=models.Q(("state__in", ["open", "claimed"])), fields=["due_at"], name="alert_waiting_due"),
        ),
        migrations.RemoveIndex(
            model_name="alert",
            name="alert_customer",
        ),
    ]
