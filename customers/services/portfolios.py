"""Standing in for a whole portfolio: all customers of a relationship manager, from a moment until another, by one act and two people.

The grant names the two people, not the customers: who joins the portfolio meanwhile is covered, who leaves it no longer is, and customers
with a label that the colleague is not cleared for are kept from her as they always were.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from crm.access.actor import Actor
from crm.access.errors import DomainError
from crm.access.services import get_visible, require, require_step_up
from crm.approvals import services as approvals
from crm.approvals.models import ChangeRequest
from crm.log import services as log
from crm.staff.models import User
from customers.models import Customer, PortfolioGrant, barred_from
from customers.services.standins import DECIDE, LONGEST, PROPOSE, NoStandIn, serving_colleague

PORTFOLIO = "customers.portfolio_stand_in"


class NoPortfolio(DomainError):
    """The person has no customers, or is nobody whose portfolio the actor may give."""

    code = "no_portfolio"
    field = "manager"
    message = _("Nobody with this employee number manages customers within your reach.")


class WrongPeriod(DomainError):
    """The period is over, upside down, or too far."""

    code = "wrong_period"
    field = "until"
    message = _("Choose an end after the beginning, within 90 days of it; the beginning may lie up to 90 days ahead.")


@dataclass(frozen=True)
class Preview:
    """What would be given: to whom, for whom, how many customers, and how many of them stay out."""

    manager: User
    colleague: User
    customers: int
    left_out: int
    begins: datetime
    until: datetime


def preview(*, actor: Actor, manager: str, person: str, begins: datetime, until: datetime) -> Preview:
    """Return what a stand-in would open now, by employee numbers; raises what proposing it would raise."""
    require(actor, PROPOSE)
    absent = _manager(actor, manager)
    colleague = serving_colleague(person)
    if colleague.pk in (actor.user_id, absent.pk):
        raise NoStandIn
    begins = max(begins, timezone.now())
    _check_period(begins, until)
    portfolio = Customer.objects.filter(manager=absent)
    barred = barred_from(colleague)
    every, kept = portfolio.count(), 0 if barred is None else barred.filter(manager=absent).count()
    if not every:
        raise NoPortfolio
    return Preview(absent, colleague, every - kept, kept, begins, until)


def _manager(actor: Actor, number: str) -> User:
    found = User.objects.get_queryset().filter(number__iexact=number.strip()).values_list("number", flat=True).first()
    if found is None or not User.objects.visible_to(actor, PROPOSE).filter(number=found).exists():
        raise NoPortfolio
    return get_visible(User.objects.get_queryset(), actor, PROPOSE, number=found)


def _check_period(begins: datetime, until: datetime) -> None:
    now = timezone.now()
    if not now < until or not begins < until <= begins + LONGEST or begins > now + LONGEST:
        raise WrongPeriod


def propose_portfolio(
    *, actor: Actor, manager: str, person: str, begins: datetime, until: datetime, may_change: bool, reason: str
) -> ChangeRequest:
    """Ask that a colleague stands in for a portfolio; nothing changes before a second person agrees."""
    found = preview(actor=actor, manager=manager, person=person, begins=begins, until=until)
    require(actor, PROPOSE, found.manager)
    require_step_up(actor)
    payload = {
        "person": found.colleague.number,
        "from": found.begins.isoformat(),
        "until": until.isoformat(),
        "change": may_change,
        "customers": found.customers,
        "left_out": found.left_out,
    }
    summary = f"{found.manager} → {found.colleague}"
    return approvals.propose(actor=actor, kind=PORTFOLIO, target=found.manager, payload=payload, reason=reason, summary=summary)


@transaction.atomic
def give_portfolio(*, actor: Actor, request: ChangeRequest) -> PortfolioGrant:
    """Do what was asked, inside the deciding transaction; it holds from its beginning, or from now where that is past."""
    manager: User = User.objects.locked().get(pk=request.target_id or 0)
    require(actor, DECIDE, manager)
    asked = request.payload
    colleague, now = serving_colleague(asked["person"]), timezone.now()
    begins, until = max(parse_datetime(asked["from"]) or now, now), parse_datetime(asked["until"]) or now
    _check_period(begins, until)
    given: dict[str, Any] = {"valid_from": begins, "valid_until": until, "may_change": asked["change"], "reason": request.reason[:200]}
    row: PortfolioGrant = PortfolioGrant.objects.create(user=colleague, manager=manager, granted_by_id=request.requested_by_id, **given)
    data = {
        "grant": row.reference,
        "person": colleague.number,
        "from": begins.isoformat(),
        **{name: asked[name] for name in ("until", "change", "customers", "left_out")},
        "asked_by": request.requested_by_number,
    }
    log.record(actor=actor, action="portfolio.stand_in_given", target=manager, data=data, reason=request.reason, approver=actor.number)
    return row


@transaction.atomic
def end_portfolio(*, actor: Actor, reference: str, reason: str) -> bool:
    """End a stand-in at once, by one person; one that has not begun never will. Returns whether there was anything to end."""
    require(actor, PROPOSE)
    row = PortfolioGrant.objects.select_related("manager", "user").filter(reference=reference).locked().first()
    if row is None:
        return False
    require(actor, PROPOSE, row.manager)
    now = timezone.now()
    if row.valid_until <= now:
        return False
    row.valid_from, row.valid_until = min(row.valid_from, now - timedelta(microseconds=1)), now
    row.save(update_fields=["valid_from", "valid_until"])
    data = {"grant": row.reference, "person": row.user.number}
    log.record(actor=actor, action="portfolio.stand_in_ended", target=row.manager, data=data, reason=reason)
    return True
