"""`manage.py export_audit_log FILE`: the whole log as a file that the auditor checks elsewhere."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils.translation import gettext as _

from crm.log import verification


class Command(BaseCommand):
    """Writes every line, seal, batch row and anchor into one new file; `tools/verify_audit.py` checks it without the product."""

    help = "Export the whole audit log into FILE (gzip when it ends in .gz) for tools/verify_audit.py. The export is a line itself."

    def add_arguments(self, parser: CommandParser) -> None:
        """The file to make."""
        parser.add_argument("file", type=Path, metavar="FILE", help="the file to make; one that exists is never overwritten")

    def handle(self, *args: Any, **options: Any) -> None:
        """Export and say how much."""
        try:
            lines = verification.export_and_record(verification.at_the_command_line(), options["file"])
        except FileExistsError:
            raise CommandError(_("%(file)s exists already; name another file.") % {"file": options["file"]}) from None
        except OSError as error:
            raise CommandError(_("The file could not be written: %(error)s") % {"error": error}) from None
        self.stdout.write(_("%(lines)s lines exported. Check them with tools/verify_audit.py.") % {"lines": lines})
