"""Labels of a customer: one proposes them, a second person decides; who lacks the clearance no longer sees the customer."""

from collections.abc import Iterable

from django.db import transaction

from crm.access.actor import Actor
from crm.access.errors import Conflict
from crm.access.services import require, require_step_up
from crm.approvals import services as approvals
from crm.approvals.models import ChangeRequest
from crm.log import services as log
from customers.choices import CustomerLabel, labels_of, mask_of
from customers.models import Customer

LABELS = "customers.labels"
PROPOSE, DECIDE = "customers.label_customer", "customers.approve_label"


def propose_labels(*, actor: Actor, customer: Customer, labels: Iterable[str], reason: str) -> ChangeRequest:
    """Ask for exactly these labels; nothing changes before a second person agrees."""
    require(actor, PROPOSE, customer)
    require_step_up(actor)
    wanted = [CustomerLabel(label).value for label in CustomerLabel.values if label in set(labels)]
    payload = {"before": [label.value for label in labels_of(customer.labels)], "labels": wanted}
    return approvals.propose(actor=actor, kind=LABELS, target=customer, payload=payload, reason=reason)


@transaction.atomic
def set_labels(*, actor: Actor, request: ChangeRequest) -> Customer:
    """Do what was asked, inside the deciding transaction; effective at everybody's next request."""
    customer: Customer = Customer.objects.locked().get(pk=request.target_id or 0)
    require(actor, DECIDE, customer)
    before = [label.value for label in labels_of(customer.labels)]
    if before != request.payload["before"]:
        raise Conflict
    customer.labels = mask_of(request.payload["labels"])
    customer.save(update_fields=["labels"])
    log.record(
        actor=actor,
        action="customer.labelled",
        target=customer,
        data={"before": before, "after": request.payload["labels"], "asked_by": request.requested_by_number},
        reason=request.reason,
        approver=actor.number,
    )
    return customer
