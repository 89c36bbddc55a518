"""Row history by trigger; what is there is the first version. Written by makemigrations, but for the last step."""

import crm.access.references
import crm.fields.blind
import crm.fields.history
import crm.fields.sealed
import django.db.models.deletion
import django.utils.timezone
import pgtrigger.compiler
import pgtrigger.migrations
import uuid
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0003_history'),
        ('fields', '0001_initial'),
        ('products', '0002_freezes_and_the_core'),
        ('staff', '0002_history'),
    ]

    operations = [
        migrations.CreateModel(
            name='AccountHistory',
            fields=[
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
                ('txid', models.BigIntegerField(db_default=crm.fields.history.CurrentTransactionId(), editable=False)),
                ('id', models.BigIntegerField()),
                ('seal_id', models.UUIDField(default=uuid.uuid4, editable=False, verbose_name='seal id')),
                ('reference', crm.access.references.ReferenceField(length=8, prefix='A', unique=False)),
                ('number', crm.fields.sealed.SealedTextField(editable=True, index='number_index', label='products.account.number', last4='number_last4', mask='account', verbose_name='account number')),
                ('number_index', crm.fields.blind.BlindIndexField(db_index=False)),
                ('number_last4', models.CharField(editable=False, max_length=4)),
                ('holder_name', models.CharField(max_length=120, verbose_name='account holder')),
                ('kind', models.CharField(choices=[('class_1', 'Class I account'), ('class_2', 'Class II account'), ('class_3', 'Class III account'), ('basic', 'Basic account'), ('general', 'General account'), ('special', 'Special-purpose account'), ('temporary', 'Temporary account')], max_length=12, verbose_name='account type')),
                ('status', models.CharField(choices=[('normal', 'Normal'), ('dormant', 'Dormant'), ('long_dormant', 'Long dormant'), ('closed', 'Closed')], default='normal', max_length=14, verbose_name='account status')),
                ('currency', models.CharField(default='CNY', max_length=8, verbose_name='currency')),
                ('reported_balance', models.DecimalField(blank=True, decimal_places=18, max_digits=38, null=True, verbose_name='reported balance')),
                ('reported_at', models.DateTimeField(blank=True, null=True, verbose_name='balance reported at')),
                ('opened_at', models.DateField(verbose_name='opened on')),
                ('closed_at', models.DateField(blank=True, null=True, verbose_name='closed on')),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
            options={
                'abstract': False,
                'default_permissions': (),
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='account',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=crm.fields.history.SnapshotSql(func='INSERT INTO "products_accounthistory" ("branch_id", "closed_at", "created_at", "currency", "customer_id", "data_key_id", "holder_name", "id", "kind", "number", "number_index", "number_last4", "opened_at", "pgh_created_at", "pgh_label", "pgh_obj_id", "reference", "reported_at", "reported_balance", "seal_id", "status", "version") VALUES (NEW."branch_id", NEW."closed_at", NEW."created_at", NEW."currency", NEW."customer_id", NEW."data_key_id", NEW."holder_name", NEW."id", NEW."kind", NEW."number", NEW."number_index", NEW."number_last4", NEW."opened_at", clock_timestamp(), \'insert\', NEW."id", NEW."reference", NEW."reported_at", NEW."reported_balance", NEW."seal_id", NEW."status", NEW."version"); RETURN NULL;', hash='b404a7812e3bf0bf2e39d4246f34c36a0e4812ad', operation='INSERT', pgid='pgtrigger_insert_insert_6a12e', table='products_account', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='account',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=crm.fields.history.SnapshotSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "products_accounthistory" ("branch_id", "closed_at", "created_at", "currency", "customer_id", "data_key_id", "holder_name", "id", "kind", "number", "number_index", "number_last4", "opened_at", "pgh_created_at", "pgh_label", "pgh_obj_id", "reference", "reported_at", "reported_balance", "seal_id", "status", "version") VALUES (NEW."branch_id", NEW."closed_at", NEW."created_at", NEW."currency", NEW."customer_id", NEW."data_key_id", NEW."holder_name", NEW."id", NEW."kind", NEW."number", NEW."number_index", NEW."number_last4", NEW."opened_at", clock_timestamp(), \'update\', NEW."id", NEW."reference", NEW."reported_at", NEW."reported_balance", NEW."seal_id", NEW."status", NEW."version"); RETURN NULL;', hash='66e3bb7dcc38a4f09194ac39cb345a9007174551', operation='UPDATE', pgid='pgtrigger_update_update_98d2c', table='products_account', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='account',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=crm.fields.history.SnapshotSql(func='INSERT INTO "products_accounthistory" ("branch_id", "closed_at", "created_at", "currency", "customer_id", "data_key_id", "holder_name", "id", "kind", "number", "number_index", "number_last4", "opened_at", "pgh_created_at", "pgh_label", "pgh_obj_id", "reference", "reported_at", "reported_balance", "seal_id", "status", "version") VALUES (OLD."branch_id", OLD."closed_at", OLD."created_at", OLD."currency", OLD."customer_id", OLD."data_key_id", OLD."holder_name", OLD."id", OLD."kind", OLD."number", OLD."number_index", OLD."number_last4", OLD."opened_at", clock_timestamp(), \'delete\', OLD."id", OLD."reference", OLD."reported_at", OLD."reported_balance", OLD."seal_id", OLD."status", OLD."version"); RETURN NULL;', hash='9bd4b4a145b3eb6110e087d0f35f5189481fea9a', operation='DELETE', pgid='pgtrigger_delete_delete_1191f', table='products_account', when='AFTER')),
        ),
        migrations.AddField(
            model_name='accounthistory',
            name='branch',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='staff.branch', verbose_name='opening branch'),
        ),
        migrations.AddField(
            model_name='accounthistory',
            name='customer',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='customers.customer', verbose_name='customer'),
        ),
        migrations.AddField(
            model_name='accounthistory',
            name='data_key',
            field=models.ForeignKey(db_constraint=False, db_index=False, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='fields.datakey', verbose_name='data key'),
        ),
        migrations.AddField(
            model_name='accounthistory',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='products.account'),
        ),
        migrations.AddIndex(
            model_name='accounthistory',
            index=models.Index(fields=['pgh_obj', 'pgh_id'], name='accounthistory_row'),
        ),
        crm.fields.history.baseline("products", "Account"),
    ]
