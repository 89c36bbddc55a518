"""What rules read of an account, as it was before it changed; when a balance report was learned. Written by makemigrations, but for one step."""

import crm.fields.history
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('products', '0003_history'),
    ]

    operations = [
        migrations.CreateModel(
            name='AccountFormer',
            fields=[
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
                ('txid', models.BigIntegerField(db_default=crm.fields.history.CurrentTransactionId(), editable=False)),
                ('kind', models.CharField(choices=[('class_1', 'Class I account'), ('class_2', 'Class II account'), ('class_3', 'Class III account'), ('basic', 'Basic account'), ('general', 'General account'), ('special', 'Special-purpose account'), ('temporary', 'Temporary account')], max_length=12, verbose_name='account type')),
                ('currency', models.CharField(default='CNY', max_length=8, verbose_name='currency')),
                ('opened_at', models.DateField(verbose_name='opened on')),
            ],
            options={
                'abstract': False,
                'default_permissions': (),
            },
        ),
        migrations.AddField(
            model_name='balancereport',
            name='txid',
            field=models.BigIntegerField(editable=False, null=True),
        ),
        migrations.AlterField(  # two steps: the reports that are there stay without a number
            model_name='balancereport',
            name='txid',
            field=models.BigIntegerField(db_default=crm.fields.history.CurrentTransactionId(), editable=False, null=True),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='account',
            trigger=pgtrigger.compiler.Trigger(name='former_kind_update', sql=crm.fields.history.SnapshotSql(condition='WHEN (OLD."currency" IS DISTINCT FROM (NEW."currency") OR OLD."kind" IS DISTINCT FROM (NEW."kind") OR OLD."opened_at" IS DISTINCT FROM (NEW."opened_at"))', func='INSERT INTO "products_accountformer" ("currency", "kind", "opened_at", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (OLD."currency", OLD."kind", OLD."opened_at", clock_timestamp(), \'former_kind\', OLD."id"); RETURN NULL;', hash='2bbf247d962ab2ebc8a9c4456048cea7aa8a3d7f', operation='UPDATE', pgid='pgtrigger_former_kind_update_b0d34', table='products_account', when='AFTER')),
        ),
        migrations.AddField(
            model_name='accountformer',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='products.account'),
        ),
        migrations.AddIndex(
            model_name='accountformer',
            index=models.Index(fields=['pgh_obj', 'pgh_id'], name='accountformer_row'),
        ),
    ]
