"""Conflicting duties are looked for once a statement, from the first duty on; before, every pair with every conflict, once a row."""

from django.db import migrations

FUNCTIONS = """
CREATE FUNCTION staff_refuse_conflicts_of(people bigint[]) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
  met record;
BEGIN
  WITH held AS (
    SELECT a.user_id, r.id AS role_id, r.code FROM staff_roleassignment a JOIN staff_role r ON r.id = a.role_id
     WHERE a.user_id = ANY(people) AND (a.valid_until IS NULL OR a.valid_until > now())),
  duties AS MATERIALIZED (
    SELECT user_id, 'role:' || code AS duty FROM held
    UNION
    SELECT h.user_id, p.permission FROM held h JOIN staff_rolepermission p ON p.role_id = h.role_id WHERE p.reach <> 'none'),
  firsts AS MATERIALIZED (
    SELECT d.user_id, d.duty, c.second FROM staff_dutyconflict c JOIN duties d ON d.duty LIKE c.first)
  SELECT one.duty AS one, two.duty AS two INTO met FROM firsts one
    JOIN duties two ON two.user_id = one.user_id AND two.duty LIKE one.second AND two.duty <> one.duty LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'duties_conflict: % and % cannot meet in one person', met.one, met.two USING ERRCODE = 'check_violation';
  END IF;
END $$;
CREATE FUNCTION staff_duties_of_people() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF EXISTS (SELECT FROM changed) THEN
    PERFORM pg_advisory_xact_lock(hashtext('staff.duties'));
    PERFORM staff_refuse_conflicts_of((SELECT array_agg(DISTINCT user_id) FROM changed));
  END IF;
  RETURN NULL;
END $$;
CREATE FUNCTION staff_duties_of_roles() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  high text;
BEGIN
  IF NOT EXISTS (SELECT FROM changed) THEN
    RETURN NULL;
  END IF;
  PERFORM pg_advisory_xact_lock(hashtext('staff.duties'));
  SELECT p.permission INTO high FROM changed p JOIN staff_role r ON r.id = p.role_id
   WHERE p.reach <> 'none' AND array_position(ARRAY['basic', 'business', 'advanced'], p.level::text)
                             > array_position(ARRAY['basic', 'business', 'advanced'], r.ceiling::text) LIMIT 1;
  IF FOUND THEN
    RAISE EXCEPTION 'role_ceiling: % is above the highest level of the role', high USING ERRCODE = 'check_violation';
  END IF;
  PERFORM staff_refuse_conflicts_of(
    (SELECT array_agg(DISTINCT a.user_id) FROM changed p JOIN staff_roleassignment a ON a.role_id = p.role_id
      WHERE p.reach <> 'none'
        AND EXISTS (SELECT FROM staff_dutyconflict c WHERE p.permission LIKE c.first OR p.permission LIKE c.second)));
  RETURN NULL;
END $$;
"""
# A trigger with a table of what changed is for one event each.
TRIGGERS = "".join(
    f"CREATE TRIGGER {name}_{event} AFTER {event} ON {table} REFERENCING NEW TABLE AS changed"
    f" FOR EACH STATEMENT EXECUTE FUNCTION {function}();\n"
    for name, table, function in (
        ("staff_duties_of_person", "staff_roleassignment", "staff_duties_of_people"),
        ("staff_duties_of_role", "staff_rolepermission", "staff_duties_of_roles"),
    )
    for event in ("insert", "update")
)
FORMER_AWAY = """
DROP TRIGGER staff_duties_of_role ON staff_rolepermission;
DROP TRIGGER staff_duties_of_person ON staff_roleassignment;
"""
FORMER_BACK = """
DROP TRIGGER staff_duties_of_person_insert ON staff_roleassignment;
DROP TRIGGER staff_duties_of_person_update ON staff_roleassignment;
DROP TRIGGER staff_duties_of_role_insert ON staff_rolepermission;
DROP TRIGGER staff_duties_of_role_update ON staff_rolepermission;
DROP FUNCTION staff_duties_of_people();
DROP FUNCTION staff_duties_of_roles();
DROP FUNCTION staff_refuse_conflicts_of(bigint[]);
CREATE TRIGGER staff_duties_of_person AFTER INSERT OR UPDATE ON staff_roleassignment
  FOR EACH ROW EXECUTE FUNCTION staff_refuse_conflicts();
CREATE TRIGGER staff_duties_of_role AFTER INSERT OR UPDATE ON staff_rolepermission
  FOR EACH ROW EXECUTE FUNCTION staff_refuse_conflicts();
"""


class Migration(migrations.Migration):
    """The former function stays for the way back."""

    dependencies = [
        ("staff", "0007_former_history"),
    ]

    operations = [
        migrations.RunSQL(FUNCTIONS + TRIGGERS + FORMER_AWAY, FORMER_BACK),
    ]
