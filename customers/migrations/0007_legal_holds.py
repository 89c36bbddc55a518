"""Legal holds; the versions of an erased customer forget what is not sealed."""

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models

import crm.access.references

# Versions are written by triggers and by nobody else; this is the one way in which they change, for a customer whose data key is gone.
FORGET = """
CREATE FUNCTION customers_forget_versions(erased bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM customers_customer c JOIN fields_datakey k ON k.id = c.data_key_id
                   WHERE c.id = erased AND k.destroyed_at IS NOT NULL) THEN
        RAISE EXCEPTION 'customer % has not been erased', erased USING ERRCODE = 'insufficient_privilege';
    END IF;
    UPDATE customers_customerhistory SET name = '*', name_pinyin = '*', name_compact = '*', name_initials = '*', gender = '',
        birth_date = NULL, region = '', occupation = '', income_band = '', id_number_index = NULL, id_number_last4 = '',
        mobile_index = NULL, mobile_last4 = '', email_index = NULL
    WHERE id = erased;
END $$;
"""


class Migration(migrations.Migration):
    """Adds the table and the function."""

    dependencies = [
        ("customers", "0006_labels_history"),
    ]

    operations = [
        migrations.CreateModel(
            name="LegalHold",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("reference", crm.access.references.ReferenceField(length=8, prefix="H")),
                (
                    "account",
                    models.CharField(blank=True, help_text="Empty: everything of the customer.", max_length=24, verbose_name="account"),
                ),
                ("authority", models.CharField(max_length=80, verbose_name="authority")),
                ("document", models.CharField(max_length=80, verbose_name="document number")),
                ("reason", models.CharField(max_length=200, verbose_name="reason")),
                ("placed_at", models.DateTimeField(default=django.utils.timezone.now, verbose_name="placed at")),
                ("placed_by_number", models.CharField(max_length=20, verbose_name="placed by")),
                ("lifted_at", models.DateTimeField(blank=True, null=True, verbose_name="lifted at")),
                ("lifted_by_number", models.CharField(blank=True, max_length=20, verbose_name="lifted by")),
                (
                    "customer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT,
                        related_name="legal_holds",
                        to="customers.customer",
                        verbose_name="customer",
                    ),
                ),
            ],
            options={
                "verbose_name": "legal hold",
                "verbose_name_plural": "legal holds",
                "indexes": [models.Index(condition=models.Q(("lifted_at", None)), fields=["customer"], name="hold_standing")],
            },
        ),
        migrations.RunSQL(FORGET, "DROP FUNCTION customers_forget_versions(bigint)"),
    ]
