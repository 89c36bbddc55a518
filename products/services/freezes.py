"""Money may not move, and moves again: placing, confirming, lifting and lapsing freezes."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.actor import Actor
from crm.access.errors import DomainError
from crm.access.services import require, require_step_up
from crm.approvals import services as approvals
from crm.log import services as log
from customers.models import Customer
from products.choices import STANDING, Authority, FreezeKind, FreezeState
from products.models import Account, Freeze
from products.services.core import owe_lifting, owe_placing
from products.signals import freeze_placed

AUTOMATIC_LAPSE = timedelta(hours=24)
"""An automatic freeze lapses or is confirmed by a person within this time (AML Law 2024, proportionate control)."""

LIFT = "products.lift_freeze"


class FreezeStands(DomainError):
    """The same freeze stands already."""

    code = "freeze_stands"
    message = _("The same freeze stands already on this subject.")


class FreezeNotAllowed(DomainError):
    """What was asked for is not a freeze we can place."""

    code = "freeze_not_allowed"


class AlreadyEnded(DomainError):
    """The freeze was lifted or has lapsed."""

    code = "freeze_ended"
    message = _("This freeze has already ended.")


def place_freeze(
    *,
    actor: Actor,
    customer: Customer,
    kind: str,
    reason: str,
    account: Account | None = None,
    authority: str = Authority.OWN,
    document: str = "",
    amount: Decimal | None = None,
    currency: str = "",
    valid_until: datetime | None = None,
    origin: tuple[str, str] = ("", ""),
    at: datetime | None = None,
) -> Freeze:
    """Stop money on an account or a whole customer from this moment, and instruct the core.

    Freezes of several authorities stand beside each other and queue (轮候). Placed by a service, the freeze lapses after 24
    hours unless a person confirms it, and asking again returns the one that stands. An amount of no stated currency is in the
    account's, or in CNY for a whole customer. Raises ``FreezeStands`` and ``FreezeNotAllowed``.
    """
    _check_request(kind, authority, document, amount, reason)
    now = at or timezone.now()
    with transaction.atomic():
        require(actor, "products.place_freeze", account or customer)
        _hold(customer, account)
        same: dict[str, Any] = {"customer": customer, "account": account, "kind": kind, "authority": authority, "document": document}
        if standing := _same_standing(actor, same, now):
            return standing
        limit = _limit(amount, currency, account)
        details = {**same, **_signed(actor, now, origin), **limit, "reason": reason, "valid_until": valid_until}
        freeze = Freeze.objects.create(**details, sequence=_next_in_line(customer, account, authority))
        owe_placing(freeze)
        log.record(actor=actor, action="freeze.placed", target=freeze, reason=reason, data=_shown(freeze))
        freeze_placed.send(sender=Freeze, freeze=freeze, actor=actor)
    return freeze


def _same_standing(actor: Actor, same: dict[str, Any], now: datetime) -> Freeze | None:
    """End the same freeze if its time is over; return it to a service, and refuse a person, if it stands."""
    for ended in Freeze.objects.over(now).filter(**same).locked().select_related("customer", "account"):
        _lapse(actor, ended, now)
    standing = Freeze.objects.standing().filter(**same).first()
    if standing is not None and actor.kind != "service":
        raise FreezeStands
    return standing


def _limit(amount: Decimal | None, currency: str, account: Account | None) -> dict[str, Any]:
    own = account.currency if account else "CNY"
    return {"amount": amount, "currency": "" if amount is None else currency or own}


def _signed(actor: Actor, now: datetime, origin: tuple[str, str]) -> dict[str, Any]:
    """Return who placed a freeze, when and from where; what a service places ends by itself unless a person confirms it."""
    return {
        "placed_at": now,
        "placed_by_id": actor.user_id,
        "placed_by_number": actor.number,
        "lapses_at": now + AUTOMATIC_LAPSE if actor.kind == "service" else None,
        "origin_type": origin[0],
        "origin_reference": origin[1],
    }


def confirm_freeze(*, actor: Actor, freeze: Freeze, reason: str) -> Freeze:
    """Let an automatic freeze stand beyond its 24 hours, on a person's responsibility."""
    with transaction.atomic():
        require(actor, "products.confirm_freeze", freeze)
        freeze = _standing(freeze)
        if freeze.lapses_at is None:
            raise FreezeNotAllowed(_("This freeze needs no confirmation."))
        freeze.lapses_at = None
        freeze.confirmed_at = timezone.now()
        freeze.confirmed_by_id = actor.user_id
        freeze.version += 1
        freeze.save(update_fields=["lapses_at", "confirmed_at", "confirmed_by", "version"])
        log.record(actor=actor, action="freeze.confirmed", target=freeze, reason=reason)
    return freeze


def ask_to_lift(*, actor: Actor, freeze: Freeze, reason: str, document: str = "") -> Any:
    """Ask a second person to lift a freeze; returns the change request.

    A freeze of an authority needs the number of the document by which that authority ends it.
    """
    require(actor, "products.ask_lift_freeze", freeze)
    require_step_up(actor)
    if freeze.state not in STANDING:
        raise AlreadyEnded
    if freeze.authority != Authority.OWN and not document.strip():
        raise FreezeNotAllowed(_("Give the number of the document by which the authority ends its freeze."), field="document")
    return approvals.propose(actor=actor, kind=LIFT, target=freeze, payload={"document": document.strip()}, reason=reason)


def lift_freeze(*, actor: Actor, freeze: Freeze, reason: str, asked_by: str, document: str = "") -> Freeze:
    """Let money move again, unless another freeze still stands. Called when a second person approved."""
    with transaction.atomic():
        require(actor, LIFT, freeze)
        freeze = _standing(freeze)
        _end(actor, freeze, FreezeState.LIFTED, timezone.now(), reason)
        log.record(
            actor=actor,
            action="freeze.lifted",
            target=freeze,
            reason=reason,
            approver=actor.number,
            data={**_shown(freeze), "asked_by": asked_by, "lifting_document": document},
        )
    return freeze


def lapse_freezes(*, actor: Actor, at: datetime | None = None) -> int:
    """End what nobody confirmed in 24 hours and what has reached its last day; returns how many."""
    now = at or timezone.now()
    ended = 0
    for customer in Customer.objects.filter(pk__in=Freeze.objects.over(now).values("customer_id")).order_by("pk"):
        with transaction.atomic():
            # Everything of the customer is held before the freezes are read, as by whoever places or lifts one.
            _hold(customer, None)
            for freeze in Freeze.objects.over(now).filter(customer=customer).locked().select_related("customer", "account"):
                _lapse(actor, freeze, now)
                ended += 1
    return ended


def _lapse(actor: Actor, freeze: Freeze, now: datetime) -> None:
    _end(actor, freeze, FreezeState.LAPSED, now, "")
    log.record(actor=actor, action="freeze.lapsed", target=freeze, data=_shown(freeze))


def _check_request(kind: str, authority: str, document: str, amount: Decimal | None, reason: str) -> None:
    if not reason.strip():
        raise FreezeNotAllowed(_("Give the reason for the freeze."), field="reason")
    if kind == FreezeKind.AUTHORITY and authority == Authority.OWN:
        raise FreezeNotAllowed(_("A freeze by authority names the authority; our own control is a payment stop."), field="authority")
    if authority != Authority.OWN and not document.strip():
        raise FreezeNotAllowed(_("Give the number of the authority's document."), field="document")
    if (kind == FreezeKind.AMOUNT) != (amount is not None):
        raise FreezeNotAllowed(_("An amount belongs to an amount freeze, and to no other."), field="amount")
    if amount is not None and amount <= 0:
        raise FreezeNotAllowed(_("The amount must be above zero."), field="amount")


def _hold(customer: Customer, account: Account | None) -> None:
    list(Customer.objects.filter(pk=customer.pk).locked())
    list(Account.objects.filter(pk=account.pk).locked() if account else Account.objects.filter(customer=customer).locked())


def _standing(freeze: Freeze) -> Freeze:
    _hold(freeze.customer, freeze.account)
    freeze = Freeze.objects.locked().select_related("customer", "account").get(pk=freeze.pk)
    if freeze.state not in STANDING:
        raise AlreadyEnded
    return freeze


def _next_in_line(customer: Customer, account: Account | None, authority: str) -> int:
    if authority == Authority.OWN:
        return 1
    line = Freeze.objects.standing().filter(customer=customer, account=account).exclude(authority=Authority.OWN)
    return max(line.values_list("sequence", flat=True), default=0) + 1


def _end(actor: Actor, freeze: Freeze, state: FreezeState, now: datetime, reason: str) -> None:
    freeze.state = state
    freeze.ended_at = now
    freeze.ended_by_id = actor.user_id if state == FreezeState.LIFTED else None
    freeze.ended_reason = reason
    freeze.version += 1
    freeze.save(update_fields=["state", "ended_at", "ended_by", "ended_reason", "version"])
    if freeze.authority != Authority.OWN:
        behind = Freeze.objects.standing().exclude(authority=Authority.OWN).filter(sequence__gt=freeze.sequence)
        same = behind.filter(customer_id=freeze.customer_id, account_id=freeze.account_id)  # type: ignore[misc]
        same.update(sequence=F("sequence") - 1)
    owe_lifting(actor=actor, freeze=freeze)


def _shown(freeze: Freeze) -> dict[str, Any]:
    return {
        "kind": freeze.kind,
        "authority": freeze.authority,
        "document": freeze.document,
        "account": freeze.account.reference if freeze.account else "",
        "amount": str(freeze.amount) if freeze.amount is not None else "",
        "currency": freeze.currency,
        "sequence": freeze.sequence,
        "origin": freeze.origin_reference,
    }
