"""Why somebody can or cannot see a customer: the gate's own questions, asked one by one, and its answer beside them.

Of a former moment the same questions are put to the versions that the database's triggers keep (`customers.services.why_then`).
"""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.actor import Actor
from crm.access.errors import DomainError
from crm.access.granted import granted_codenames
from crm.access.reach import Reach
from crm.access.services import may, require
from crm.lists.terms import Query
from crm.log import services as log
from crm.staff.models import RolePermission, User
from customers.models import Customer, CustomerGrant, PortfolioGrant, barred_from
from customers.services.why_then import Step, explain_then, grants_step, labels_step, roles_step, scope_step, state_step

EXPLAIN = "staff.explain_access"


class NothingToExplain(DomainError):
    """No such person or record."""

    code = "nothing_to_explain"
    message = _("There is no such person, or no such customer.")


@dataclass(frozen=True)
class Explanation:
    """The gate's answer and the steps that lead to it."""

    person: User
    reference: str
    permission: str
    allowed: bool
    steps: list[Step]
    at: datetime | None = None


def explain(*, actor: Actor, number: str, reference: str, permission: str, at: datetime | None = None) -> Explanation:
    """Return why, now or at a former moment; the question is written in the log with the customer it is about, one about nobody, too.

    Raises ``NothingToExplain``, and ``NothingKept`` for a moment of which the history says nothing.
    """
    require(actor, EXPLAIN)
    person = User.objects.get_queryset().select_related("branch").filter(number__iexact=number.strip()).first()
    typed = reference.strip().upper()
    customer = Customer.objects.filter(Q(reference=typed) | Q(core_number=typed)).first()
    if person is None or customer is None:
        asked = {"person": Query.of(number).masked, "customer": Query.of(reference).masked, "permission": permission}
        with transaction.atomic():
            log.record(actor=actor, action="access.explained", data={**asked, "found": False})
        raise NothingToExplain
    if at is None:
        allowed, steps = may(person, permission, customer), _steps(person, permission, customer)
    else:
        allowed, steps = explain_then(person, permission, customer, at)
    data = {"person": person.number, "permission": permission, "allowed": allowed, **({"moment": at} if at else {})}
    with transaction.atomic():
        log.record(actor=actor, action="access.explained", target=customer, data=data)
    return Explanation(person, customer.reference, permission, allowed, steps, at)


def _steps(person: User, permission: str, customer: Customer) -> list[Step]:
    asked = (_roles, _scope, _grants)
    return [_state(person), *(ask(person, permission, customer) for ask in asked), _labels(person, customer)]


def _state(person: User) -> Step:
    return state_step(person.is_usable)


def _roles(person: User, permission: str, _customer: Customer) -> Step:
    live = Q(role__assignments__valid_until__isnull=True) | Q(role__assignments__valid_until__gt=timezone.now())
    rows = RolePermission.objects.filter(live, permission=permission, role__assignments__user=person).exclude(reach=Reach.NONE)
    words = [f"{row.role.label}: {Reach(row.reach).label}" for row in rows.select_related("role").distinct()]
    held = bool(person.reach(permission))
    return roles_step(words, held=held)


def _scope(person: User, permission: str, customer: Customer) -> Step:
    reach = Reach(person.reach(permission))
    rows = Customer.objects.filter(pk=customer.pk)
    inside = reach == Reach.ALL or (bool(reach) and rows.scope(person, reach).exists())
    return scope_step(reach, inside=inside)


def _grants(person: User, permission: str, customer: Customer) -> Step:
    names = granted_codenames(Customer, permission)
    grants = CustomerGrant.objects.filter(user=person, content_object=customer, permission__codename__in=names).order_by("pk")
    now = timezone.now()
    whole = PortfolioGrant.objects.filter(user=person, manager=customer.manager_id).select_related("manager").order_by("pk")
    told = [(one.manager.number, one) for one in whole]
    opened = PortfolioGrant.opening(person.pk, names, Customer).filter(manager=customer.manager_id).exists()
    return grants_step(list(grants), told, now, opened=opened)


def _labels(person: User, customer: Customer) -> Step:
    barred = barred_from(person)
    open_to = barred is None or not barred.filter(pk=customer.pk).exists()
    return labels_step(customer.labels, open_to=open_to)
