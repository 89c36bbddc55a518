"""Standing in: a colleague sees, and perhaps changes, one customer until a moment; asked by one, decided by another, over by itself."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib.auth.models import Permission
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from crm.access.actor import Actor
from crm.access.errors import DomainError
from crm.access.services import require, require_step_up
from crm.approvals import services as approvals
from crm.approvals.models import ChangeRequest
from crm.log import services as log
from crm.staff.models import User
from customers.models import Customer, CustomerGrant, PortfolioGrant, barred_from

STAND_IN = "customers.stand_in"
PROPOSE, DECIDE = "customers.ask_standin", "customers.approve_standin"
LONGEST = timedelta(days=90)


class NoStandIn(DomainError):
    """The colleague cannot stand in."""

    code = "no_stand_in"
    field = "person"
    message = _("Nobody with this employee number can stand in: it takes a colleague who serves customers and is cleared for this one.")


class WrongEnd(DomainError):
    """The end is past, or too far."""

    code = "wrong_end"
    field = "until"
    message = _("Choose an end within the next 90 days.")


def propose_stand_in(*, actor: Actor, customer: Customer, person: str, until: datetime, may_change: bool, reason: str) -> ChangeRequest:
    """Ask that a colleague, by employee number, stands in until a moment; nothing changes before a second person agrees."""
    require(actor, PROPOSE, customer)
    require_step_up(actor)
    colleague = _colleague(customer, person)
    if colleague.pk == actor.user_id:
        raise NoStandIn
    _check_end(until)
    payload = {"person": colleague.number, "until": until.isoformat(), "change": may_change}
    return approvals.propose(actor=actor, kind=STAND_IN, target=customer, payload=payload, reason=reason, summary=str(colleague))


def serving_colleague(number: str) -> User:
    """Return the colleague with this employee number; raises ``NoStandIn`` for anybody who serves no customers."""
    colleague = User.objects.usable().filter(number__iexact=number.strip()).first()
    if colleague is None or not colleague.reach("customers.view_customer") or colleague.role_codes() == ["customer"]:
        raise NoStandIn
    return colleague


def _colleague(customer: Customer, number: str) -> User:
    colleague = serving_colleague(number)
    barred = barred_from(colleague)
    if barred is not None and barred.filter(pk=customer.pk).exists():
        raise NoStandIn
    return colleague


def _check_end(until: datetime) -> None:
    now = timezone.now()
    if not now < until <= now + LONGEST:
        raise WrongEnd


@transaction.atomic
def give_stand_in(*, actor: Actor, request: ChangeRequest) -> None:
    """Do what was asked, inside the deciding transaction; the colleague sees the customer from her next request on."""
    customer: Customer = Customer.objects.locked().get(pk=request.target_id or 0)
    require(actor, DECIDE, customer)
    asked = request.payload
    colleague, until = _colleague(customer, asked["person"]), parse_datetime(asked["until"]) or timezone.now()
    _check_end(until)
    for codename in ("view_customer", *(("change_customer",) if asked["change"] else ())):
        validity: dict[str, Any] = {"valid_from": timezone.now(), "valid_until": until, "reason": request.reason[:200]}
        permission = Permission.objects.get(content_type__app_label="customers", codename=codename)
        CustomerGrant.objects.update_or_create(
            user=colleague, permission=permission, content_object=customer, defaults={**validity, "granted_by_id": request.requested_by_id}
        )
    data = {"person": colleague.number, "until": asked["until"], "change": asked["change"], "asked_by": request.requested_by_number}
    log.record(actor=actor, action="customer.grant_given", target=customer, data=data, reason=request.reason, approver=actor.number)


@transaction.atomic
def end_stand_in(*, actor: Actor, customer: Customer, person: User, reason: str) -> int:
    """End what a colleague was given on a customer, at once and by one person; returns how many grants ended."""
    require(actor, PROPOSE, customer)
    customer = Customer.objects.locked().get(pk=customer.pk)
    now = timezone.now()
    ended = CustomerGrant.objects.filter(content_object=customer, user=person, valid_from__lt=now).exclude(valid_until__lte=now)
    count = ended.update(valid_until=now)
    if count:
        log.record(actor=actor, action="customer.grant_withdrawn", target=customer, data={"person": person.number}, reason=reason)
    return count


def standing_in_for(request: ChangeRequest) -> set[str]:
    """Return the numbers of those who stand in for the proposer on the customer of a request: they are no second person to her."""
    if not request.customer or request.requested_by_id is None:
        return set()
    now = timezone.now()
    # Of this customer: who was given it by the proposer, or stands in for her, whoever asked for that.
    stands_in = Q(granted_by=request.requested_by_id) | Q(content_object__manager=request.requested_by_id)
    live = CustomerGrant.objects.filter(stands_in, content_object__reference=request.customer, valid_from__lte=now)
    live = live.exclude(valid_until__lte=now)
    # Of portfolios: whoever stands in for the proposer, or was given this customer's portfolio by her.
    managed = Customer.objects.filter(reference=request.customer).values("manager")
    given = Q(manager=request.requested_by_id) | Q(granted_by=request.requested_by_id, manager__in=managed)
    whole = PortfolioGrant.objects.filter(given, valid_from__lte=now, valid_until__gt=now)
    return {*live.values_list("user__number", flat=True), *whole.values_list("user__number", flat=True)}
