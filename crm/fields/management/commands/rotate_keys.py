"""`manage.py rotate_keys`: a new root key, everything wrapped by it, old ones retired; while the product runs."""

from dataclasses import replace
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from crm.access.actor import SYSTEM, Actor
from crm.access.errors import DomainError
from crm.fields import keyfile, keyring, rotation
from crm.fields.errors import KeysUnusable


class Command(BaseCommand):
    """Values stay as they are, only the keys that open them are wrapped anew; stopped anywhere, the next run goes on."""

    help = "Wraps everything by the newest root key of the key file; see docs/deployment.md, Rotation."

    def add_arguments(self, parser: CommandParser) -> None:
        """What to do beside wrapping."""
        parser.add_argument("--new-root", action="store_true", help="first add a new root key and use it from now on")
        parser.add_argument("--add-only", action="store_true", help="only add a new root key, to be distributed to other machines first")
        parser.add_argument("--status", action="store_true", help="only say what each version still wraps")
        parser.add_argument("--retire", type=int, metavar="VERSION", help="take an old version out of the key file, if nothing needs it")
        parser.add_argument("--step", type=int, default=rotation.STEP, help="how many keys are wrapped in one transaction")

    def handle(self, *args: Any, **options: Any) -> None:
        """Does one of the four."""
        actor = replace(SYSTEM, origin="command")
        try:
            if options["status"]:
                self._status()
            elif options["retire"]:
                rotation.retire(actor=actor, version=options["retire"])
                self.stdout.write(
                    f"root key version {options['retire']} is retired. Backups whose keys it wrapped can not be opened any more;"
                    " destroy the halves and copies that still hold it, and split the new file: manage.py split_key"
                )
            elif options["add_only"]:
                version = rotation.add_root(actor=actor, use=False)
                self.stdout.write(f"root key version {version} added to {keyring.keys_path()}, not in use yet: distribute the file")
            else:
                self._rotate(actor, new=options["new_root"], step=options["step"])
        except (DomainError, KeysUnusable) as error:
            raise CommandError(str(error)) from None

    def _status(self) -> None:
        keys, used = keyring.newest_keys(), rotation.versions_in_use()
        for version in sorted({*keys.roots, *used}):
            note = "in use for new keys" if version == keys.current else "" if version in keys.roots else "MISSING in the key file"
            self.stdout.write(f"version {version}: wraps {used.get(version, 0)} {note}".rstrip())

    def _rotate(self, actor: Actor, *, new: bool, step: int) -> None:
        if new:
            version = rotation.add_root(actor=actor)
            self.stdout.write(f"root key version {version} added to {keyring.keys_path()}")
        else:
            version = keyfile.use_newest(keyring.keys_path())
        owed = sum(count for number, count in rotation.versions_in_use().items() if number != version)
        total = 0
        for user, done in rotation.rotate(actor=actor, limit=step):
            total += done.done
            self.stdout.write(f"{user.name}: {total} of {max(owed, total)}")
        self.stdout.write(f"{total} keys wrapped by root version {version}")
