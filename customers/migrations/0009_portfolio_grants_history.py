"""Grants on whole portfolios, with their versions. Written by makemigrations."""

import crm.access.references
import crm.fields.history
import django.db.models.deletion
import django.utils.timezone
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0008_identity_checks'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='PortfolioGrant',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('may_change', models.BooleanField(default=False, verbose_name='may change')),
                ('valid_from', models.DateTimeField(default=django.utils.timezone.now, verbose_name='valid from')),
                ('valid_until', models.DateTimeField(verbose_name='valid until')),
                ('reason', models.CharField(max_length=200, verbose_name='reason')),
                ('reference', crm.access.references.ReferenceField(length=8, prefix='PF')),
                ('granted_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='granted by')),
                ('manager', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='stood in for')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL, verbose_name='stands in')),
            ],
            options={
                'verbose_name': 'stand-in for a portfolio',
                'verbose_name_plural': 'stand-ins for portfolios',
            },
        ),
        migrations.CreateModel(
            name='PortfolioGrantHistory',
            fields=[
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
                ('txid', models.BigIntegerField(db_default=crm.fields.history.CurrentTransactionId(), editable=False)),
                ('id', models.BigIntegerField()),
                ('may_change', models.BooleanField(default=False, verbose_name='may change')),
                ('valid_from', models.DateTimeField(default=django.utils.timezone.now, verbose_name='valid from')),
                ('valid_until', models.DateTimeField(verbose_name='valid until')),
                ('reason', models.CharField(max_length=200, verbose_name='reason')),
                ('reference', crm.access.references.ReferenceField(length=8, prefix='PF', unique=False)),
                ('granted_by', models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL, verbose_name='granted by')),
                ('manager', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL, verbose_name='stood in for')),
                ('pgh_obj', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='customers.portfoliogrant')),
                ('user', models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL, verbose_name='stands in')),
            ],
            options={
                'abstract': False,
                'default_permissions': (),
            },
        ),
        migrations.AddIndex(
            model_name='portfoliogrant',
            index=models.Index(fields=['user', 'valid_until'], name='portfolio_grant_of_person'),
        ),
        migrations.AddConstraint(
            model_name='portfoliogrant',
            constraint=models.CheckConstraint(condition=models.Q(('valid_until__gt', models.F('valid_from'))), name='portfolio_grant_ends_after_it_begins'),
        ),
        migrations.AddConstraint(
            model_name='portfoliogrant',
            constraint=models.CheckConstraint(condition=models.Q(('user', models.F('manager')), _negated=True), name='portfolio_grant_is_of_two_people'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='portfoliogrant',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=crm.fields.history.SnapshotSql(func='INSERT INTO "customers_portfoliogranthistory" ("granted_by_id", "id", "manager_id", "may_change", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "reference", "user_id", "valid_from", "valid_until") VALUES (NEW."granted_by_id", NEW."id", NEW."manager_id", NEW."may_change", clock_timestamp(), \'insert\', NEW."id", NEW."reason", NEW."reference", NEW."user_id", NEW."valid_from", NEW."valid_until"); RETURN NULL;', hash='0854e7a0937d2c6f0cf3cbbbc5a05701cdbf33ae', operation='INSERT', pgid='pgtrigger_insert_insert_48742', table='customers_portfoliogrant', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='portfoliogrant',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=crm.fields.history.SnapshotSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "customers_portfoliogranthistory" ("granted_by_id", "id", "manager_id", "may_change", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "reference", "user_id", "valid_from", "valid_until") VALUES (NEW."granted_by_id", NEW."id", NEW."manager_id", NEW."may_change", clock_timestamp(), \'update\', NEW."id", NEW."reason", NEW."reference", NEW."user_id", NEW."valid_from", NEW."valid_until"); RETURN NULL;', hash='78b391ee4bc72b17a2ba45efa3368a912fff7f83', operation='UPDATE', pgid='pgtrigger_update_update_27274', table='customers_portfoliogrant', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='portfoliogrant',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=crm.fields.history.SnapshotSql(func='INSERT INTO "customers_portfoliogranthistory" ("granted_by_id", "id", "manager_id", "may_change", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "reference", "user_id", "valid_from", "valid_until") VALUES (OLD."granted_by_id", OLD."id", OLD."manager_id", OLD."may_change", clock_timestamp(), \'delete\', OLD."id", OLD."reason", OLD."reference", OLD."user_id", OLD."valid_from", OLD."valid_until"); RETURN NULL;', hash='f6ceec43d028e92fc07798da1822d2385b6e4a43', operation='DELETE', pgid='pgtrigger_delete_delete_566f2', table='customers_portfoliogrant', when='AFTER')),
        ),
        migrations.AddIndex(
            model_name='portfoliogranthistory',
            index=models.Index(fields=['pgh_obj', 'pgh_id'], name='portfoliogranthistory_row'),
        ),
    ]
