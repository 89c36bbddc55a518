"""`manage.py replay_alarm NAME`: write the lines that make one alarm of the audit log ring."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from demo import alarms


class Command(BaseCommand):
    """A rehearsal in the demo world: page and mail within a minute, the lines marked as a rehearsal."""

    help = "Write the lines of one pattern into the audit log, so that its alarm rings within a minute. In the demo world only."

    def add_arguments(self, parser: CommandParser) -> None:
        """Which alarm."""
        parser.add_argument("name", choices=sorted(alarms.REHEARSALS), metavar="NAME", help=", ".join(sorted(alarms.REHEARSALS)))

    def handle(self, *args: Any, **options: Any) -> None:
        """Write them."""
        if settings.ENV == "production":
            raise CommandError("This is no demo world: a rehearsal would stand in the audit log for good.")
        try:
            number = alarms.write(options["name"])
        except alarms.NobodyToRehearse:
            raise CommandError("There is nobody to rehearse with: `manage.py load_demo` first.") from None
        self.stdout.write(f"{options['name']}: {number} rehearsed. The alarm is told within a minute, by page and mail.")
        if options["name"] == "off_hours":
            self.stdout.write("It rings off hours only: between 21 and 7 o'clock or on a day on which the bank is closed.")
