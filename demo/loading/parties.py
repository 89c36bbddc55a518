"""Branches, people, customers and accounts of a made-up bank, written in bulk with one line in the log for each kind."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from crm.access.actor import IMPORTER, SYSTEM, Actor
from crm.access.references import new_reference
from crm.calendar import services as calendar
from crm.fields.services import new_data_keys
from crm.log import services as log
from crm.money import services as money
from crm.staff.models import Branch, Role, RoleAssignment, User
from crm.staff.services.people import enrol, plant_branch
from customers.choices import mask_of
from customers.models import Customer, CustomerFigures
from customers.services import spell
from demo import world as plain
from demo.codes import plant_codes
from products.models import Account, BalanceReport

BATCH = 1_000
LONG_AGO = date(2024, 1, 2)
"""Since when a customer of the demo world without accounts is one."""


@transaction.atomic
def load_bank(branches: Iterable[plain.Branch], staff: Iterable[plain.Person], password: str) -> dict[str, User]:
    """Write the branch tree and the people, who all have *password*; returns the people by employee number."""
    planted: dict[str, Branch] = {}
    for branch in branches:
        planted[branch.code] = plant_branch(code=branch.code, name=branch.name, level=branch.level, parent=planted.get(branch.parent))
    roles = {role.code: role for role in Role.objects.all()}
    people: dict[str, User] = {}
    for person in staff:
        people[person.number] = enrol(
            number=person.number,
            name=person.name,
            title=person.title,
            branch=planted[person.branch],
            email=person.email,
            mobile=person.mobile,
        )
        for code in person.roles:
            RoleAssignment.objects.create(user=people[person.number], role=roles[code])
    # One hash for all of them: hashing is slow on purpose, and in the demo world the password is the same.
    User.objects.filter(pk__in=[user.pk for user in people.values()]).update(
        password=make_password(password), password_changed_at=timezone.now()
    )
    plant_codes(people.values())
    log.record(actor=SYSTEM, action="staff.person_created", data={"people": len(people), "branches": len(planted)})
    return people


@transaction.atomic
def since(one: plain.Customer) -> datetime:
    """Return when a customer came to the bank: at nine on the day of the first account."""
    day = min((account.opened_on for account in one.accounts), default=LONG_AGO)
    return datetime.combine(day, time(9), ZoneInfo(settings.BANK_ZONE))


def load_customers(customers: Sequence[plain.Customer], people: dict[str, User], actor: Actor = IMPORTER) -> dict[str, Customer]:
    """Write the customers, each under a data key of its own; returns them by core number."""
    branches = {branch.code: branch for branch in Branch.objects.all()}
    keys = new_data_keys(len(customers))
    rows = []
    for one, key in zip(customers, keys, strict=True):
        row = Customer(
            reference=new_reference("C"), data_key=key, core_number=one.core_number, kind=one.kind, name=one.name, gender=one.gender,
            birth_date=one.birth_date, id_type=one.id_type, id_number=one.id_number, mobile=one.mobile, email=one.email, region=one.region,
            address=one.address, occupation=one.occupation, income_band=one.income_band, opening_branch=branches[one.branch],
            manager=people.get(one.manager), segment=one.segment, aml_risk_level=one.aml_risk_level, risk_tolerance=one.risk_tolerance,
            lifecycle_stage=one.lifecycle_stage, credit_record=one.credit_record, created_at=since(one),
            labels=mask_of(one.labels),
        )  # fmt: skip
        spell(row)
        rows.append(row)
    Customer.objects.bulk_create(rows, batch_size=BATCH)
    leaves = ((row.reference, _bytes(row.core_number, row.kind, row.name)) for row in rows)
    log.record_batch(actor=actor, action="customer.created", leaves=leaves, data={"rows": len(rows)})
    return {row.core_number: row for row in rows}


@transaction.atomic
def load_accounts(
    accounts: Sequence[plain.Account], owners: dict[str, Customer], reports: Sequence[plain.BalanceReport], actor: Actor = IMPORTER
) -> dict[str, Account]:
    """Write the accounts with what the core reported of them, and what each customer holds; returns them by number."""
    branches = {branch.code: branch.pk for branch in Branch.objects.all()}
    latest = {report.account: report for report in reports}
    rows = []
    for one in accounts:
        owner, report = owners[one.owner], latest.get(one.number)
        rows.append(
            Account(
                reference=new_reference("A"), customer=owner, data_key=owner.data_key, number=one.number, holder_name=one.holder_name,
                kind=one.kind, status=one.status, currency=one.currency, branch_id=branches[one.branch], opened_at=one.opened_on,
                reported_balance=_units(report.cents) if report else None, reported_at=report.at if report else None,
            )
        )  # fmt: skip
    Account.objects.bulk_create(rows, batch_size=BATCH)
    stored = {one.number: row for one, row in zip(accounts, rows, strict=True)}
    BalanceReport.objects.bulk_create(
        (BalanceReport(account=stored[r.account], balance=_units(r.cents), reported_at=r.at, source="core") for r in reports),
        batch_size=BATCH,
    )
    leaves = ((row.reference, _bytes(row.customer.reference, row.kind, row.currency)) for row in rows)
    log.record_batch(actor=actor, action="account.opened", leaves=leaves, data={"rows": len(rows), "balance_reports": len(reports)})
    _begin_figures(owners, accounts, reports)
    return stored


def _begin_figures(owners: dict[str, Customer], accounts: Sequence[plain.Account], reports: Sequence[plain.BalanceReport]) -> None:
    """Start every customer's figures with the number of accounts and the opening balances; the transactions add the rest."""
    first: dict[str, plain.BalanceReport] = {}
    for report in reports:
        first.setdefault(report.account, report)
    held: dict[str, Decimal] = defaultdict(Decimal)
    count: dict[str, int] = defaultdict(int)
    for account in accounts:
        count[account.owner] += 1
        opening = first.get(account.number)
        if opening is not None:
            held[account.owner] += _in_cny(_units(opening.cents), account.currency, opening.at)
    CustomerFigures.objects.bulk_create(
        (CustomerFigures(customer=owner, accounts=count[number], assets_cny=held[number]) for number, owner in owners.items()),
        batch_size=BATCH,
    )


def _in_cny(amount: Decimal, currency: str, at: datetime) -> Decimal:
    if currency == "CNY":
        return amount
    rated = money.to_cny_usd(amount, currency, calendar.bank_date(at))
    return (rated.cny if rated else None) or Decimal(0)


def _units(cents: int) -> Decimal:
    return Decimal(cents).scaleb(-2)


def _bytes(*parts: Any) -> bytes:
    return json.dumps([str(part) for part in parts], ensure_ascii=False).encode()
