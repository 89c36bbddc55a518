"""The verbs of the customer record: create, change, and keep its figures."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import IntegrityError, connection, models, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext, gettext_noop
from django.utils.translation import gettext_lazy as _

from crm.access.actor import Actor
from crm.access.errors import Conflict, DomainError
from crm.access.reach import Reach
from crm.access.services import require
from crm.approvals import services as approvals
from crm.calendar.services import today
from crm.database.prepared import execute
from crm.fields.pinyin import initials, pinyin
from crm.fields.sealed import Sealed
from crm.fields.services import new_data_key, seal_value
from crm.log import services as log
from crm.log.models import Event
from crm.notify.services import notify
from crm.staff.models import Branch
from crm.staff.services.duty import people_on_duty
from customers.choices import AmlRiskLevel, CreditRecord, CustomerKind, RiskTolerance, Segment
from customers.models import Customer, CustomerFigures

CHANGE = "customers.change_customer"
CONTROLLED = (
    "name",
    "gender",
    "birth_date",
    "id_type",
    "id_number",
    "mobile",
    "email",
    "region",
    "address",
    "opening_branch",
    "manager",
    "aml_risk_level",
    "risk_tolerance",
    "credit_record",
    "segment",
)
"""Fields that a second person must approve (R014, R022)."""

FREE = ("occupation", "income_band", "lifecycle_stage")
"""Fields that take effect at once, with reason and log line."""


STRICTEST = {
    "segment": Segment.RETAIL,
    "aml_risk_level": AmlRiskLevel.HIGH,
    "risk_tolerance": RiskTolerance.UNRATED,
    "credit_record": CreditRecord.NONE,
}
"""What a customer whom a person records is taken for until a second person has decided on what she states (R022)."""

CLASHES_A_DAY = 5
"""So often a person may type numbers out of her reach within 24 hours before no number of hers is taken any more."""


class SameCoreNumber(DomainError):
    """The core customer number belongs to a customer whom the asker may see."""

    code = "core_number_taken"
    message = _("A customer with this core customer number is already recorded.")
    field = "core_number"


class NumberRefused(DomainError):
    """A number is recorded out of the asker's reach: the answer does not say where, nor that it is."""

    code = "number_refused"
    message = _("This number cannot be recorded here. Operations have been told and look into it.")


@dataclass(frozen=True)
class Clash:
    """A typed number that is recorded already: what the log calls it, who looks into it, where it stands, for whom it was typed."""

    action: str
    permission: str
    held: models.Model
    branch: Branch
    url_name: str
    typed_for: str = ""


class NothingChanges(DomainError):
    """The form was sent as it was."""

    code = "nothing_changes"
    message = _("Nothing was changed. Change a field, or go back.")


def create_customer(*, actor: Actor, values: Mapping[str, Any]) -> tuple[Customer, Any | None]:
    """Record a new customer under a data key of its own.

    ``values`` are cleaned field values by name; sealed fields as clear text. What a person states about levels, segment,
    branch and manager is proposed to a second person and taken at its strictest until then. Returns the customer and that
    change request (None when nothing waits). Raises ``SameCoreNumber``, and ``NumberRefused`` for a number out of her reach.
    """
    require(actor, "customers.add_customer")
    check_clashes(actor=actor)
    begins = strictest(actor) if actor.is_person else {}
    try:
        with transaction.atomic():
            customer = Customer(data_key=new_data_key(), **{**values, **begins})
            spell(customer)
            customer.save()
            CustomerFigures.objects.create(customer=customer)
            log.record(actor=actor, action="customer.created", target=customer, data={"core_number": customer.core_number})
            return customer, _propose_stated(actor, customer, {name: values[name] for name in begins if name in values})
    except IntegrityError as clash:
        if "core_number" not in str(clash):
            raise
        raise _taken(actor, values["core_number"]) from clash


def strictest(actor: Actor) -> dict[str, Any]:
    """Return what a second person decides on, as it is until then: no favour, and a relationship manager's own customer and branch."""
    begins: dict[str, Any] = {**STRICTEST, "manager": None}
    if actor.user is not None and actor.reach("customers.view_customer") == Reach.OWN:
        begins["manager"] = actor.user
        if actor.user.branch is not None:
            begins["opening_branch"] = actor.user.branch
    return begins


def _propose_stated(actor: Actor, customer: Customer, stated: Mapping[str, Any]) -> Any | None:
    waiting = {name: value for name, value in stated.items() if differs(customer, name, value)}
    if not waiting:
        return None
    with translation.override(settings.LANGUAGE_CODE):  # stored, so in the bank's language
        reason = gettext("New customer")
    return approvals.propose(actor=actor, kind=CHANGE, target=customer, payload={"fields": to_payload(customer, waiting)}, reason=reason)


def _taken(actor: Actor, core_number: str) -> DomainError:
    rows = Customer.objects.filter(core_number=core_number)
    if not actor.is_person or rows.visible_to(actor).exists():
        return SameCoreNumber()
    held = rows.select_related("opening_branch").get()
    clash = Clash("customer.number_clash", "customers.check_customer", held, held.opening_branch, "customers:customer")
    return tell_clash(actor=actor, clash=clash, field="core_number")


def check_clashes(*, actor: Actor) -> None:
    """Raise ``NumberRefused`` for a person who typed numbers out of her reach again and again: she learns nothing more today."""
    if not actor.is_person:
        return
    since = timezone.now() - timedelta(hours=24)
    lines = Event.objects.filter(actor_number=actor.number, at__gte=since, action__endswith=".number_clash")
    if lines[:CLASHES_A_DAY].count() >= CLASHES_A_DAY:
        raise NumberRefused


def tell_clash(*, actor: Actor, clash: Clash, field: str) -> NumberRefused:
    """Write a clash in the log and tell the operations where the number stands; returns what the asker is told."""
    reference = str(getattr(clash.held, "reference", ""))
    with transaction.atomic():
        log.record(actor=actor, action=clash.action, target=clash.held, result="refused", data={"typed_for": clash.typed_for})
        notify(
            recipients=people_on_duty(clash.permission, branch=clash.branch) or people_on_duty(clash.permission),
            kind="customers.number_clash",
            subject=gettext_noop("A number that is recorded already was typed again"),
            body=gettext_noop("Employee %(number)s tried to record the number of %(held)s. Find out what is right, and tell the employee."),
            params={"number": actor.number, "held": reference},
            url_name=clash.url_name,
            url_args=(reference,),
            key=f"number-clash:{actor.number}:{reference}:{today():%Y-%m-%d}",
        )
    return NumberRefused(field=field)


def change_customer(
    *, actor: Actor, customer: Customer, version: int, values: Mapping[str, Any], reason: str
) -> tuple[Customer, Any | None]:
    """Change what may change at once, and propose the rest to a second person.

    Returns the customer and the change request (None when nothing needs one). Raises ``Conflict`` when somebody was
    quicker and ``NothingChanges``.
    """
    with transaction.atomic():
        require(actor, CHANGE, customer)
        customer = Customer.objects.locked().get(pk=customer.pk)
        if customer.version != version:
            raise Conflict
        changed = {name: value for name, value in values.items() if differs(customer, name, value)}
        if not changed:
            raise NothingChanges
        free = {name: value for name, value in changed.items() if name in FREE}
        controlled = {name: value for name, value in changed.items() if name in CONTROLLED}
        if free:
            apply_changes(actor=actor, customer=customer, values=free, reason=reason)
        request = None
        if controlled:
            payload = {"fields": to_payload(customer, controlled)}
            request = approvals.propose(actor=actor, kind=CHANGE, target=customer, payload=payload, reason=reason)
    return customer, request


def apply_changes(*, actor: Actor, customer: Customer, values: Mapping[str, Any], reason: str, approver: str = "") -> Customer:
    """Write changed fields to a locked customer, with one log line that shows them masked."""
    before = {name: shown(customer, name) for name in values}
    for name, value in values.items():
        setattr(customer, name, value)
    if "name" in values:
        spell(customer)
    customer.version += 1
    customer.updated_at = timezone.now()
    customer.save()
    after = {name: shown(customer, name) for name in values}
    log.record(
        actor=actor,
        action="customer.changed",
        target=customer,
        reason=reason,
        approver=approver,
        data={"before": before, "after": after, "version": customer.version},
    )
    return customer


def spell(customer: Customer) -> None:
    """Write the name in pinyin beside it, for sorting and searching; bulk loads call this before they store."""
    person = customer.kind == CustomerKind.PERSON
    customer.name_pinyin = pinyin(customer.name, person=person)
    customer.name_compact = customer.name_pinyin.replace(" ", "")
    customer.name_initials = initials(customer.name, person=person)


def differs(customer: Customer, name: str, value: Any) -> bool:
    """Return whether *value* is another one than the record holds."""
    held = getattr(customer, name)
    if isinstance(held, Sealed):
        return held.open() != (value or "")
    return bool(held != value)


def shown(customer: Customer, name: str) -> str:
    """Return a field as people may read it in a difference or in the log: masked, with its label."""
    display = getattr(customer, f"get_{name}_display", None)
    value = display() if display else getattr(customer, name)
    return "" if value is None else str(value)


def to_payload(customer: Customer, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return changed fields as a change request keeps them: sealed values sealed, the rest as JSON."""
    payload: dict[str, Any] = {}
    for name, value in values.items():
        field: Any = Customer._meta.get_field(name)
        if isinstance(getattr(customer, name), Sealed):
            kept = seal_value(customer.data_key, field.label, customer.seal_id, value) if value else b""
            payload[name] = {"sealed": kept.hex()}
        elif field.is_relation:
            payload[name] = {"pk": value.pk if value is not None else None}
        else:
            payload[name] = {"value": value.isoformat() if hasattr(value, "isoformat") else value}
    return payload


def from_payload(customer: Customer, payload: Mapping[str, Any]) -> dict[str, Any]:
    """Return the field values of a change request, ready to be set on the record."""
    values: dict[str, Any] = {}
    for name, kept in payload.items():
        field: Any = Customer._meta.get_field(name)
        if "sealed" in kept:
            values[name] = opened(customer, name, kept["sealed"])
        elif "pk" in kept:
            values[name] = None if kept["pk"] is None else field.related_model._default_manager.get(pk=kept["pk"])
        else:
            values[name] = field.to_python(kept["value"])
    return values


def opened(customer: Customer, name: str, sealed_hex: str) -> str:
    """Return the clear text of a proposed sealed value; it opens on this customer's field and nowhere else."""
    field: Any = Customer._meta.get_field(name)
    return Sealed(field, customer, bytes.fromhex(sealed_hex)).open() if sealed_hex else ""


def count_account(*, customer_id: int) -> None:
    """Count one more account in the customer's figures."""
    rows = CustomerFigures.objects.filter(customer_id=customer_id)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE customers_customerfigures SET accounts = accounts + 1 WHERE customer_id = %s", [customer_id])
        if cursor.rowcount == 0:
            rows.create(customer_id=customer_id, accounts=1)


def hold_figures(customer_ids: Iterable[int]) -> None:
    """Hold the figures of customers, in id order, where one transaction will update them in several calls."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT FROM customers_customerfigures WHERE customer_id = ANY(%s::bigint[]) ORDER BY customer_id FOR NO KEY UPDATE",
            [sorted(set(customer_ids))],
        )


def update_figures(moved: Iterable[tuple[int, Decimal, datetime]]) -> None:
    """Add what moved to the customers' figures: (customer id, signed CNY amount, time of the event), in id order."""
    sums: dict[int, tuple[Decimal, datetime]] = {}
    for customer_id, amount, at in moved:
        held, last = sums.get(customer_id, (Decimal(0), at))
        sums[customer_id] = (held + amount, max(last, at))
    if not sums:
        return
    keys = sorted(sums)
    if len(keys) == 1:
        amount, at = sums[keys[0]]
        execute(_MOVE_ONE, {"customer": keys[0], "amount": amount, "at": at})
        return
    amounts, moments = zip(*(sums[key] for key in keys), strict=True)
    execute(_MOVE, {"ids": keys, "amounts": list(amounts), "moments": list(moments)}, prepare=False)


_MOVE_ONE = """
UPDATE customers_customerfigures SET assets_cny = assets_cny + %(amount)s::numeric,
  last_transaction_at = greatest(last_transaction_at, %(at)s::timestamptz)
 WHERE customer_id = %(customer)s::bigint"""
# Held in one order first: two files that are loaded at once may move the same customers.
_MOVE = """
WITH held AS MATERIALIZED (
  SELECT customer_id FROM customers_customerfigures WHERE customer_id = ANY(%(ids)s::bigint[]) ORDER BY customer_id FOR NO KEY UPDATE)
UPDATE customers_customerfigures AS f SET assets_cny = f.assets_cny + m.amount,
  last_transaction_at = greatest(f.last_transaction_at, m.at)
  FROM unnest(%(ids)s::bigint[], %(amounts)s::numeric[], %(moments)s::timestamptz[]) AS m(customer_id, amount, at)
  JOIN held ON held.customer_id = m.customer_id WHERE f.customer_id = m.customer_id"""
