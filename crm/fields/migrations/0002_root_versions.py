"""Root versions that are retired, and the trigger that keeps data keys from naming one of them."""

from django.db import migrations, models

CREATE = """
CREATE FUNCTION fields_root_is_live() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    IF NEW.destroyed_at IS NULL AND EXISTS (SELECT FROM fields_retiredroot WHERE version = NEW.root_version) THEN
        RAISE EXCEPTION 'root key version % is retired', NEW.root_version USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER fields_root_is_live BEFORE INSERT OR UPDATE OF root_version, wrapped ON fields_datakey
FOR EACH ROW EXECUTE FUNCTION fields_root_is_live();
"""
DROP = "DROP TRIGGER fields_root_is_live ON fields_datakey; DROP FUNCTION fields_root_is_live();"


class Migration(migrations.Migration):
    """Adds the table, the partial index of destroyed keys, and the trigger."""

    dependencies = [("fields", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="RetiredRoot",
            fields=[
                ("version", models.PositiveIntegerField(primary_key=True, serialize=False, verbose_name="root key version")),
                ("retired_at", models.DateTimeField(verbose_name="retired at")),
            ],
            options={
                "verbose_name": "retired root key",
                "verbose_name_plural": "retired root keys",
                "default_permissions": (),
            },
        ),
        migrations.AddIndex(
            model_name="datakey",
            index=models.Index(condition=models.Q(("destroyed_at__isnull", False)), fields=["id"], name="data_key_destroyed"),
        ),
        migrations.RunSQL(CREATE, DROP),
    ]
