"""`manage.py purge_audit_log`: the oldest lines of the audit log go, a signed checkpoint stays."""

from typing import Any

from django.core.management.base import BaseCommand

from crm.log import purging, verification


class Command(BaseCommand):
    """Refuses when the log does not verify: what does not hold is evidence and stays."""

    help = "Purge lines of the audit log that are older than CRM_AUDIT_DAYS (never fewer than 366 days), leaving a signed checkpoint."

    def handle(self, *args: Any, **options: Any) -> None:
        """Verify, purge in steps, say how many."""
        if not verification.verify_log().holds:
            self.stderr.write("The log does not verify: nothing is purged. Run verify_audit and leave everything as it is.")
            raise SystemExit(1)
        total = 0
        while gone := purging.purge(actor=verification.at_the_command_line()):
            total += gone
        self.stdout.write(f"{total} lines purged")
