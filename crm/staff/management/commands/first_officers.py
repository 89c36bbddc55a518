"""`manage.py first_officers`: the first two people of a new installation."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from crm.access.errors import DomainError
from crm.staff.models.people import employee_number
from crm.staff.services.officers import first_officers


class Command(BaseCommand):
    """Creates two security officers without passwords and prints a one-time token for each."""

    help = "Create the first two security officers and print a one-time token for each (valid for 72 hours)."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take both people."""
        for place in ("first", "second"):
            parser.add_argument(f"{place}_number", help=f"employee number of the {place} officer")
            parser.add_argument(f"{place}_name", help=f"name of the {place} officer")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print number, name and token; each token is shown this once."""
        people = [(options[f"{place}_number"], options[f"{place}_name"]) for place in ("first", "second")]
        if people[0][0] == people[1][0]:
            raise CommandError("The two officers must be two people.")
        try:
            for number, _name in people:
                employee_number(number)
            issued = first_officers(people=people)
        except DomainError as refused:
            raise CommandError(str(refused)) from None
        for person, token in issued:
            self.stdout.write(f"{person.number}  {person.name}  {token}")
        self.stdout.write("Hand each token to its officer alone. They set their passwords at /sign-in/token/.")
