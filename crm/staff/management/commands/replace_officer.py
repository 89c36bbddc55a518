"""`manage.py replace_officer`: a security officer is let in again when the others are too few to do it on the page."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from crm.access.errors import DomainError
from crm.staff.models.people import employee_number
from crm.staff.services.officers import replace_officer


class Command(BaseCommand):
    """Prints a one-time token for one security officer, while fewer than two others can sign in."""

    help = "Print a one-time token for a security officer (known, or new with a name) while fewer than two others can sign in."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take the person."""
        parser.add_argument("number", help="employee number of the officer")
        parser.add_argument("name", nargs="?", default="", help="name, for a new officer")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print number, name and token; the token is shown this once."""
        try:
            employee_number(options["number"])
            person, token = replace_officer(number=options["number"], name=options["name"])
        except (DomainError, ValidationError) as refused:
            raise CommandError(str(refused)) from None
        self.stdout.write(f"{person.number}  {person.name}  {token}")
        self.stdout.write("Hand the token to the officer alone. All officers have been told.")
