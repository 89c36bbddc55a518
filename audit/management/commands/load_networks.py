"""`manage.py load_networks FILE`: which addresses are where, so that a journey nobody makes is recognised."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from audit.services.networks import BadNetworks, load_networks
from crm.access.actor import SYSTEM


class Command(BaseCommand):
    """Replaces the whole table."""

    help = "Load a CSV file with the columns network, place, latitude and longitude; it replaces the former table."

    def add_arguments(self, parser: CommandParser) -> None:
        """The file."""
        parser.add_argument("file", type=Path)

    def handle(self, *args: Any, **options: Any) -> None:
        """Load all of it or nothing."""
        try:
            count = load_networks(actor=replace(SYSTEM, origin="command"), path=options["file"])
        except (BadNetworks, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(_("%(rows)s networks loaded.") % {"rows": count})
