"""What the role `app` may do with each table: rows only, and on append-only tables no change of what is written."""

from django.apps import apps
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.backends.utils import CursorWrapper

# A model that says `app_privileges = ("SELECT", "INSERT")` keeps the role app to these; all others allow the four verbs on rows.
ROW_PRIVILEGES = ("SELECT", "INSERT", "UPDATE", "DELETE")


def apply_privileges(connection: BaseDatabaseWrapper, app_role: str) -> None:
    """Grant the role app what every model declares; run as owner at the end of each migration, so that a new table cannot be forgotten."""
    with connection.cursor() as cursor:
        existing = set(connection.introspection.table_names(cursor))
        role = connection.ops.quote_name(app_role)
        for model in apps.get_models(include_auto_created=True):
            table = model._meta.db_table
            # Unmanaged tables (the log's) get their narrower grants from the app that makes them.
            if table in existing and model._meta.managed and not model._meta.proxy:
                _grant(cursor, connection.ops.quote_name(table), role, getattr(model, "app_privileges", ROW_PRIVILEGES))
        # The record of migrations is the owner's.
        cursor.execute(f"REVOKE ALL ON django_migrations FROM {role}")
        cursor.execute(f"GRANT SELECT ON django_migrations TO {role}")


def _grant(cursor: CursorWrapper, table: str, role: str, wanted: tuple[str, ...]) -> None:
    refused = sorted({*ROW_PRIVILEGES, "TRUNCATE", "REFERENCES", "TRIGGER"} - set(wanted))
    cursor.execute(f"REVOKE {', '.join(refused)} ON {table} FROM {role}")
    if wanted:
        cursor.execute(f"GRANT {', '.join(wanted)} ON {table} TO {role}")
