"""What rules read of a customer, as it was before it changed. Written by makemigrations."""

import crm.fields.history
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0003_history'),
    ]

    operations = [
        migrations.CreateModel(
            name='CustomerFormer',
            fields=[
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
                ('txid', models.BigIntegerField(db_default=crm.fields.history.CurrentTransactionId(), editable=False)),
                ('segment', models.CharField(choices=[('retail', 'Retail'), ('student', 'Student customer'), ('pensioner', 'Pensioner'), ('merchant', 'Merchant'), ('corporate', 'Corporate')], default='retail', max_length=12, verbose_name='segment')),
                ('kind', models.CharField(choices=[('person', 'Person'), ('organisation', 'Organisation')], max_length=12, verbose_name='customer type')),
                ('aml_risk_level', models.PositiveSmallIntegerField(choices=[(1, 'Low risk'), (2, 'Medium-low risk'), (3, 'Medium risk'), (4, 'Medium-high risk'), (5, 'High risk')], default=1, verbose_name='AML risk level')),
            ],
            options={
                'abstract': False,
                'default_permissions': (),
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='customer',
            trigger=pgtrigger.compiler.Trigger(name='former_segment_update', sql=crm.fields.history.SnapshotSql(condition='WHEN (OLD."aml_risk_level" IS DISTINCT FROM (NEW."aml_risk_level") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."segment" IS DISTINCT FROM (NEW."segment"))', func='INSERT INTO "customers_customerformer" ("aml_risk_level", "kind", "pgh_created_at", "pgh_label", "pgh_obj_id", "segment") VALUES (OLD."aml_risk_level", OLD."kind", clock_timestamp(), \'former_segment\', OLD."id", OLD."segment"); RETURN NULL;', hash='96b3af7e9308917b70e4e2a1835ff63e593a0e8d', operation='UPDATE', pgid='pgtrigger_former_segment_update_0894e', table='customers_customer', when='AFTER')),
        ),
        migrations.AddField(
            model_name='customerformer',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='customers.customer'),
        ),
        migrations.AddIndex(
            model_name='customerformer',
            index=models.Index(fields=['pgh_obj', 'pgh_id'], name='customerformer_row'),
        ),
    ]
