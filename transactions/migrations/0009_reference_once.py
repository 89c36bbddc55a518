"""The reference is indexed once: a second index for prefixes (``…_like``) says nothing that the unique one does not, where letters are
ordered by their codes, as the servers of this product order them. It cost every insert and every judgement."""

from django.db import migrations

DROP = """
DO $$
DECLARE found text;
BEGIN
    FOR found IN SELECT indexrelid::regclass::text FROM pg_index
        WHERE indrelid = 'transactions_transaction'::regclass
          AND indexrelid::regclass::text LIKE 'transactions_transaction_reference_%_like'
    LOOP
        EXECUTE 'DROP INDEX ' || found;
    END LOOP;
END $$
"""


class Migration(migrations.Migration):
    """One index less."""

    dependencies = [("transactions", "0008_waiting_longest")]

    operations = [
        migrations.RunSQL(
            DROP,
            "CREATE INDEX transactions_transaction_reference_65ce6e73_like ON transactions_transaction (reference varchar_pattern_ops)",
        )
    ]
