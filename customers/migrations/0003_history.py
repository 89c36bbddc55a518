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
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('auth', '0012_alter_user_first_name_max_length'),
        ('customers', '0002_bigrams'),
        ('fields', '0001_initial'),
        ('staff', '0002_history'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='CustomerGrantHistory',
            fields=[
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
                ('txid', models.BigIntegerField(db_default=crm.fields.history.CurrentTransactionId(), editable=False)),
                ('id', models.BigIntegerField()),
                ('valid_from', models.DateTimeField(default=django.utils.timezone.now, verbose_name='valid from')),
                ('valid_until', models.DateTimeField(blank=True, null=True, verbose_name='valid until')),
                ('reason', models.CharField(max_length=200, verbose_name='reason')),
            ],
            options={
                'abstract': False,
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='CustomerHistory',
            fields=[
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
                ('txid', models.BigIntegerField(db_default=crm.fields.history.CurrentTransactionId(), editable=False)),
                ('id', models.BigIntegerField()),
                ('seal_id', models.UUIDField(default=uuid.uuid4, editable=False, verbose_name='seal id')),
                ('reference', crm.access.references.ReferenceField(length=8, prefix='C', unique=False)),
                ('core_number', models.CharField(max_length=20, verbose_name='core customer number')),
                ('kind', models.CharField(choices=[('person', 'Person'), ('organisation', 'Organisation')], max_length=12, verbose_name='customer type')),
                ('name', models.CharField(max_length=120, verbose_name='name')),
                ('name_pinyin', models.CharField(editable=False, max_length=400)),
                ('name_compact', models.CharField(editable=False, max_length=400)),
                ('name_initials', models.CharField(editable=False, max_length=60)),
                ('gender', models.CharField(blank=True, choices=[('male', 'Male'), ('female', 'Female'), ('', 'Not stated')], max_length=8, verbose_name='gender')),
                ('birth_date', models.DateField(blank=True, null=True, verbose_name='date of birth')),
                ('id_type', models.CharField(choices=[('resident_card', 'Resident identity card'), ('passport', 'Passport'), ('hk_macao_permit', 'Mainland travel permit for Hong Kong and Macao residents'), ('taiwan_permit', 'Mainland travel permit for Taiwan residents'), ('foreign_resident', 'Foreign permanent resident identity card'), ('household_register', 'Household register'), ('officer_card', 'Military officer card'), ('credit_code', 'Unified social credit code')], max_length=20, verbose_name='ID type')),
                ('id_number', crm.fields.sealed.SealedTextField(editable=True, index='id_number_index', label='customers.customer.id_number', last4='id_number_last4', mask='id_number', verbose_name='ID number')),
                ('id_number_index', crm.fields.blind.BlindIndexField(db_index=False)),
                ('id_number_last4', models.CharField(blank=True, editable=False, max_length=4)),
                ('mobile', crm.fields.sealed.SealedTextField(blank=True, editable=True, index='mobile_index', label='customers.customer.mobile', last4='mobile_last4', mask='mobile', verbose_name='mobile number')),
                ('mobile_index', crm.fields.blind.BlindIndexField(db_index=False)),
                ('mobile_last4', models.CharField(blank=True, editable=False, max_length=4)),
                ('email', crm.fields.sealed.SealedTextField(blank=True, editable=True, index='email_index', label='customers.customer.email', mask='email', verbose_name='e-mail')),
                ('email_index', crm.fields.blind.BlindIndexField(db_index=False)),
                ('region', models.CharField(blank=True, help_text='Province, city and district; the street is sealed.', max_length=60, verbose_name='district')),
                ('address', crm.fields.sealed.SealedTextField(blank=True, editable=True, label='customers.customer.address', mask='address', verbose_name='street address')),
                ('occupation', models.CharField(blank=True, choices=[('public_office', 'Head of a public body or enterprise'), ('professional', 'Professional or technical staff'), ('clerical', 'Clerical staff'), ('service', 'Commercial and service staff'), ('farming', 'Farming, forestry, animal husbandry or fishery'), ('production', 'Production or transport staff'), ('military', 'Military'), ('student', 'Student'), ('retired', 'Retired'), ('self_employed', 'Self-employed'), ('other', 'Other occupation'), ('', 'Not stated')], max_length=20, verbose_name='occupation')),
                ('income_band', models.CharField(blank=True, choices=[('below_50k', 'Below 50,000'), ('50k_120k', '50,000 to 120,000'), ('120k_300k', '120,000 to 300,000'), ('300k_1m', '300,000 to 1,000,000'), ('above_1m', '1,000,000 and above'), ('', 'Not stated')], max_length=12, verbose_name='income band')),
                ('segment', models.CharField(choices=[('retail', 'Retail'), ('student', 'Student customer'), ('pensioner', 'Pensioner'), ('merchant', 'Merchant'), ('corporate', 'Corporate')], default='retail', max_length=12, verbose_name='segment')),
                ('aml_risk_level', models.PositiveSmallIntegerField(choices=[(1, 'Low risk'), (2, 'Medium-low risk'), (3, 'Medium risk'), (4, 'Medium-high risk'), (5, 'High risk')], default=1, verbose_name='AML risk level')),
                ('risk_tolerance', models.CharField(blank=True, choices=[('C1', 'C1 conservative'), ('C2', 'C2 steady'), ('C3', 'C3 balanced'), ('C4', 'C4 growth'), ('C5', 'C5 aggressive'), ('', 'Not assessed')], max_length=2, verbose_name='risk tolerance level')),
                ('lifecycle_stage', models.CharField(choices=[('acquired', 'Acquired'), ('active', 'Active'), ('retained', 'Retained'), ('churned', 'Churned')], default='acquired', max_length=10, verbose_name='lifecycle stage')),
                ('credit_record', models.CharField(choices=[('none', 'No credit record'), ('good', 'Good credit record'), ('overdue', 'Overdue in the last two years'), ('bad', 'Defaulted')], default='none', max_length=10, verbose_name='credit record')),
                ('version', models.PositiveIntegerField(default=1, editable=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
                ('updated_at', models.DateTimeField(default=django.utils.timezone.now, editable=False)),
            ],
            options={
                'abstract': False,
                'default_permissions': (),
            },
        ),
        migrations.CreateModel(
            name='CustomerMove',
            fields=[
                ('pgh_created_at', models.DateTimeField(auto_now_add=True)),
                ('pgh_label', models.TextField(help_text='The event label.')),
                ('pgh_id', models.BigAutoField(primary_key=True, serialize=False)),
                ('txid', models.BigIntegerField(db_default=crm.fields.history.CurrentTransactionId(), editable=False)),
            ],
            options={
                'abstract': False,
                'default_permissions': (),
            },
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='customer',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=crm.fields.history.SnapshotSql(func='INSERT INTO "customers_customerhistory" ("address", "aml_risk_level", "birth_date", "core_number", "created_at", "credit_record", "data_key_id", "email", "email_index", "gender", "id", "id_number", "id_number_index", "id_number_last4", "id_type", "income_band", "kind", "lifecycle_stage", "manager_id", "mobile", "mobile_index", "mobile_last4", "name", "name_compact", "name_initials", "name_pinyin", "occupation", "opening_branch_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reference", "region", "risk_tolerance", "seal_id", "segment", "sign_in_id", "updated_at", "version") VALUES (NEW."address", NEW."aml_risk_level", NEW."birth_date", NEW."core_number", NEW."created_at", NEW."credit_record", NEW."data_key_id", NEW."email", NEW."email_index", NEW."gender", NEW."id", NEW."id_number", NEW."id_number_index", NEW."id_number_last4", NEW."id_type", NEW."income_band", NEW."kind", NEW."lifecycle_stage", NEW."manager_id", NEW."mobile", NEW."mobile_index", NEW."mobile_last4", NEW."name", NEW."name_compact", NEW."name_initials", NEW."name_pinyin", NEW."occupation", NEW."opening_branch_id", clock_timestamp(), \'insert\', NEW."id", NEW."reference", NEW."region", NEW."risk_tolerance", NEW."seal_id", NEW."segment", NEW."sign_in_id", NEW."updated_at", NEW."version"); RETURN NULL;', hash='14c9de11b26215f7b6a06495957f5dae061fadb4', operation='INSERT', pgid='pgtrigger_insert_insert_a36e0', table='customers_customer', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='customer',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=crm.fields.history.SnapshotSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "customers_customerhistory" ("address", "aml_risk_level", "birth_date", "core_number", "created_at", "credit_record", "data_key_id", "email", "email_index", "gender", "id", "id_number", "id_number_index", "id_number_last4", "id_type", "income_band", "kind", "lifecycle_stage", "manager_id", "mobile", "mobile_index", "mobile_last4", "name", "name_compact", "name_initials", "name_pinyin", "occupation", "opening_branch_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reference", "region", "risk_tolerance", "seal_id", "segment", "sign_in_id", "updated_at", "version") VALUES (NEW."address", NEW."aml_risk_level", NEW."birth_date", NEW."core_number", NEW."created_at", NEW."credit_record", NEW."data_key_id", NEW."email", NEW."email_index", NEW."gender", NEW."id", NEW."id_number", NEW."id_number_index", NEW."id_number_last4", NEW."id_type", NEW."income_band", NEW."kind", NEW."lifecycle_stage", NEW."manager_id", NEW."mobile", NEW."mobile_index", NEW."mobile_last4", NEW."name", NEW."name_compact", NEW."name_initials", NEW."name_pinyin", NEW."occupation", NEW."opening_branch_id", clock_timestamp(), \'update\', NEW."id", NEW."reference", NEW."region", NEW."risk_tolerance", NEW."seal_id", NEW."segment", NEW."sign_in_id", NEW."updated_at", NEW."version"); RETURN NULL;', hash='80ad52f0d9a14ddf178f95a144c8eb394a4a8954', operation='UPDATE', pgid='pgtrigger_update_update_ca86d', table='customers_customer', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='customer',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=crm.fields.history.SnapshotSql(func='INSERT INTO "customers_customerhistory" ("address", "aml_risk_level", "birth_date", "core_number", "created_at", "credit_record", "data_key_id", "email", "email_index", "gender", "id", "id_number", "id_number_index", "id_number_last4", "id_type", "income_band", "kind", "lifecycle_stage", "manager_id", "mobile", "mobile_index", "mobile_last4", "name", "name_compact", "name_initials", "name_pinyin", "occupation", "opening_branch_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reference", "region", "risk_tolerance", "seal_id", "segment", "sign_in_id", "updated_at", "version") VALUES (OLD."address", OLD."aml_risk_level", OLD."birth_date", OLD."core_number", OLD."created_at", OLD."credit_record", OLD."data_key_id", OLD."email", OLD."email_index", OLD."gender", OLD."id", OLD."id_number", OLD."id_number_index", OLD."id_number_last4", OLD."id_type", OLD."income_band", OLD."kind", OLD."lifecycle_stage", OLD."manager_id", OLD."mobile", OLD."mobile_index", OLD."mobile_last4", OLD."name", OLD."name_compact", OLD."name_initials", OLD."name_pinyin", OLD."occupation", OLD."opening_branch_id", clock_timestamp(), \'delete\', OLD."id", OLD."reference", OLD."region", OLD."risk_tolerance", OLD."seal_id", OLD."segment", OLD."sign_in_id", OLD."updated_at", OLD."version"); RETURN NULL;', hash='b4173e4d2ad2c60f808dfed94b4bc204de1999f7', operation='DELETE', pgid='pgtrigger_delete_delete_939ca', table='customers_customer', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='customer',
            trigger=pgtrigger.compiler.Trigger(name='former_opening_branch_update', sql=crm.fields.history.SnapshotSql(condition='WHEN (OLD."opening_branch_id" IS DISTINCT FROM (NEW."opening_branch_id"))', func='INSERT INTO "customers_customermove" ("opening_branch_id", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (OLD."opening_branch_id", clock_timestamp(), \'former_opening_branch\', OLD."id"); RETURN NULL;', hash='a1ce17fc3df9c1b17740fb0297d78d563a724d3f', operation='UPDATE', pgid='pgtrigger_former_opening_branch_update_c68cf', table='customers_customer', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='customergrant',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=crm.fields.history.SnapshotSql(func='INSERT INTO "customers_customergranthistory" ("content_object_id", "granted_by_id", "id", "permission_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "user_id", "valid_from", "valid_until") VALUES (NEW."content_object_id", NEW."granted_by_id", NEW."id", NEW."permission_id", clock_timestamp(), \'insert\', NEW."id", NEW."reason", NEW."user_id", NEW."valid_from", NEW."valid_until"); RETURN NULL;', hash='b7ce833a4c9c8f531d8bf84cc9b8fe7e22b49313', operation='INSERT', pgid='pgtrigger_insert_insert_bc645', table='customers_customergrant', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='customergrant',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=crm.fields.history.SnapshotSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "customers_customergranthistory" ("content_object_id", "granted_by_id", "id", "permission_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "user_id", "valid_from", "valid_until") VALUES (NEW."content_object_id", NEW."granted_by_id", NEW."id", NEW."permission_id", clock_timestamp(), \'update\', NEW."id", NEW."reason", NEW."user_id", NEW."valid_from", NEW."valid_until"); RETURN NULL;', hash='a7810b4530253c6bc00afd7802671d40e6a5f8b3', operation='UPDATE', pgid='pgtrigger_update_update_3a56e', table='customers_customergrant', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='customergrant',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=crm.fields.history.SnapshotSql(func='INSERT INTO "customers_customergranthistory" ("content_object_id", "granted_by_id", "id", "permission_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reason", "user_id", "valid_from", "valid_until") VALUES (OLD."content_object_id", OLD."granted_by_id", OLD."id", OLD."permission_id", clock_timestamp(), \'delete\', OLD."id", OLD."reason", OLD."user_id", OLD."valid_from", OLD."valid_until"); RETURN NULL;', hash='0cf62a4abc53a735931478c84b30365c57c5bdb5', operation='DELETE', pgid='pgtrigger_delete_delete_1d004', table='customers_customergrant', when='AFTER')),
        ),
        migrations.AddField(
            model_name='customergranthistory',
            name='content_object',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='customers.customer'),
        ),
        migrations.AddField(
            model_name='customergranthistory',
            name='granted_by',
            field=models.ForeignKey(db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL, verbose_name='granted by'),
        ),
        migrations.AddField(
            model_name='customergranthistory',
            name='permission',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='auth.permission'),
        ),
        migrations.AddField(
            model_name='customergranthistory',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='customers.customergrant'),
        ),
        migrations.AddField(
            model_name='customergranthistory',
            name='user',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='customerhistory',
            name='data_key',
            field=models.ForeignKey(db_constraint=False, db_index=False, editable=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='fields.datakey', verbose_name='data key'),
        ),
        migrations.AddField(
            model_name='customerhistory',
            name='manager',
            field=models.ForeignKey(blank=True, db_constraint=False, db_index=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL, verbose_name='managing relationship manager'),
        ),
        migrations.AddField(
            model_name='customerhistory',
            name='opening_branch',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='staff.branch', verbose_name='opening branch'),
        ),
        migrations.AddField(
            model_name='customerhistory',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='customers.customer'),
        ),
        migrations.AddField(
            model_name='customerhistory',
            name='sign_in',
            field=models.ForeignKey(blank=True, db_constraint=False, db_index=False, editable=False, null=True, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to=settings.AUTH_USER_MODEL),
        ),
        migrations.AddField(
            model_name='customermove',
            name='opening_branch',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', related_query_name='+', to='staff.branch', verbose_name='opening branch'),
        ),
        migrations.AddField(
            model_name='customermove',
            name='pgh_obj',
            field=models.ForeignKey(db_constraint=False, db_index=False, on_delete=django.db.models.deletion.DO_NOTHING, related_name='+', to='customers.customer'),
        ),
        migrations.AddIndex(
            model_name='customergranthistory',
            index=models.Index(fields=['pgh_obj', 'pgh_id'], name='customergranthistory_row'),
        ),
        migrations.AddIndex(
            model_name='customerhistory',
            index=models.Index(fields=['pgh_obj', 'pgh_id'], name='customerhistory_row'),
        ),
        migrations.AddIndex(
            model_name='customermove',
            index=models.Index(fields=['pgh_obj', 'pgh_id'], name='customermove_row'),
        ),
        crm.fields.history.baseline("customers", "Customer", "CustomerGrant"),
    ]
