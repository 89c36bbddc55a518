"""Why somebody can or cannot see a customer now: the gate's own questions, asked one by one, and its answer beside them."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.access.actor import Actor
from crm.access.errors import DomainError
from crm.access.granted import granted_codenames
from crm.access.reach import Reach
from crm.access.services import may, require
from crm.lists.formats import moment
from crm.log import services as log
from crm.staff.models import RolePermission, User
from customers.choices import labels_of
from customers.models import Customer, CustomerGrant, PortfolioGrant, barred_from

EXPLAIN = "staff.explain_access"


class NothingToExplain(DomainError):
    """No such person or record."""

    code = "nothing_to_explain"
    message = _("There is no such person, or no such customer.")


@dataclass(frozen=True)
class Step:
    """One question of the gate and its answer in words."""

    asked: str
    answer: str
    holds: bool


@dataclass(frozen=True)
class Explanation:
    """The gate's answer and the steps that lead to it."""

    person: User
    reference: str
    permission: str
    allowed: bool
    steps: list[Step]


@transaction.atomic
def explain(*, actor: Actor, number: str, reference: str, permission: str) -> Explanation:
    """Return why; the question is written in the log with the customer it is about."""
    require(actor, EXPLAIN)
    person = User.objects.get_queryset().select_related("branch").filter(number__iexact=number.strip()).first()
    customer = Customer.objects.filter(reference=reference.strip().upper()).first()
    if person is None or customer is None:
        raise NothingToExplain
    allowed = may(person, permission, customer)
    steps = [_state(person), _roles(person, permission), _scope(person, permission, customer), _grants(person, permission, customer)]
    steps.append(_labels(person, customer))
    data = {"person": person.number, "permission": permission, "allowed": allowed}
    log.record(actor=actor, action="access.explained", target=customer, data=data)
    return Explanation(person, customer.reference, permission, allowed, steps)


def _state(person: User) -> Step:
    words = gettext("Active") if person.is_usable else gettext("Switched off or expired: no right holds")
    return Step(gettext("Account"), words, person.is_usable)


def _roles(person: User, permission: str) -> Step:
    live = Q(role__assignments__valid_until__isnull=True) | Q(role__assignments__valid_until__gt=timezone.now())
    rows = RolePermission.objects.filter(live, permission=permission, role__assignments__user=person).exclude(reach=Reach.NONE)
    words = [f"{row.role.label}: {Reach(row.reach).label}" for row in rows.select_related("role").distinct()]
    held = bool(person.reach(permission))
    return Step(gettext("Role and reach"), ", ".join(words) or gettext("No role gives this permission"), held)


def _scope(person: User, permission: str, customer: Customer) -> Step:
    reach = Reach(person.reach(permission))
    rows = Customer.objects.filter(pk=customer.pk)
    inside = reach == Reach.ALL or (bool(reach) and rows.scope(person, reach).exists())
    words = gettext("Within reach: %(reach)s") if inside else gettext("Outside of the reach: %(reach)s")
    return Step(gettext("Scope"), words % {"reach": reach.label}, inside)


def _grants(person: User, permission: str, customer: Customer) -> Step:
    names = granted_codenames(Customer, permission)
    grants = CustomerGrant.objects.filter(user=person, content_object=customer, permission__codename__in=names).order_by("pk")
    now = timezone.now()
    words = [_period(grant.valid_from, grant.valid_until) for grant in grants]
    whole = PortfolioGrant.objects.filter(user=person, manager=customer.manager_id).order_by("pk")
    portfolio = gettext("portfolio of %(manager)s: %(period)s")
    words += [portfolio % {"manager": one.manager.number, "period": _period(one.valid_from, one.valid_until)} for one in whole]
    opened = PortfolioGrant.opening(person.pk, names, Customer).filter(manager=customer.manager_id).exists()
    live = opened or any(grant.valid_from <= now and (grant.valid_until is None or grant.valid_until > now) for grant in grants)
    return Step(gettext("Stand-in or grant"), ", ".join(words) or gettext("None"), live)


def _period(begins: datetime, ends: datetime | None) -> str:
    return f"{moment(begins)} – {moment(ends) or gettext('open end')}"


def _labels(person: User, customer: Customer) -> Step:
    barred = barred_from(person)
    open_to = barred is None or not barred.filter(pk=customer.pk).exists()
    names = ", ".join(str(label.label) for label in labels_of(customer.labels)) or gettext("An ordinary customer")
    return Step(
        gettext("Labels against clearances"), names if open_to else gettext("No clearance for: %(names)s") % {"names": names}, open_to
    )
