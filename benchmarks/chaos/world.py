"""The bank that both runs begin with, built once and copied: people, customers, accounts, a partner.

    python -m benchmarks.chaos.world CUSTOMERS PROBES

Run in the environment of a product's home; prints the accounts as JSON.
"""

import json
import sys

PARTNER = "chaos"
PARTNER_SECRET = "CHAPS-PARTN-ERSEC-RETNN-NNNNN-NNNNN"  # noqa: S105 - of a bank that lives as long as the run
CLERK, PASSWORD = "84001", "Blue-Kettle-47"
SECRET = b"chaos-clerk-code-app"
"""Of the clerk's code app, in a bank that lives as long as the run."""


def build(customers: int, probes: int) -> dict[str, list[str]]:
    """Write the bank; return the references of the accounts."""
    from crm.access.actor import IMPORTER
    from crm.tests.personas import build_bank, confirmed_factor
    from customers.tests.personas import person
    from products.tests.personas import account_of
    from transactions.services import add_source

    bank = build_bank()
    confirmed_factor(bank.people[CLERK], SECRET)
    add_source(actor=IMPORTER, code="mobile", name="Mobile banking")
    add_source(actor=IMPORTER, code="core", name="Core banking", already_completed=True)
    _admit_partner()
    accounts = {}
    for group, (number, digit) in {"accounts": (customers, 1), "probes": (probes, 2)}.items():
        holders = [person(bank, f"{digit}{place:09d}") for place in range(number)]
        accounts[group] = [account_of(holder, f"62220{digit}{place:013d}").reference for place, holder in enumerate(holders)]
    return accounts


def _admit_partner() -> None:
    from django.db import transaction

    from crm.access.actor import SYSTEM
    from crm.log import services as log
    from crm.staff.models import ClientSecret, ServiceClient
    from crm.staff.secrets import spoken_hash
    from crm.staff.services.clients import doors

    with transaction.atomic():
        client = ServiceClient.objects.create(code=PARTNER, name="Chaos", sources=["mobile", "core"], rate=1_000_000, endpoints=doors())
        ClientSecret.objects.create(client=client, secret_hash=spoken_hash(PARTNER_SECRET))
        log.record(actor=SYSTEM, action="staff.partner_created", target=client)


if __name__ == "__main__":
    import django

    django.setup()
    print(json.dumps(build(*map(int, sys.argv[1:]))))
