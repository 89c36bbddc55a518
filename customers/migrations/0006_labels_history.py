"""Labels on customers, in the record and in its versions. Written by makemigrations."""

import crm.fields.history
import pgtrigger.compiler
import pgtrigger.migrations
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('customers', '0005_lists_by_index'),
        ('fields', '0001_initial'),
        ('staff', '0002_history'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        pgtrigger.migrations.RemoveTrigger(
            model_name='customer',
            name='insert_insert',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='customer',
            name='update_update',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='customer',
            name='delete_delete',
        ),
        migrations.AddField(
            model_name='customer',
            name='labels',
            field=models.PositiveSmallIntegerField(db_default=0, default=0, editable=False, verbose_name='labels'),
        ),
        migrations.AddField(
            model_name='customerhistory',
            name='labels',
            field=models.PositiveSmallIntegerField(db_default=0, default=0, editable=False, verbose_name='labels'),
        ),
        migrations.AddIndex(
            model_name='customer',
            index=models.Index(condition=models.Q(('labels', 0), _negated=True), fields=['labels', 'manager'], name='customer_labelled'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='customer',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=crm.fields.history.SnapshotSql(func='INSERT INTO "customers_customerhistory" ("address", "aml_risk_level", "birth_date", "core_number", "created_at", "credit_record", "data_key_id", "email", "email_index", "gender", "id", "id_number", "id_number_index", "id_number_last4", "id_type", "income_band", "kind", "labels", "lifecycle_stage", "manager_id", "mobile", "mobile_index", "mobile_last4", "name", "name_compact", "name_initials", "name_pinyin", "occupation", "opening_branch_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reference", "region", "risk_tolerance", "seal_id", "segment", "sign_in_id", "updated_at", "version") VALUES (NEW."address", NEW."aml_risk_level", NEW."birth_date", NEW."core_number", NEW."created_at", NEW."credit_record", NEW."data_key_id", NEW."email", NEW."email_index", NEW."gender", NEW."id", NEW."id_number", NEW."id_number_index", NEW."id_number_last4", NEW."id_type", NEW."income_band", NEW."kind", NEW."labels", NEW."lifecycle_stage", NEW."manager_id", NEW."mobile", NEW."mobile_index", NEW."mobile_last4", NEW."name", NEW."name_compact", NEW."name_initials", NEW."name_pinyin", NEW."occupation", NEW."opening_branch_id", clock_timestamp(), \'insert\', NEW."id", NEW."reference", NEW."region", NEW."risk_tolerance", NEW."seal_id", NEW."segment", NEW."sign_in_id", NEW."updated_at", NEW."version"); RETURN NULL;', hash='451b4ff4cdfeb4d56edb0b074a15b617790d4080', operation='INSERT', pgid='pgtrigger_insert_insert_a36e0', table='customers_customer', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='customer',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=crm.fields.history.SnapshotSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "customers_customerhistory" ("address", "aml_risk_level", "birth_date", "core_number", "created_at", "credit_record", "data_key_id", "email", "email_index", "gender", "id", "id_number", "id_number_index", "id_number_last4", "id_type", "income_band", "kind", "labels", "lifecycle_stage", "manager_id", "mobile", "mobile_index", "mobile_last4", "name", "name_compact", "name_initials", "name_pinyin", "occupation", "opening_branch_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reference", "region", "risk_tolerance", "seal_id", "segment", "sign_in_id", "updated_at", "version") VALUES (NEW."address", NEW."aml_risk_level", NEW."birth_date", NEW."core_number", NEW."created_at", NEW."credit_record", NEW."data_key_id", NEW."email", NEW."email_index", NEW."gender", NEW."id", NEW."id_number", NEW."id_number_index", NEW."id_number_last4", NEW."id_type", NEW."income_band", NEW."kind", NEW."labels", NEW."lifecycle_stage", NEW."manager_id", NEW."mobile", NEW."mobile_index", NEW."mobile_last4", NEW."name", NEW."name_compact", NEW."name_initials", NEW."name_pinyin", NEW."occupation", NEW."opening_branch_id", clock_timestamp(), \'update\', NEW."id", NEW."reference", NEW."region", NEW."risk_tolerance", NEW."seal_id", NEW."segment", NEW."sign_in_id", NEW."updated_at", NEW."version"); RETURN NULL;', hash='99c086c965546fb83fcbbf45e9f668c9faa33bc7', operation='UPDATE', pgid='pgtrigger_update_update_ca86d', table='customers_customer', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='customer',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=crm.fields.history.SnapshotSql(func='INSERT INTO "customers_customerhistory" ("address", "aml_risk_level", "birth_date", "core_number", "created_at", "credit_record", "data_key_id", "email", "email_index", "gender", "id", "id_number", "id_number_index", "id_number_last4", "id_type", "income_band", "kind", "labels", "lifecycle_stage", "manager_id", "mobile", "mobile_index", "mobile_last4", "name", "name_compact", "name_initials", "name_pinyin", "occupation", "opening_branch_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "reference", "region", "risk_tolerance", "seal_id", "segment", "sign_in_id", "updated_at", "version") VALUES (OLD."address", OLD."aml_risk_level", OLD."birth_date", OLD."core_number", OLD."created_at", OLD."credit_record", OLD."data_key_id", OLD."email", OLD."email_index", OLD."gender", OLD."id", OLD."id_number", OLD."id_number_index", OLD."id_number_last4", OLD."id_type", OLD."income_band", OLD."kind", OLD."labels", OLD."lifecycle_stage", OLD."manager_id", OLD."mobile", OLD."mobile_index", OLD."mobile_last4", OLD."name", OLD."name_compact", OLD."name_initials", OLD."name_pinyin", OLD."occupation", OLD."opening_branch_id", clock_timestamp(), \'delete\', OLD."id", OLD."reference", OLD."region", OLD."risk_tolerance", OLD."seal_id", OLD."segment", OLD."sign_in_id", OLD."updated_at", OLD."version"); RETURN NULL;', hash='675f78e026241fa6341ea007fa4559de478804e4', operation='DELETE', pgid='pgtrigger_delete_delete_939ca', table='customers_customer', when='AFTER')),
        ),
        migrations.AddConstraint(
            model_name='customer',
            constraint=models.CheckConstraint(condition=models.Q(('labels__range', (0, 15))), name='customer_labels_known'),
        ),
    ]
