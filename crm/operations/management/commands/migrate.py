"""`manage.py migrate` as the role owner."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.core.management.commands.migrate import Command as DjangoMigrate
from django.db import connections

from crm.operations.privileges import apply_privileges

CREDENTIALS = ("NAME", "USER", "PASSWORD", "HOST", "PORT", "OPTIONS")


class Command(DjangoMigrate):
    """Brings the tables up to date. Signs in as owner for the length of the command; the role app has no right to change structure."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Migrate, then grant the role app what the models declare."""
        if "owner" not in settings.DATABASES:
            raise CommandError(
                "Migrations run as the role owner: set CRM_OWNER_DATABASE_URL (the web and the worker do not need it), "
                "or start the embedded server with `make run`."
            )
        app_role = str(settings.DATABASES["default"]["USER"])
        with default_as_owner():
            super().handle(*args, **options)
            if not options.get("plan") and not options.get("check_unapplied"):
                apply_privileges(connections["default"], app_role)


@contextmanager
def default_as_owner() -> Iterator[None]:
    """Let the connection `default` sign in as owner, so that data migrations without `using()` stay in the migration's transaction."""
    connection = connections["default"]
    connection.close()
    before = {name: connection.settings_dict[name] for name in CREDENTIALS}
    connection.settings_dict.update({name: connections["owner"].settings_dict[name] for name in CREDENTIALS})
    try:
        yield
    finally:
        connection.close()
        connection.settings_dict.update(before)
