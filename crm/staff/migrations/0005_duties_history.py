"""Duties that cannot meet in one person: the table of pairs, and the triggers that read it. Written by makemigrations, but for the last step."""

import crm.fields.history
import pgtrigger.compiler
import pgtrigger.migrations
from django.db import migrations, models

# Whoever changes rights waits for whoever is changing them now: two changes at once each see the other's outcome, and one is refused.
DUTIES = """
CREATE FUNCTION staff_refuse_conflicts() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  people bigint[];
  met record;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('staff.duties'));
  IF TG_TABLE_NAME = 'staff_roleassignment' THEN
    people := ARRAY[NEW.user_id];
  ELSE
    IF (SELECT array_position(ARRAY['basic', 'business', 'advanced'], NEW.level::text)
             > array_position(ARRAY['basic', 'business', 'advanced'], r.ceiling::text) FROM staff_role r WHERE r.id = NEW.role_id)
       AND NEW.reach <> 'none' THEN
      RAISE EXCEPTION 'role_ceiling: % is above the highest level of the role', NEW.permission USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.reach = 'none' OR NOT EXISTS (SELECT FROM staff_dutyconflict c WHERE NEW.permission LIKE c.first OR NEW.permission LIKE c.second) THEN
      RETURN NULL;
    END IF;
    SELECT array_agg(a.user_id) INTO people FROM staff_roleassignment a WHERE a.role_id = NEW.role_id;
  END IF;
  WITH held AS (
    SELECT a.user_id, r.id AS role_id, r.code FROM staff_roleassignment a JOIN staff_role r ON r.id = a.role_id
     WHERE a.user_id = ANY(people) AND (a.valid_until IS NULL OR a.valid_until > now())),
  duties AS (
    SELECT user_id, 'role:' || code AS duty FROM held
    UNION
    SELECT h.user_id, p.permission FROM held h JOIN staff_rolepermission p ON p.role_id = h.role_id WHERE p.reach <> 'none')
  SELECT one.duty AS one, two.duty AS two INTO met FROM staff_dutyconflict c
    JOIN duties one ON one.duty LIKE c.first
    JOIN duties two ON two.user_id = one.user_id AND two.duty LIKE c.second AND two.duty <> one.duty LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'duties_conflict: % and % cannot meet in one person', met.one, met.two USING ERRCODE = 'check_violation';
  END IF;
  RETURN NULL;
END $$;
CREATE TRIGGER staff_duties_of_person AFTER INSERT OR UPDATE ON staff_roleassignment
  FOR EACH ROW EXECUTE FUNCTION staff_refuse_conflicts();
CREATE TRIGGER staff_duties_of_role AFTER INSERT OR UPDATE ON staff_rolepermission
  FOR EACH ROW EXECUTE FUNCTION staff_refuse_conflicts();
"""
UNDONE = """
DROP TRIGGER staff_duties_of_role ON staff_rolepermission;
DROP TRIGGER staff_duties_of_person ON staff_roleassignment;
DROP FUNCTION staff_refuse_conflicts();
"""


class Migration(migrations.Migration):

    dependencies = [
        ('staff', '0004_partner_terms'),
    ]

    operations = [
        migrations.CreateModel(
            name='DutyConflict',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('first', models.CharField(max_length=100)),
                ('second', models.CharField(max_length=100)),
            ],
            options={
                'verbose_name': 'conflict of duties',
                'verbose_name_plural': 'conflicts of duties',
            },
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='role',
            name='insert_insert',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='role',
            name='update_update',
        ),
        pgtrigger.migrations.RemoveTrigger(
            model_name='role',
            name='delete_delete',
        ),
        migrations.AddField(
            model_name='role',
            name='ceiling',
            field=models.CharField(choices=[('basic', 'Basic'), ('business', 'Business'), ('advanced', 'Advanced')], default='advanced', help_text='A permission above it cannot be given.', max_length=8, verbose_name='highest level'),
        ),
        migrations.AddField(
            model_name='rolehistory',
            name='ceiling',
            field=models.CharField(choices=[('basic', 'Basic'), ('business', 'Business'), ('advanced', 'Advanced')], default='advanced', help_text='A permission above it cannot be given.', max_length=8, verbose_name='highest level'),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='role',
            trigger=pgtrigger.compiler.Trigger(name='insert_insert', sql=crm.fields.history.SnapshotSql(func='INSERT INTO "staff_rolehistory" ("ceiling", "code", "id", "name", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."ceiling", NEW."code", NEW."id", NEW."name", clock_timestamp(), \'insert\', NEW."id"); RETURN NULL;', hash='72de6068279a3c68b8026da8263fe671b0418b31', operation='INSERT', pgid='pgtrigger_insert_insert_147fd', table='staff_role', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='role',
            trigger=pgtrigger.compiler.Trigger(name='update_update', sql=crm.fields.history.SnapshotSql(condition='WHEN (OLD.* IS DISTINCT FROM NEW.*)', func='INSERT INTO "staff_rolehistory" ("ceiling", "code", "id", "name", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (NEW."ceiling", NEW."code", NEW."id", NEW."name", clock_timestamp(), \'update\', NEW."id"); RETURN NULL;', hash='0cf6c745b6f5eb83fba2601a1de31960a42d346a', operation='UPDATE', pgid='pgtrigger_update_update_5a97d', table='staff_role', when='AFTER')),
        ),
        pgtrigger.migrations.AddTrigger(
            model_name='role',
            trigger=pgtrigger.compiler.Trigger(name='delete_delete', sql=crm.fields.history.SnapshotSql(func='INSERT INTO "staff_rolehistory" ("ceiling", "code", "id", "name", "pgh_created_at", "pgh_label", "pgh_obj_id") VALUES (OLD."ceiling", OLD."code", OLD."id", OLD."name", clock_timestamp(), \'delete\', OLD."id"); RETURN NULL;', hash='f6bf7253d8fad5559a2b3e6bd7687b3412cd1de7', operation='DELETE', pgid='pgtrigger_delete_delete_e2b71', table='staff_role', when='AFTER')),
        ),
        migrations.AddConstraint(
            model_name='rolepermission',
            constraint=models.CheckConstraint(condition=models.Q(('level__in', ['basic', 'business', 'advanced'])), name='role_permission_level_known'),
        ),
        migrations.AddConstraint(
            model_name='dutyconflict',
            constraint=models.UniqueConstraint(fields=('first', 'second'), name='duty_conflict_once'),
        ),
        migrations.RunSQL(DUTIES, UNDONE),
    ]
