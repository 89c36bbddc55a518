"""`manage.py join_key`: the key file again, from its two halves; needs no database and no key."""

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from crm.fields import halves, keyfile


class Command(BaseCommand):
    """Writes FILE, which is not there before, readable by its owner alone."""

    help = "Makes the key file from its two halves."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        """The two halves and the file to make."""
        parser.add_argument("halves", type=Path, nargs=2)
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        """Joins, writes, and reads what it wrote."""
        first, second = options["halves"]
        target: Path = options["file"]
        try:
            content = halves.join(first.read_text(), second.read_text())
            json.loads(content)
            halves.write_new(target, content)
            keys = keyfile.read(target)
        except (halves.BadHalves, keyfile.BadKeyFile, OSError, ValueError) as error:
            raise CommandError(str(error)) from None
        versions = ", ".join(str(version) for version in sorted(keys.roots))
        self.stdout.write(f"{target} holds root key versions {versions}; name it with CRM_KEYS_FILE, then run: manage.py check --tag keys")
