"""`manage.py create_partner`: a partner system that may send transactions."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError, CommandParser

from crm.access.actor import SYSTEM
from crm.access.errors import DomainError
from crm.staff.models import ServiceClient
from crm.staff.services.clients import create_partner, issue_secret_whole


class Command(BaseCommand):
    """Creates a partner system (or gives it another secret) and prints the secret, which is shown this once. Not in production."""

    help = "Create a partner system with its sources and print its secret; only the hash is kept."

    def add_arguments(self, parser: CommandParser) -> None:
        """Take code, name, sources and rate."""
        parser.add_argument("code", help="short name of the partner: small letters, digits, hyphens")
        parser.add_argument("--name", default="", help="full name")
        parser.add_argument("--source", action="append", default=[], help="a source it may speak for; repeat for several")
        parser.add_argument("--rate", type=int, default=6_000, help="requests per minute and web process")
        parser.add_argument("--renew", action="store_true", help="give an existing partner a new secret; the others end")

    def handle(self, *args: Any, **options: Any) -> None:
        """Print the secret."""
        code = options["code"]
        try:
            if options["renew"]:
                secret = issue_secret_whole(actor=SYSTEM, client=ServiceClient.objects.get(code=code))
            else:
                name, sources = options["name"] or code, options["source"]
                _client, secret = create_partner(actor=SYSTEM, code=code, name=name, sources=sources, rate=options["rate"])
        except ServiceClient.DoesNotExist:
            raise CommandError(f"There is no partner system {code}.") from None
        except DomainError as refused:
            raise CommandError(str(refused)) from None
        except ValidationError as wrong:
            raise CommandError(" ".join(wrong.messages)) from None
        self.stdout.write(secret)
