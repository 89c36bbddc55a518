"""Whether somebody could see a customer at a former moment, from the versions that triggers keep; and the words of each step."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import Permission
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.access.errors import DomainError
from crm.access.granted import granted_codenames
from crm.access.reach import Reach
from crm.fields.history import BASELINE, DELETE, as_of, history_of
from crm.lists import formats
from crm.staff.models import Branch, User
from crm.staff.services.past import Past, as_was, portfolios_of
from customers.choices import labels_of
from customers.models import Customer, CustomerGrant


class NothingKept(DomainError):
    """The history says nothing of that moment."""

    code = "nothing_kept"
    field = "at"
    message = _("Choose a moment that is past.")


@dataclass(frozen=True)
class Step:
    """One question of the gate and its answer in words."""

    asked: str
    answer: str
    holds: bool


def explain_then(person: User, permission: str, customer: Customer, at: datetime) -> tuple[bool, list[Step]]:
    """Return the answer that the gate gave at a moment, and its steps. Raises ``NothingKept``."""
    record, past = _record(customer, at), as_was(person, at)
    names = granted_codenames(Customer, permission)
    grants, whole = _grants(person, names, customer, at), _portfolios(person, record.manager_id, at)
    opened = any(row.may_change or "view_customer" in names for _number, row in whole)
    reach = past.reach(permission)
    inside = reach == Reach.ALL or _is_within(reach, past, record)
    held_by = [f"{row.role}: {row.reach.label}" for row in past.rows if row.permission == permission]
    steps = [
        state_step(past.is_usable),
        roles_step(held_by, held=bool(reach)),
        scope_step(reach, inside=inside),
        grants_step(grants, whole, at, opened=opened),
        labels_step(record.labels, open_to=_is_open_to(past, record)),
    ]
    usable, role, scope, grant, labels = (step.holds for step in steps)
    return usable and role and (scope or grant) and labels, steps


def _record(customer: Customer, at: datetime) -> Any:
    """Return the customer's version of that moment."""
    if at > timezone.now():
        raise NothingKept
    versions = history_of(customer)
    found = versions.filter(pgh_created_at__lte=at).last()
    if found is not None and found.pgh_label != DELETE:
        return found
    first = versions.first()
    if first is None or first.pgh_label == BASELINE:
        raise NothingKept(_("Nothing is kept of that moment: the history of this customer begins later."))
    raise NothingKept(_("The customer was not recorded yet at that moment."))


def _is_within(reach: Reach, past: Past, record: Any) -> bool:
    if reach == Reach.BRANCH:
        opened = Branch.objects.filter(pk=record.opening_branch_id).first()
        return past.branch is not None and opened is not None and opened.path.startswith(past.branch.path)
    if reach == Reach.OWN:
        return bool(record.manager_id == past.person.pk)
    return bool(reach == Reach.SELF and record.sign_in_id == past.person.pk)


def _grants(person: User, names: Collection[str], customer: Customer, at: datetime) -> list[Any]:
    rights = Permission.objects.filter(content_type__app_label="customers", codename__in=names)
    fixed = {"user_id": person.pk, "content_object_id": customer.pk, "permission_id__in": list(rights.values_list("pk", flat=True))}
    return list(as_of(CustomerGrant, at, **fixed).order_by("pgh_obj_id"))


def _portfolios(person: User, manager_id: int | None, at: datetime) -> list[tuple[str, Any]]:
    """Return what stood open through the portfolio to which the customer belonged then, with the number of the colleague stood in for."""
    rows = [row for key, row in portfolios_of(person, at) if key == manager_id]
    if manager_id is None or not rows:
        return []
    manager = User.objects.get_queryset().filter(pk=manager_id).values_list("number", flat=True).first()
    return [(manager or "", row) for row in rows]


def _is_open_to(past: Past, record: Any) -> bool:
    """Return whether no label kept the customer from the person: the rule of `customers.models.barred_from`, on what held then."""
    if past.reach("customers.view_customer") == Reach.SELF:
        return True
    lacking = [label for label in labels_of(record.labels) if not past.reach(label.clearance)]
    return not lacking or (record.manager_id == past.person.pk and all(label.is_open_to_manager for label in lacking))


def state_step(usable: bool) -> Step:
    """Return whether the account could be used."""
    return Step(gettext("Account"), gettext("Active") if usable else gettext("Switched off or expired: no right holds"), usable)


def roles_step(words: Sequence[str], *, held: bool) -> Step:
    """Return which roles give the permission."""
    return Step(gettext("Role and reach"), ", ".join(words) or gettext("No role gives this permission"), held)


def scope_step(reach: Reach, *, inside: bool) -> Step:
    """Return whether the customer lies within the reach."""
    words = gettext("Within reach: %(reach)s") if inside else gettext("Outside of the reach: %(reach)s")
    return Step(gettext("Scope"), words % {"reach": reach.label}, inside)


def grants_step(grants: Sequence[Any], portfolios: Sequence[tuple[str, Any]], at: datetime, *, opened: bool) -> Step:
    """Return the stand-ins and grants on the bank's clock, and whether one is valid at the moment or a portfolio opens the customer."""
    words = [_period(grant) for grant in grants]
    portfolio = gettext("portfolio of %(manager)s: %(period)s")
    words += [portfolio % {"manager": number, "period": _period(grant)} for number, grant in portfolios]
    live = opened or any(grant.valid_from <= at and (grant.valid_until is None or grant.valid_until > at) for grant in grants)
    return Step(gettext("Stand-in or grant"), ", ".join(words) or gettext("None"), live)


def _period(grant: Any) -> str:
    return f"{formats.moment(grant.valid_from)} – {formats.moment(grant.valid_until) or gettext('open end')}"


def labels_step(mask: int, *, open_to: bool) -> Step:
    """Return the labels, and whether the person is cleared for them."""
    names = ", ".join(str(label.label) for label in labels_of(mask)) or gettext("An ordinary customer")
    return Step(
        gettext("Labels against clearances"), names if open_to else gettext("No clearance for: %(names)s") % {"names": names}, open_to
    )
