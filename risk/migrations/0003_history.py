"""Row history by trigger; what is there is the first version. Written by makemigrations, but for the last step."""

import crm.fields.history
import django.db.models.deletion
import django.utils.timezone
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('risk', '0002_later_knowledge'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='RuleHistory',
            fields=[
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
                ('txid', models.BigIntegerField(db_default=crm.fields.history.CurrentTransactionId(), editable=False)),
                ('id', models.BigIntegerField()),
                ('code', models.SlugField(db_index=False, max_length=40, verbose_name='rule code')),
                ('scenario', models.PositiveSmallIntegerField(help_text='Number in the scenario catalogue.', null=True, verbose_name='scenario')),
                ('name', models.CharField(help_text='English; translated on the page.', max_length=80, verbose_name='name')),
                ('anomaly', models.CharField(choices=[('amount', 'Abnormal amount'), ('frequency', 'Abnormal frequency'), ('time', 'Abnormal time'), ('counterparty', 'Abnormal counterparty'), ('regulatory', 'Large-value sum')], max_length=14, verbose_name='anomaly kind')),
                ('source', models.CharField(max_length=300, verbose_name='source of the threshold')),
            ],
            options={
                'abstract': False,
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='RuleSetHistory',
            fields=[
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
                ('txid', models.BigIntegerField(db_default=crm.fields.history.CurrentTransactionId(), editable=False)),
                ('id', models.BigIntegerField()),
                ('number', models.PositiveIntegerField()),
                ('facts', models.JSONField()),
                ('digest', models.CharField(max_length=64)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
            ],
            options={
                'abstract': False,
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='RuleVersionHistory',
            fields=[
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
                ('txid', models.BigIntegerField(db_default=crm.fields.history.CurrentTransactionId(), editable=False)),
                ('id', models.BigIntegerField()),
                ('number', models.PositiveIntegerField()),
                ('state', models.CharField(choices=[('test', 'Test'), ('shadow', 'Shadow'), ('live', 'Live'), ('retired', 'Retired')], default='test', max_length=8)),
                ('definition', models.JSONField()),
                ('parameters', models.JSONField(default=dict)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('activated_at', models.DateTimeField(null=True)),
                ('retired_at', models.DateTimeField(null=True)),
            ],
            options={
                'abstract': False,
                'default_permissions': (),
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='rule',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=crm.fields.history.SnapshotSql(func='INSERT INTO "risk_rulehistory" ("anomaly", "code", "id", "name", "pgh_created_at", "pgh_label", "pgh_obj_id", "scenario", "source") VALUES (NEW."anomaly", NEW."code", NEW."id", NEW."name", clock_timestamp(), \'insert\', NEW."id", NEW."scenario", NEW."source"); RETURN NULL;', hash='108533e113a65591a11350581d0f22749a7cd6ce', operation='INSERT', pgid='pgtrigger_insert_insert_d2f74', table='risk_rule', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='rule',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=crm.fields.history.SnapshotSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "risk_rulehistory" ("anomaly", "code", "id", "name", "pgh_created_at", "pgh_label", "pgh_obj_id", "scenario", "source") VALUES (NEW."anomaly", NEW."code", NEW."id", NEW."name", clock_timestamp(), \'update\', NEW."id", NEW."scenario", NEW."source"); RETURN NULL;', hash='058e1ea671383d726aad7d320dea2005ad229941', operation='UPDATE', pgid='pgtrigger_update_update_aeef6', table='risk_rule', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='rule',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=crm.fields.history.SnapshotSql(func='INSERT INTO "risk_rulehistory" ("anomaly", "code", "id", "name", "pgh_created_at", "pgh_label", "pgh_obj_id", "scenario", "source") VALUES (OLD."anomaly", OLD."code", OLD."id", OLD."name", clock_timestamp(), \'delete\', OLD."id", OLD."scenario", OLD."source"); RETURN NULL;', hash='19035e580f2aec7f8ee703a8597cbe0149960298', operation='DELETE', pgid='pgtrigger_delete_delete_570cd', table='risk_rule', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='ruleset',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=crm.fields.history.SnapshotSql(func='INSERT INTO "risk_rulesethistory" ("created_at", "digest", "facts", "id", "number", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."created_at", NEW."digest", NEW."facts", NEW."id", NEW."number", clock_timestamp(), \'insert\', NEW."id"); RETURN NULL;', hash='9f6238b2bc08a095711ee6cd0788d2095cdaa3ad', operation='INSERT', pgid='pgtrigger_insert_insert_e4b65', table='risk_ruleset', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='ruleset',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=crm.fields.history.SnapshotSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "risk_rulesethistory" ("created_at", "digest", "facts", "id", "number", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."created_at", NEW."digest", NEW."facts", NEW."id", NEW."number", clock_timestamp(), \'update\', NEW."id"); RETURN NULL;', hash='cad21eb775a650b1133d8c480728c57ea5cbfdae', operation='UPDATE', pgid='pgtrigger_update_update_b324d', table='risk_ruleset', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='ruleset',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=crm.fields.history.SnapshotSql(func='INSERT INTO "risk_rulesethistory" ("created_at", "digest", "facts", "id", "number", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (OLD."created_at", OLD."digest", OLD."facts", OLD."id", OLD."number", clock_timestamp(), \'delete\', OLD."id"); RETURN NULL;', hash='f34995052c3584fcd0f1aa51ceece590f21144fb', operation='DELETE', pgid='pgtrigger_delete_delete_41459', table='risk_ruleset', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='ruleversion',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=crm.fields.history.SnapshotSql(func='INSERT INTO "risk_ruleversionhistory" ("activated_at", "activated_by_id", "created_at", "definition", "id", "number", "parameters", "pgh_created_at", "pgh_label", "pgh_obj_id", "proposed_by_id", "retired_at", "rule_id", "state") VALUES (NEW."activated_at", NEW."activated_by_id", NEW."created_at", NEW."definition", NEW."id", NEW."number", NEW."parameters", clock_timestamp(), \'insert\', NEW."id", NEW."proposed_by_id", NEW."retired_at", NEW."rule_id", NEW."state"); RETURN NULL;', hash='1ab7948a4aa576ecfe0f261de1a7b3d02033e34e', operation='INSERT', pgid='pgtrigger_insert_insert_745f1', table='risk_ruleversion', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='ruleversion',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=crm.fields.history.SnapshotSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "risk_ruleversionhistory" ("activated_at", "activated_by_id", "created_at", "definition", "id", "number", "parameters", "pgh_created_at", "pgh_label", "pgh_obj_id", "proposed_by_id", "retired_at", "rule_id", "state") VALUES (NEW."activated_at", NEW."activated_by_id", NEW."created_at", NEW."definition", NEW."id", NEW."number", NEW."parameters", clock_timestamp(), \'update\', NEW."id", NEW."proposed_by_id", NEW."retired_at", NEW."rule_id", NEW."state"); RETURN NULL;', hash='13f6a52f6724be728e84be3e306740886e134180', operation='UPDATE', pgid='pgtrigger_update_update_edf83', table='risk_ruleversion', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='ruleversion',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=crm.fields.history.SnapshotSql(func='INSERT INTO "risk_ruleversionhistory" ("activated_at", "activated_by_id", "created_at", "definition", "id", "number", "parameters", "pgh_created_at", "pgh_label", "pgh_obj_id", "proposed_by_id", "retired_at", "rule_id", "state") VALUES (OLD."activated_at", OLD."activated_by_id", OLD."created_at", OLD."definition", OLD."id", OLD."number", OLD."parameters", clock_timestamp(), \'delete\', OLD."id", OLD."proposed_by_id", OLD."retired_at", OLD."rule_id", OLD."state"); RETURN NULL;', hash='10432766b11f320401f8b4a9fae6e86608ddce00', operation='DELETE', pgid='pgtrigger_delete_delete_5a259', table='risk_ruleversion', when='AFTER')),
        ),
        migrations.AddField(
            model_name='rulehistory',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='risk.rule'),
        ),
        migrations.AddField(
            model_name='rulesethistory',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='risk.ruleset'),
        ),
        migrations.AddField(
            model_name='ruleversionhistory',
            name='activated_by',
            field=models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='ruleversionhistory',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='risk.ruleversion'),
        ),
        migrations.AddField(
            model_name='ruleversionhistory',
            name='proposed_by',
            field=models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='ruleversionhistory',
            name='rule',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='risk.rule'),
        ),
        migrations.AddIndex(
            model_name='rulehistory',
            index=models.Index(fields=['pgh_obj', 'pgh_id'], name='rulehistory_row'),
        ),
        migrations.AddIndex(
            model_name='rulesethistory',
            index=models.Index(fields=['pgh_obj', 'pgh_id'], name='rulesethistory_row'),
        ),
        migrations.AddIndex(
            model_name='ruleversionhistory',
            index=models.Index(fields=['pgh_obj', 'pgh_id'], name='ruleversionhistory_row'),
        ),
        crm.fields.history.baseline("risk", "Rule", "RuleVersion", "RuleSet"),
    ]
