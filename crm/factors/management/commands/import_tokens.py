"""Imports the maker's list of hardware tokens."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from crm.access.actor import SYSTEM
from crm.access.errors import DomainError
from crm.factors.importers import load_tokens


class Command(BaseCommand):
    """`manage.py import_tokens FILE`: CSV with serial, secret (hexadecimal), type (totp, hotp), digits, counter, period."""

    help = "Import a list of hardware tokens; destroy the list afterwards, its secrets are kept sealed."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("file", type=Path)

    def handle(self, *_args: Any, **options: Any) -> None:
        try:
            count = load_tokens(actor=SYSTEM, content=options["file"].read_bytes())
        except OSError as missing:
            raise CommandError(str(missing)) from None
        except DomainError as refused:
            raise CommandError(str(refused)) from None
        self.stdout.write(f"{count} tokens imported. Destroy the list now. Security officers assign the tokens on their page.")
