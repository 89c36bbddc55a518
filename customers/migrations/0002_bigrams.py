"""Names are found by any part of them, two characters too, which trigrams cannot do."""

from django.db import migrations

FUNCTION = """
CREATE FUNCTION customers_bigrams(value text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
  SELECT coalesce(array_agg(DISTINCT substr(lower(value), place, 2)), '{}')
  FROM generate_series(1, greatest(length(value) - 1, 1)) AS place
$$;
CREATE INDEX customer_name_bigrams ON customers_customer USING gin (customers_bigrams(name));
"""
UNDO = """
DROP INDEX customer_name_bigrams;
DROP FUNCTION customers_bigrams(text);
"""


class Migration(migrations.Migration):
    """The function and the index on it."""

    dependencies = [("customers", "0001_initial")]
    operations = [migrations.RunSQL(FUNCTION, UNDO)]
