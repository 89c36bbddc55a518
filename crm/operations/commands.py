"""The command line writes down who ran which command: before it runs, and again where it failed.

Names of options are told, never what was given to them: a value may be a secret or somebody's number. A command that cannot reach the
database cannot change it, so it runs without a line; where the database answers and the line cannot be written, the command does not run.
"""

import sys
from typing import Any

from django.core.management import ManagementUtility
from django.core.management.base import BaseCommand
from django.db import OperationalError, connection, transaction

# Commands without a line of `command.run` -> why.
SILENT = {
    "check": "looks at the code",
    "collectstatic": "copies files of the release",
    "compilemessages": "compiles files of the release",
    "diffsettings": "looks at the settings",
    "export_audit_log": "writes a line of its own",
    "help": "prints a text",
    "makemessages": "writes files of the source",
    "makemigrations": "writes files of the source",
    "runserver": "a development server; restarts itself",
    "showmigrations": "looks at the tables of migrations",
    "spectacular": "prints a description of the API",
    "verify_audit": "writes a line of its own, and none with --silent-line, whose use is to leave the log as it is",
    "version": "prints a text",
}
# Commands before which there may be no log yet: they are written down afterwards.
AFTERWARDS = {"migrate": "makes the tables of the log"}


class WrittenDown(ManagementUtility):
    """Django's command line, of which every run is a line in the audit log."""

    def fetch_command(self, subcommand: str) -> BaseCommand:
        """The command, told before it is handled."""
        command = super().fetch_command(subcommand)
        if subcommand not in SILENT:
            tell(command, subcommand, self.argv[2:])
        return command


def tell(command: BaseCommand, name: str, words: list[str]) -> None:
    """Have the command write down that it runs, and that it failed."""
    handle = command.handle
    told = {"command": name, "options": sorted({word.split("=")[0] for word in words if word.startswith("-")})}

    def handled(*args: Any, **options: Any) -> Any:
        if name not in AFTERWARDS:
            _write("command.run", told)
        try:
            result = handle(*args, **options)
        except Exception as error:
            _write("command.failed", {**told, "error": type(error).__name__}, result="failed")
            raise
        if name in AFTERWARDS:
            _write("command.run", told)
        return result

    command.handle = handled  # type: ignore[method-assign]


def _write(action: str, data: dict[str, Any], result: str = "done") -> None:
    from crm.log import services as log  # the command line begins before the apps are there
    from crm.log import verification

    try:
        connection.ensure_connection()
    except OperationalError:
        return
    if not _there_is_a_log():
        return
    if connection.in_atomic_block:  # the command failed inside its own transaction, which is lost
        return
    with transaction.atomic():
        log.record(actor=verification.at_the_command_line(), action=action, data=data, result=result)


def _there_is_a_log() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass('log_event') IS NOT NULL")
        return bool(cursor.fetchone()[0])


def main() -> None:
    """Run what was typed."""
    WrittenDown(sys.argv).execute()
