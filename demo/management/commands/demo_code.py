"""Tells the one-time code of a demo person."""

from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from crm.factors.models import Factor
from crm.staff.models import User
from demo.codes import NAME, NoCodeLeft, code_of


class Command(BaseCommand):
    """`manage.py demo_code 82001`: the code that this person's app would show, good for one sign-in within half a minute."""

    help = "Print a one-time code for a person of the demo world."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("number", help="employee number")

    def handle(self, *_args: Any, **options: Any) -> None:
        if settings.PRODUCTION:
            raise CommandError("Production has no demo codes.")
        person = User.objects.filter(number__iexact=options["number"]).first()
        if person is None:
            raise CommandError("There is nobody with this employee number.")
        if not Factor.objects.confirmed().filter(user=person, name=NAME).exists():
            raise CommandError("This person has no demo code app: use the second factor that was set up on the page.")
        try:
            self.stdout.write(code_of(person))
        except NoCodeLeft as used:
            raise CommandError(str(used)) from None
