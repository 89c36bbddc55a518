"""Legal holds, placed by one and lifted by two; and the end of a person's data, which two people decide.

Erasing destroys the customer's data key: what is sealed (numbers, addresses, accounts) is closed in every row, version and file at once, in
older backups once the root key version that wrapped the key there is retired. What is not sealed (name, date of birth, district) is
emptied in the record and its versions. Amounts and times of transactions stay; whose they were is gone.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.actor import SYSTEM, Actor
from crm.access.errors import Conflict, DomainError
from crm.access.services import require, require_step_up
from crm.approvals import services as approvals
from crm.approvals.models import ChangeRequest
from crm.fields.erasure import refuse_if_kept
from crm.fields.services import AlreadyDestroyed, destroy_data_key
from crm.log import services as log
from crm.staff.services.customers import end_sign_in
from customers.models import Customer, LegalHold

LIFT, ERASE = "customers.lift_hold", "customers.erase"
PLACE_HOLD, ASK_LIFT, APPROVE_LIFT = "customers.place_hold", "customers.ask_lift_hold", "customers.approve_lift_hold"
ASK_ERASURE, APPROVE_ERASURE = "customers.ask_erasure", "customers.approve_erasure"
ERASED = "*"
_EMPTY = {
    "name": ERASED,
    "name_pinyin": ERASED,
    "name_compact": ERASED,
    "name_initials": ERASED,
    "gender": "",
    "birth_date": None,
    "region": "",
    "occupation": "",
    "income_band": "",
    **dict.fromkeys(("id_number_index", "mobile_index", "email_index")),
    **dict.fromkeys(("id_number_last4", "mobile_last4"), ""),
}

Accounts = Callable[[Customer], list[tuple[str, str]]]
_accounts: list[Accounts] = []


class HoldEnded(Conflict):
    """The hold was lifted already."""

    code = "hold_ended"
    message = _("This hold has been lifted already.")


class UnknownAccount(DomainError):
    """The account is not one of this customer's."""

    code = "unknown_account"
    field = "account"
    message = _("This is not an account of the customer.")


def register_accounts(accounts: Accounts) -> None:
    """Let an app above say which accounts of a customer a hold can be placed on: reference and masked label."""
    if accounts not in _accounts:
        _accounts.append(accounts)


def accounts_of(customer: Customer) -> list[tuple[str, str]]:
    """Return reference and label of the customer's accounts."""
    return [pair for accounts in _accounts for pair in accounts(customer)]


def standing_hold(customer: Customer) -> Iterator[str]:
    """Object to erasure while any hold stands on the customer or one of the accounts."""
    for hold in LegalHold.objects.filter(customer=customer, lifted_at=None):
        yield f"legal hold {hold.reference}"


def is_held(customer: Customer, account: str = "") -> bool:
    """Whether nothing of the customer (or of this account) may be purged."""
    holds = LegalHold.objects.filter(customer=customer, lifted_at=None)
    return holds.filter(account__in=["", account]).exists() if account else holds.exists()


def held_references() -> list[str]:
    """Return the references of all customers with a standing hold; lines of the audit log about them stay."""
    return list(LegalHold.objects.filter(lifted_at=None).order_by().values_list("customer__reference", flat=True).distinct())


@transaction.atomic
def place_hold(*, actor: Actor, customer: Customer, authority: str, document: str, reason: str, account: str = "") -> LegalHold:
    """Keep everything of a customer, or of one account, from erasure and purge until two people lift the hold."""
    require(actor, PLACE_HOLD, customer)
    customer = Customer.objects.locked().get(pk=customer.pk)
    if account and account not in {reference for reference, _label in accounts_of(customer)}:
        raise UnknownAccount
    hold = LegalHold.objects.create(
        customer=customer,
        account=account,
        authority=authority,
        document=document,
        reason=reason,
        placed_by_number=actor.number,
    )
    log.record(actor=actor, action="hold.placed", target=hold, customer=customer.reference, data={"account": account}, reason=reason)
    return hold


def ask_lift_hold(*, actor: Actor, hold: LegalHold, reason: str) -> ChangeRequest:
    """Ask to lift a hold; nothing changes before a second person agrees, who did not place it either."""
    require(actor, ASK_LIFT, hold)
    require_step_up(actor)
    if hold.lifted_at:
        raise HoldEnded
    return approvals.propose(actor=actor, kind=LIFT, target=hold, payload={"hold": hold.reference}, reason=reason)


@transaction.atomic
def lift_hold(*, actor: Actor, request: ChangeRequest) -> LegalHold:
    """Lift what was asked, inside the deciding transaction."""
    hold: LegalHold = LegalHold.objects.select_for_update(no_key=True, of=("self",)).get(pk=request.target_id or 0)
    require(actor, APPROVE_LIFT, hold)
    if hold.lifted_at:
        raise HoldEnded
    hold.lifted_at, hold.lifted_by_number = timezone.now(), actor.number
    hold.save(update_fields=["lifted_at", "lifted_by_number"])
    data = {"account": hold.account, "asked_by": request.requested_by_number}
    customer = hold.customer.reference
    log.record(actor=actor, action="hold.lifted", target=hold, customer=customer, data=data, reason=request.reason, approver=actor.number)
    return hold


def ask_erasure(*, actor: Actor, customer: Customer, reason: str) -> ChangeRequest:
    """Ask that a person be forgotten; refused while anything must be kept, at once and again when it is decided."""
    require(actor, ASK_ERASURE, customer)
    require_step_up(actor)
    _refuse(customer)
    return approvals.propose(actor=actor, kind=ERASE, target=customer, payload={"customer": customer.reference}, reason=reason)


@transaction.atomic
def erase(*, actor: Actor, request: ChangeRequest) -> Customer:
    """Destroy the customer's data key and empty what is not sealed, inside the deciding transaction; there is no way back."""
    customer: Customer = Customer.objects.locked().get(pk=request.target_id or 0)
    require(actor, APPROVE_ERASURE, customer)
    _refuse(customer)
    for name, value in _EMPTY.items():
        setattr(customer, name, value)
    customer.version += 1
    customer.save(update_fields=[*_EMPTY, "version"])
    as_system = replace(SYSTEM, request_id=actor.request_id)
    destroy_data_key(actor=as_system, data_key=customer.data_key, reason=request.reason, customer=customer.reference, approver=actor.number)
    with connection.cursor() as cursor:
        cursor.execute("SELECT customers_forget_versions(%s)", [customer.pk])
    if customer.sign_in is not None and customer.sign_in.is_active:
        end_sign_in(actor=actor, person=customer.sign_in, reference=customer.reference, reason=request.reason)
    log.record(
        actor=actor,
        action="customer.erased",
        target=customer,
        data={"asked_by": request.requested_by_number},
        reason=request.reason,
        approver=actor.number,
    )
    return customer


def _refuse(customer: Customer) -> None:
    if customer.data_key.destroyed_at:
        raise AlreadyDestroyed
    refuse_if_kept(customer)
