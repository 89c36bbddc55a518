"""`manage.py load_business_days FILE`: the holidays and make-up days of a year."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from crm.access.actor import SYSTEM
from crm.access.errors import DomainError
from crm.calendar.days import BadCalendar
from crm.calendar.services import load_file


class Command(BaseCommand):
    """Once a year, when the State Council has published its notice."""

    help = "Loads a CSV file with the columns first, last, kind (holiday or workday), note, source."

    def add_arguments(self, parser: CommandParser) -> None:
        """One file."""
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        """Loads all of it or nothing."""
        try:
            first, last = load_file(actor=replace(SYSTEM, origin="command"), path=options["file"])
        except (BadCalendar, DomainError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"business days from {first} to {last} loaded")
