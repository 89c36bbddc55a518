"""Who sits at the command line of the server is written down too. Requirements: R314."""

import os
import subprocess
import sys
from typing import Any

import pytest
from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from crm.log.models import Event
from crm.operations import commands
from crm.tests.house import ROOT

pytestmark = pytest.mark.django_db(transaction=True)


class Failing(BaseCommand):
    """Ends badly."""

    def handle(self, *args: Any, **options: Any) -> None:
        """Fail, naming somebody's number."""
        raise CommandError("13812345678 is wrong")


def test_a_command_is_a_line_and_what_was_given_to_it_is_not() -> None:
    """Names of options, no values."""
    command = Failing()
    commands.tell(command, "give_secret", ["--token=geheim", "-v", "2", "13812345678"])
    newest = Event.objects.latest("pk").pk
    with pytest.raises(CommandError):
        command.handle()
    ran, failed = Event.objects.filter(pk__gt=newest).order_by("pk")
    assert (ran.action, ran.result, ran.origin) == ("command.run", "done", "command") and ran.actor_name
    assert ran.data == {"command": "give_secret", "options": ["--token", "-v"]}
    assert (failed.action, failed.data["error"], failed.result) == ("command.failed", "CommandError", "failed")
    assert "geheim" not in str(failed.data) and "138" not in str(failed.data)


def test_manage_py_tells(settings: Any) -> None:
    """The door itself: a harmless command by the real manage.py."""
    newest = Event.objects.latest("pk").pk
    run = subprocess.run(
        [sys.executable, "manage.py", "shell", "-c", "pass"], cwd=ROOT, env=_environment(), capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    assert [(e.action, e.data["command"]) for e in Event.objects.filter(pk__gt=newest)] == [("command.run", "shell")]


def _environment() -> dict[str, str]:
    names = connection.get_connection_params()
    address = f"postgresql://{names['user']}:{names['password']}@/{names['dbname']}?host={names['host']}&port={names.get('port', '')}"
    return {**os.environ, "CRM_DATABASE_URL": os.environ.get("CRM_DATABASE_URL") or address}
