"""The verbs of the customer record: create, change, and keep its figures."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import IntegrityError, connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.actor import Actor
from crm.access.errors import Conflict, DomainError
from crm.access.services import require
from crm.approvals import services as approvals
from crm.fields.pinyin import initials, pinyin
from crm.fields.sealed import Sealed
from crm.fields.services import new_data_key, seal_value
from crm.log import services as log
from customers.choices import CustomerKind
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


class SameCoreNumber(DomainError):
    """The core customer number belongs to a customer we have."""

    code = "core_number_taken"
    message = _("A customer with this core customer number is already recorded.")
    field = "core_number"


class NothingChanges(DomainError):
    """The form was sent as it was."""

    code = "nothing_changes"
    message = _("Nothing was changed. Change a field, or go back.")


def create_customer(*, actor: Actor, values: Mapping[str, Any]) -> Customer:
    """Record a new customer under a data key of its own. Raises ``SameCoreNumber``.

    ``values`` are cleaned field values by name; sealed fields as clear text.
    """
    try:
        with transaction.atomic():
            require(actor, "customers.add_customer")
            customer = Customer(data_key=new_data_key(), **values)
            spell(customer)
            customer.save()
            CustomerFigures.objects.create(customer=customer)
            log.record(actor=actor, action="customer.created", target=customer, data={"core_number": customer.core_number})
    except IntegrityError as clash:
        if "core_number" in str(clash):
            raise SameCoreNumber from clash
        raise
    return customer


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


def update_figures(moved: Iterable[tuple[int, Decimal, datetime]]) -> None:
    """Add what moved to the customers' figures: (customer id, signed CNY amount, time of the event), in id order."""
    sums: dict[int, tuple[Decimal, datetime]] = {}
    for customer_id, amount, at in moved:
        held, last = sums.get(customer_id, (Decimal(0), at))
        sums[customer_id] = (held + amount, max(last, at))
    if not sums:
        return
    keys = sorted(sums)
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE customers_customerfigures AS f SET assets_cny = f.assets_cny + m.amount,"
            " last_transaction_at = greatest(f.last_transaction_at, m.at)"
            " FROM unnest(%s::bigint[], %s::numeric[], %s::timestamptz[]) AS m(customer_id, amount, at)"
            " WHERE f.customer_id = m.customer_id",
            [keys, [sums[key][0] for key in keys], [sums[key][1] for key in keys]],
        )
