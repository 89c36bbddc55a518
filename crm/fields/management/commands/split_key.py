"""`manage.py split_key`: the key file as two halves for two safes."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from crm.access.actor import SYSTEM
from crm.access.services import require
from crm.fields import halves, keyfile, keyring
from crm.log import services as log

PRINTED = """
Two halves of the key file, set {made}:
  {first}
  {second}
1. Give each half to another person, on another medium, in another sealed envelope; neither person may come to the other one's safe.
2. Print each half as it is: letters A to Z and digits 2 to 7, with its checksum, can be typed again.
3. Remove both files from this machine once they are in their safes.
4. A half alone tells nothing. Both together are all keys: whoever has them and a backup reads everything.
5. To restore: manage.py join_key HALF HALF FILE
6. After each rotation split anew; destroy the old halves when the old version is retired.
"""


class Command(BaseCommand):
    """Writes FOLDER/crm-key-half-1.json and -2.json, which are not there before."""

    help = "Writes the key file as two halves, each useless without the other."

    def add_arguments(self, parser: CommandParser) -> None:
        """Where the halves go."""
        parser.add_argument("folder", type=Path, help="an existing folder, best on a medium that leaves the machine")

    def handle(self, *args: Any, **options: Any) -> None:
        """Splits, reads back, and says what to do."""
        folder: Path = options["folder"]
        actor = replace(SYSTEM, origin="command")
        paths = [folder / f"crm-key-half-{number}.json" for number in (1, 2)]
        try:
            keyfile.read(keyring.keys_path())
            content = keyring.keys_path().read_bytes()
            parts = halves.split(content)
            with transaction.atomic():
                require(actor, "fields.rewrap_data_keys")
                log.record(actor=actor, action="root_key.split", data={"set": parts[0].made})
                for path, half in zip(paths, parts, strict=True):
                    halves.write_new(path, half.text())
            if halves.join(paths[0].read_text(), paths[1].read_text()) != content:
                raise CommandError("The halves that were written do not make the key file: try another medium.")
        except (keyfile.BadKeyFile, halves.BadHalves, OSError) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(PRINTED.format(made=parts[0].made, first=paths[0], second=paths[1]))
