"""Whether a person could act, and where she belonged, as it was before it changed. Written by makemigrations."""

import crm.fields.history
import django.db.models.deletion
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('staff', '0006_sessions_passwords'),
    ]

    operations = [
        migrations.CreateModel(
            name='UserFormer',
            fields=[
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
                ('txid', models.BigIntegerField(db_default=crm.fields.history.CurrentTransactionId(), editable=False)),
                ('is_active', models.BooleanField(default=True, verbose_name='active')),
                ('valid_until', models.DateTimeField(blank=True, null=True, verbose_name='valid until')),
            ],
            options={
                'abstract': False,
                'default_permissions': (),
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='user',
            trigger=pgtrigger.compiler.Trigger(name='former_is_active_update', sql=crm.fields.history.SnapshotSql(condition='WHEN (OLD."branch_id" IS DISTINCT FROM (NEW."branch_id") OR OLD."is_active" IS DISTINCT FROM (NEW."is_active") OR OLD."valid_until" IS DISTINCT FROM (NEW."valid_until"))', func='INSERT INTO "staff_userformer" ("branch_id", "is_active", "pgh_created_at", "pgh_label", "pgh_obj_id", "valid_until") VALUES (OLD."branch_id", OLD."is_active", clock_timestamp(), \'former_is_active\', OLD."id", OLD."valid_until"); RETURN NULL;', hash='268bb1065681754da404cca5ed65a29d9d490732', operation='UPDATE', pgid='pgtrigger_former_is_active_update_6f26a', table='staff_user', when='AFTER')),
        ),
        migrations.AddField(
            model_name='userformer',
            name='branch',
            field=models.ForeignKey(blank=True, db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='staff.branch', verbose_name='branch'),
        ),
        migrations.AddField(
            model_name='userformer',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddIndex(
            model_name='userformer',
            index=models.Index(fields=['pgh_obj', 'pgh_id'], name='userformer_row'),
        ),
    ]
