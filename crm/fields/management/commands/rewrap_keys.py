"""`manage.py rewrap_keys`: wrap every data key by the newest root key."""

from dataclasses import replace
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser

from crm.access.actor import SYSTEM
from crm.fields import keyfile, keyring
from crm.fields.services import rewrap_data_keys


class Command(BaseCommand):
    """Rotation of the root key: values stay as they are, only their data keys are wrapped anew."""

    help = "Wraps every data key by the newest root key of the key file."

    def add_arguments(self, parser: CommandParser) -> None:
        """One option: make the new root key first."""
        parser.add_argument("--new-root", action="store_true", help="add a new root key to the key file first (restart web and workers)")

    def handle(self, *args: Any, **options: Any) -> None:
        """Works in steps of 5,000 keys, each its own transaction with its log line."""
        if options["new_root"]:
            version = keyfile.add_root(keyring.keys_path())
            keyring.forget()
            self.stdout.write(f"root key version {version} added to {settings.KEYS_FILE}")
        actor = replace(SYSTEM, origin="command")
        total = 0
        while done := rewrap_data_keys(actor=actor):
            total += done
        self.stdout.write(f"{total} data keys wrapped by root version {keyring.root_keys().current}")
