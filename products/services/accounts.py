"""Opening and changing accounts, and taking the core's word on balances."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.actor import Actor
from crm.access.errors import Conflict, DomainError
from crm.access.services import require
from crm.approvals import services as approvals
from crm.calendar.services import today
from crm.fields.services import blind_index
from crm.log import services as log
from customers import services as customers
from customers.choices import CustomerKind
from customers.models import Customer
from products.choices import AccountKind, AccountStatus
from products.models import Account, BalanceReport
from products.signals import balance_reported

KINDS = {
    CustomerKind.PERSON: (AccountKind.CLASS_1, AccountKind.CLASS_2, AccountKind.CLASS_3),
    CustomerKind.ORGANISATION: (AccountKind.BASIC, AccountKind.GENERAL, AccountKind.SPECIAL, AccountKind.TEMPORARY),
}
"""Which account types a person and an organisation may hold."""


CHANGE = "products.change_account"


class HolderDiffers(DomainError):
    """The account holder is not the customer (R021)."""

    code = "holder_differs"
    message = _("The account holder must be written exactly like the customer's name.")
    field = "holder_name"


class KindNotForCustomer(DomainError):
    """A person's account type on an organisation, or the other way round."""

    code = "account_type_not_for_customer"
    message = _("Persons hold class I to III accounts, organisations basic, general, special-purpose or temporary ones.")
    field = "kind"


class SameAccountNumber(DomainError):
    """The number belongs to an account that the asker may see."""

    code = "account_number_taken"
    message = _("An account with this number is already recorded. Check the number.")
    field = "number"


class SecondPersonNeeded(DomainError):
    """A person would change an account alone."""

    code = "second_person_needed"
    message = _("Another person must decide on this change.")


class NothingChanges(DomainError):
    """The form was sent as it was."""

    code = "nothing_changes"
    message = _("Nothing was changed. Change a field, or go back.")


@dataclass(frozen=True, kw_only=True)
class NewAccount:
    """What is needed to record an account that the core has opened."""

    number: str
    holder_name: str
    kind: str
    branch_id: int
    opened_at: date
    currency: str = "CNY"
    status: str = AccountStatus.NORMAL
    reported_balance: Decimal | None = None
    reported_at: datetime | None = None


def open_account(*, actor: Actor, customer: Customer, new: NewAccount) -> Account:
    """Record an account of a customer. Raises ``HolderDiffers``, ``KindNotForCustomer``, ``SameAccountNumber``.

    A number that stands outside the asker's reach is refused with ``NumberRefused``, which does not say so.
    """
    require(actor, "products.add_account", customer)
    if squeeze(new.holder_name) != squeeze(customer.name):
        raise HolderDiffers
    if new.kind not in KINDS[CustomerKind(customer.kind)]:
        raise KindNotForCustomer
    customers.check_clashes(actor=actor)
    try:
        with transaction.atomic():
            customer = Customer.objects.locked().get(pk=customer.pk)
            account = Account(customer=customer, data_key_id=customer.data_key_id, **vars(new))
            account.save()
            if new.reported_balance is not None:
                _keep_report(account, new.reported_balance, new.reported_at or timezone.now(), "crm")
            customers.count_account(customer_id=customer.pk)
            log.record(actor=actor, action="account.opened", target=account, data={"kind": new.kind, "currency": new.currency})
    except IntegrityError as clash:
        if "account_number_unique" not in str(clash):
            raise
        raise _taken(actor, customer, new.number) from clash
    return account


def _taken(actor: Actor, customer: Customer, number: str) -> DomainError:
    """What the asker is told about a number that is recorded: plainly within reach, neutrally outside of it."""
    rows = Account.objects.filter(number_index=blind_index("products.account.number", number))
    if not actor.is_person or rows.visible_to(actor).exists():
        return SameAccountNumber()
    held = rows.select_related("customer", "branch").get()
    return customers.tell_clash(
        actor=actor,
        clash=customers.Clash("account.number_clash", "products.check_account", held, held.branch, "products:account", customer.reference),
        field="number",
    )


def ask_to_change(*, actor: Actor, account: Account, version: int, status: str, kind: str, reason: str) -> Any:
    """Ask a second person to take over the core's status or type; returns the change request.

    Raises ``Conflict`` when somebody was quicker, ``KindNotForCustomer`` and ``NothingChanges``.
    """
    with transaction.atomic():
        require(actor, CHANGE, account)
        if kind not in KINDS[CustomerKind(account.customer.kind)]:
            raise KindNotForCustomer
        account = Account.objects.locked().select_related("customer").get(pk=account.pk)
        if account.version != version:
            raise Conflict
        if (account.status, account.kind) == (status, kind):
            raise NothingChanges
        payload = {"status": status, "kind": kind}
        return approvals.propose(actor=actor, kind=CHANGE, target=account, payload=payload, reason=reason)


def change_account(*, actor: Actor, account: Account, version: int, status: str, kind: str, reason: str, asked_by: str = "") -> Account:
    """Take over the core's status or type of an account: the core's own word, or a person's who approves another's request.

    Status decides whether money moves, so no person changes it alone. Raises ``SecondPersonNeeded``, and ``Conflict`` when
    somebody was quicker.
    """
    with transaction.atomic():
        require(actor, "products.approve_account" if actor.is_person else "products.report_status", account)
        if kind not in KINDS[CustomerKind(account.customer.kind)]:
            raise KindNotForCustomer
        if actor.is_person and asked_by in ("", actor.number):
            raise SecondPersonNeeded
        account = Account.objects.locked().select_related("customer").get(pk=account.pk)
        if account.version != version:
            raise Conflict
        before = {"status": account.status, "kind": account.kind}
        account.status, account.kind = status, kind
        account.closed_at = today() if status == AccountStatus.CLOSED else None
        account.version += 1
        account.save(update_fields=["status", "kind", "closed_at", "version"])
        log.record(
            actor=actor,
            action="account.changed",
            target=account,
            reason=reason,
            approver=actor.number if asked_by else "",
            data={"before": before, "after": {"status": status, "kind": kind}, **({"asked_by": asked_by} if asked_by else {})},
        )
    return account


def report_balance(
    *, actor: Actor, account: Account, balance: Decimal, reported_at: datetime, source: str, available: Decimal | None = None
) -> BalanceReport:
    """Keep a balance the core reported; the account shows the latest one by the core's clock."""
    with transaction.atomic():
        require(actor, "products.report_balance", account)
        Customer.objects.locked().get(pk=account.customer_id)  # before the account, like everywhere else
        account = Account.objects.locked().select_related("customer").get(pk=account.pk)
        report = _keep_report(account, balance, reported_at, source, available)
        if account.reported_at is None or reported_at >= account.reported_at:
            account.reported_balance, account.reported_at = balance, reported_at
            account.save(update_fields=["reported_balance", "reported_at"])
        log.record(actor=actor, action="account.balance_reported", target=account, data={"source": source})
    return report


def _keep_report(account: Account, balance: Decimal, at: datetime, source: str, available: Decimal | None = None) -> BalanceReport:
    report, made = BalanceReport.objects.get_or_create(
        account=account, reported_at=at, source=source, defaults={"balance": balance, "available": available}
    )
    if made:
        balance_reported.send(sender=BalanceReport, account=account, reported_at=at)
    return report


def squeeze(name: str) -> str:
    """Return a name without spaces and with one kind of brackets, for comparing a holder with a customer."""
    return "".join(name.split()).replace("（", "(").replace("）", ")").replace("·", "").casefold()
