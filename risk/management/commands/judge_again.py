"""`manage.py judge_again`: transactions whose judgement had failed, once more."""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from crm.access.actor import SYSTEM
from crm.access.errors import DomainError
from risk.models import Rule
from risk.services import again
from transactions.models import Transaction


class Command(BaseCommand):
    """Marks what is to be judged again; the workers do it."""

    help = (
        "Have transactions judged again whose judgement had failed: by reference, all that were set aside, or all on which a rule failed."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        """Which ones, and why."""
        parser.add_argument("reference", nargs="*", help="public references (T-…)")
        parser.add_argument("--set-aside", action="store_true", help="all of which what follows from the verdict had failed")
        parser.add_argument("--rule", default="", help="all on which this rule had failed or was left out")
        parser.add_argument("--days", type=int, default=30, help="of the judgements of so many days (30)")
        parser.add_argument("--reason", required=True, help="what was mended; written in the log")

    def handle(self, *args: Any, **options: Any) -> None:
        """Mark and count."""
        if not (options["reference"] or options["set_aside"] or options["rule"]):
            raise CommandError("Say which: references, --set-aside or --rule CODE.")
        if options["rule"] and not Rule.objects.filter(code=options["rule"]).exists():
            raise CommandError(f"There is no rule {options['rule']}.")
        count, since, reason = 0, timezone.now() - timedelta(days=options["days"]), options["reason"]
        try:
            for reference in options["reference"]:
                row = Transaction.objects.filter(reference=reference.upper()).first()
                if row is None:
                    raise CommandError(f"There is no transaction {reference}.")
                again.judge_again(actor=SYSTEM, row=row, reason=reason)
                count += 1
            for code in [*(["consequences"] if options["set_aside"] else []), *([options["rule"]] if options["rule"] else [])]:
                count += again.judge_failed_again(actor=SYSTEM, exit_code=code, since=since, reason=reason)
        except DomainError as refusal:
            raise CommandError(str(refusal)) from refusal
        self.stdout.write(f"{count} transactions will be judged again.")
