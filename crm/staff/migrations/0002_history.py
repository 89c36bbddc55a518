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
        ('staff', '0001_initial'),
    ]

    operations = [
        migrations.CreateModel(
            name='RoleAssignmentHistory',
            fields=[
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
                ('txid', models.BigIntegerField(db_default=crm.fields.history.CurrentTransactionId(), editable=False)),
                ('id', models.BigIntegerField()),
                ('assigned_at', models.DateTimeField(default=django.utils.timezone.now, verbose_name='assigned at')),
                ('valid_until', models.DateTimeField(blank=True, null=True, verbose_name='valid until')),
            ],
            options={
                'abstract': False,
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='RoleHistory',
            fields=[
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
                ('txid', models.BigIntegerField(db_default=crm.fields.history.CurrentTransactionId(), editable=False)),
                ('id', models.BigIntegerField()),
                ('code', models.SlugField(db_index=False, max_length=40, verbose_name='code')),
                ('name', models.CharField(blank=True, max_length=80, verbose_name='name')),
            ],
            options={
                'abstract': False,
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='RolePermissionHistory',
            fields=[
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
                ('txid', models.BigIntegerField(db_default=crm.fields.history.CurrentTransactionId(), editable=False)),
                ('id', models.BigIntegerField()),
                ('permission', models.CharField(max_length=100, verbose_name='permission')),
                ('reach', models.CharField(choices=[('none', 'Nothing'), ('self', 'Themselves'), ('source', 'Own sources'), ('own', 'Own customers'), ('branch', 'Own branch and below'), ('all', 'The whole bank')], max_length=8, verbose_name='reach')),
                ('level', models.CharField(choices=[('basic', 'Basic'), ('business', 'Business'), ('advanced', 'Advanced')], default='basic', max_length=8, verbose_name='level')),
            ],
            options={
                'abstract': False,
                'default_permissions': (),
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='role',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=crm.fields.history.SnapshotSql(func='INSERT INTO "staff_rolehistory" ("code", "id", "name", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."code", NEW."id", NEW."name", clock_timestamp(), \'insert\', NEW."id"); RETURN NULL;', hash='904b51ffd06c6f06f401fe9ec683ad6f4c1785f2', operation='INSERT', pgid='pgtrigger_insert_insert_147fd', table='staff_role', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='role',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=crm.fields.history.SnapshotSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "staff_rolehistory" ("code", "id", "name", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."code", NEW."id", NEW."name", clock_timestamp(), \'update\', NEW."id"); RETURN NULL;', hash='c1fbdde3bcee6e14fa4f97a7042b5756ece73e4a', operation='UPDATE', pgid='pgtrigger_update_update_5a97d', table='staff_role', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='role',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=crm.fields.history.SnapshotSql(func='INSERT INTO "staff_rolehistory" ("code", "id", "name", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (OLD."code", OLD."id", OLD."name", clock_timestamp(), \'delete\', OLD."id"); RETURN NULL;', hash='888607599ed141114b4450e717c35ab3947636e0', operation='DELETE', pgid='pgtrigger_delete_delete_e2b71', table='staff_role', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='roleassignment',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=crm.fields.history.SnapshotSql(func='INSERT INTO "staff_roleassignmenthistory" ("assigned_at", "assigned_by_id", "id", "pgh_created_at", "pgh_label", "pgh_obj_id", "role_id", "user_id", "valid_until") VALUES (NEW."assigned_at", NEW."assigned_by_id", NEW."id", clock_timestamp(), \'insert\', NEW."id", NEW."role_id", NEW."user_id", NEW."valid_until"); RETURN NULL;', hash='1753bbbc8d58285e2b5e645ae14d7e003a879890', operation='INSERT', pgid='pgtrigger_insert_insert_26b22', table='staff_roleassignment', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='roleassignment',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=crm.fields.history.SnapshotSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "staff_roleassignmenthistory" ("assigned_at", "assigned_by_id", "id", "pgh_created_at", "pgh_label", "pgh_obj_id", "role_id", "user_id", "valid_until") VALUES (NEW."assigned_at", NEW."assigned_by_id", NEW."id", clock_timestamp(), \'update\', NEW."id", NEW."role_id", NEW."user_id", NEW."valid_until"); RETURN NULL;', hash='c7aeff479c5dbec64da3bf230d2a909ae9d6aa44', operation='UPDATE', pgid='pgtrigger_update_update_e7996', table='staff_roleassignment', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='roleassignment',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=crm.fields.history.SnapshotSql(func='INSERT INTO "staff_roleassignmenthistory" ("assigned_at", "assigned_by_id", "id", "pgh_created_at", "pgh_label", "pgh_obj_id", "role_id", "user_id", "valid_until") VALUES (OLD."assigned_at", OLD."assigned_by_id", OLD."id", clock_timestamp(), \'delete\', OLD."id", OLD."role_id", OLD."user_id", OLD."valid_until"); RETURN NULL;', hash='54f68c715f7979e22b5a532fb794fe912680cd5b', operation='DELETE', pgid='pgtrigger_delete_delete_0eac1', table='staff_roleassignment', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='rolepermission',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=crm.fields.history.SnapshotSql(func='INSERT INTO "staff_rolepermissionhistory" ("id", "level", "permission", "pgh_created_at", "pgh_label", "pgh_obj_id", "reach", "role_id") VALUES (NEW."id", NEW."level", NEW."permission", clock_timestamp(), \'insert\', NEW."id", NEW."reach", NEW."role_id"); RETURN NULL;', hash='6cfa1dde323dc27bb7b396e504b91d604e84ad93', operation='INSERT', pgid='pgtrigger_insert_insert_8e451', table='staff_rolepermission', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='rolepermission',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=crm.fields.history.SnapshotSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "staff_rolepermissionhistory" ("id", "level", "permission", "pgh_created_at", "pgh_label", "pgh_obj_id", "reach", "role_id") VALUES (NEW."id", NEW."level", NEW."permission", clock_timestamp(), \'update\', NEW."id", NEW."reach", NEW."role_id"); RETURN NULL;', hash='d6d722553a80c4db7ca75f9411377f1260cad5cf', operation='UPDATE', pgid='pgtrigger_update_update_0bdcd', table='staff_rolepermission', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='rolepermission',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=crm.fields.history.SnapshotSql(func='INSERT INTO "staff_rolepermissionhistory" ("id", "level", "permission", "pgh_created_at", "pgh_label", "pgh_obj_id", "reach", "role_id") VALUES (OLD."id", OLD."level", OLD."permission", clock_timestamp(), \'delete\', OLD."id", OLD."reach", OLD."role_id"); RETURN NULL;', hash='558477666d0f090217810f6395ecdafc1899c73f', operation='DELETE', pgid='pgtrigger_delete_delete_42aef', table='staff_rolepermission', when='AFTER')),
        ),
        migrations.AddField(
            model_name='roleassignmenthistory',
            name='assigned_by',
            field=models.ForeignKey(blank=True, db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL, verbose_name='assigned by'),
        ),
        migrations.AddField(
            model_name='roleassignmenthistory',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='staff.roleassignment'),
        ),
        migrations.AddField(
            model_name='roleassignmenthistory',
            name='role',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='staff.role'),
        ),
        migrations.AddField(
            model_name='roleassignmenthistory',
            name='user',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='rolehistory',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='staff.role'),
        ),
        migrations.AddField(
            model_name='rolepermissionhistory',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='staff.rolepermission'),
        ),
        migrations.AddField(
            model_name='rolepermissionhistory',
            name='role',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='staff.role'),
        ),
        migrations.AddIndex(
            model_name='roleassignmenthistory',
            index=models.Index(fields=['pgh_obj', 'pgh_id'], name='roleassignmenthistory_row'),
        ),
        migrations.AddIndex(
            model_name='rolehistory',
            index=models.Index(fields=['pgh_obj', 'pgh_id'], name='rolehistory_row'),
        ),
        migrations.AddIndex(
            model_name='rolepermissionhistory',
            index=models.Index(fields=['pgh_obj', 'pgh_id'], name='rolepermissionhistory_row'),
        ),
        crm.fields.history.baseline("staff", "Role", "RolePermission", "RoleAssignment"),
    ]
