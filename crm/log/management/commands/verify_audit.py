"""`manage.py verify_audit`: is the audit log still what was written?"""

import sys
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils.translation import gettext as _

from crm.log import verification


class Command(BaseCommand):
    """Looks at every line, seal and batch row, says in words what does not hold, and ends with 1 if anything does not."""

    help = "Verify the audit log: chain, authentication codes, attestation, batch rows and anchors. Exit code 1 when tampering is found."

    def add_arguments(self, parser: CommandParser) -> None:
        """Options of the command."""
        parser.add_argument("--silent-line", action="store_true", help="do not write a log line and an anchor about this check")
        parser.add_argument(
            "--adopt",
            action="store_true",
            help="after a restore from backup: attest the present state although the former one does not fit; written in the log",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Verify and say it."""
        if options["adopt"]:
            verification.adopt_state(verification.at_the_command_line())
            self.stdout.write(_("The present state was attested anew, and that was written in the log."))
        report = verification.verify_log() if options["silent_line"] else verification.verify_and_record(verification.at_the_command_line())
        for sentence in verification.in_words(report):
            self.stdout.write(sentence)
        if not report.holds:
            sys.exit(1)
