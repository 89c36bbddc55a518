"""`manage.py load_rates FILE`: the bank's own rates."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from crm.access.actor import SYSTEM
from crm.money.services import BadRates, load_file


class Command(BaseCommand):
    """Daily, from the bank's treasury system."""

    help = "Loads a CSV file with the columns currency, day, cny_per_unit and source."

    def add_arguments(self, parser: CommandParser) -> None:
        """One file, and a source for all its rows."""
        parser.add_argument("file", type=Path)
        parser.add_argument("--source", default="", help="who says so, when the file has no column for it")

    def handle(self, *args: Any, **options: Any) -> None:
        """Loads all of it or nothing."""
        try:
            count = load_file(actor=replace(SYSTEM, origin="command"), path=options["file"], source=options["source"])
        except (BadRates, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{count} rates loaded")
