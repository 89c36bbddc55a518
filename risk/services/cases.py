"""Working a case through the manual's four steps: identify, review, handle, record (R110)."""

from collections.abc import Sequence
from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.utils import timezone

from crm.access.actor import Actor
from crm.access.services import require
from crm.log import services as log
from customers.models import Customer
from products.models import Account, Freeze
from products.services import ask_to_lift, place_freeze
from risk.choices import AlertState, CaseState, CaseStep, InquiryState
from risk.models import Alert, Case, CaseEntry
from risk.services import queue
from risk.services.errors import AlertFinished, CaseClosed, InquiryOpen, SeveralCustomers

WORK = "risk.work_case"
TIME_FOR_A_CASE = timedelta(days=10)
"""A suspicious transaction report is due within five working days of the conclusion (PBoC Order [2016] No. 3, art. 15); the
case gets ten calendar days to reach it ★."""


def open_case(*, actor: Actor, alerts: Sequence[Alert], summary: str) -> Case:
    """Open an investigation of one customer from one or more alerts. Raises ``SeveralCustomers`` and ``AlertFinished``."""
    with transaction.atomic():
        require(actor, WORK)
        held = list(Alert.objects.filter(pk__in=[alert.pk for alert in alerts]).select_related("customer", "rule").locked())
        if len({alert.customer_id for alert in held}) != 1:
            raise SeveralCustomers
        for alert in held:
            require(actor, queue.WORK, alert)
        now = timezone.now()
        case = Case.objects.create(
            customer=held[0].customer,
            summary=summary,
            officer=actor.user,
            opened_by=actor.user,
            opened_at=now,
            due_at=now + TIME_FOR_A_CASE,
        )
        for alert in held:
            _take_in(actor, case, alert)
        _write(actor, case, "opened", text=summary)
        log.record(actor=actor, action="case.opened", target=case, data={"alerts": [alert.reference for alert in held]})
    return case


def join_case(*, actor: Actor, case: Case, alert: Alert) -> Case:
    """Add an alert of the same customer to an open case."""
    with transaction.atomic():
        case = _open(actor, case)
        alert = Alert.objects.select_related("customer", "rule").locked().get(pk=alert.pk)
        require(actor, queue.WORK, alert)
        if alert.customer_id != case.customer_id:
            raise SeveralCustomers
        _take_in(actor, case, alert)
        _write(actor, case, "alert_joined", params={"alert": alert.reference})
        log.record(actor=actor, action="case.alert_joined", target=case, data={"alert": alert.reference})
    return case


def move_to(*, actor: Actor, case: Case, step: str) -> Case:
    """Move a case to another of the four steps."""
    with transaction.atomic():
        case = _open(actor, case)
        _step(case, CaseStep(step))
        _write(actor, case, "moved", params={"step": step})
        log.record(actor=actor, action="case.moved", target=case, data={"step": step})
    return case


def add_note(*, actor: Actor, case: Case, text: str) -> CaseEntry:
    """Write a note in a case."""
    with transaction.atomic():
        case = _open(actor, case)
        entry = _write(actor, case, "note", text=text)
        log.record(actor=actor, action="case.noted", target=case)
    return entry


def freeze_in_case(
    *,
    actor: Actor,
    case: Case,
    kind: str,
    reason: str,
    account: Account | None = None,
    amount: Decimal | None = None,
    currency: str = "",
    authority: str = "own",
    document: str = "",
) -> Freeze:
    """Freeze the customer or one account and keep it in the case; the case moves to *handle*."""
    with transaction.atomic():
        case = _open(actor, case)
        freeze = place_freeze(
            actor=actor,
            customer=case.customer,
            account=account,
            kind=kind,
            reason=reason,
            amount=amount,
            currency=currency,
            authority=authority,
            document=document,
            origin=("case", case.reference),
        )
        _step(case, CaseStep.HANDLE)
        _write(actor, case, "frozen", text=reason, params={"freeze": freeze.reference})
        log.record(actor=actor, action="case.frozen", target=case, reason=reason, data={"freeze": freeze.reference})
    return freeze


def ask_to_lift_in_case(*, actor: Actor, case: Case, freeze: Freeze, reason: str, document: str = "") -> Any:
    """Ask a second person to lift a freeze of this customer; returns the change request."""
    with transaction.atomic():
        case = _open(actor, case)
        if freeze.customer_id != case.customer_id:
            raise SeveralCustomers
        request = ask_to_lift(actor=actor, freeze=freeze, reason=reason, document=document)
        _write(actor, case, "lift_asked", text=reason, params={"freeze": freeze.reference, "request": request.reference})
        log.record(actor=actor, action="case.lift_asked", target=case, reason=reason, data={"freeze": freeze.reference})
    return request


def close_case(*, actor: Actor, case: Case, disposition: str, conclusion: str) -> Case:
    """Record the conclusion; every alert of the case gets the disposition. Raises ``InquiryOpen``."""
    with transaction.atomic():
        case = _open(actor, case)
        if case.inquiries.filter(state=InquiryState.ASKED).exists():
            raise InquiryOpen
        now = timezone.now()
        for alert in case.alerts.select_related("customer", "rule").locked():
            queue.finish(alert, AlertState.CLOSED, disposition, actor, now)
        case.state, case.step = CaseState.CLOSED, CaseStep.RECORD
        case.disposition, case.conclusion = disposition, conclusion
        case.closed_at, case.closed_by_id = now, actor.user_id
        case.version += 1
        case.save(update_fields=["state", "step", "disposition", "conclusion", "closed_at", "closed_by", "version"])
        _write(actor, case, "closed", text=conclusion, params={"disposition": disposition})
        log.record(actor=actor, action="case.closed", target=case, reason=conclusion, data={"disposition": disposition})
    return case


def hold_open(actor: Actor, case: Case) -> Case:
    """Return the case locked, or raise ``CaseClosed``; for the verbs that add to a case."""
    return _open(actor, case)


def write_entry(actor: Actor, case: Case, kind: str, *, text: str = "", params: dict[str, Any] | None = None) -> CaseEntry:
    """Add a line to a locked case; for the verbs that add to a case."""
    return _write(actor, case, kind, text=text, params=params)


def move_on(case: Case, step: CaseStep) -> None:
    """Move a locked case forward, never back."""
    if list(CaseStep).index(step) > list(CaseStep).index(CaseStep(case.step)):
        _step(case, step)


def _open(actor: Actor, case: Case) -> Case:
    require(actor, WORK, case)
    customer_first = Customer.objects.filter(pk=case.customer_id).locked()
    list(customer_first)
    case = Case.objects.select_related("customer").locked().get(pk=case.pk)
    if case.state != CaseState.OPEN:
        raise CaseClosed
    return case


def _take_in(actor: Actor, case: Case, alert: Alert) -> None:
    if alert.state not in queue.WAITING:
        raise AlertFinished
    alert.case, alert.state = case, AlertState.IN_CASE
    alert.claimed_by_id = alert.claimed_by_id or actor.user_id
    alert.version += 1
    alert.save(update_fields=["case", "state", "claimed_by", "version"])


def _step(case: Case, step: CaseStep) -> None:
    case.step = step
    case.version += 1
    case.save(update_fields=["step", "version"])


def _write(actor: Actor, case: Case, kind: str, *, text: str = "", params: dict[str, Any] | None = None) -> CaseEntry:
    return CaseEntry.objects.create(case=case, step=case.step, kind=kind, text=text, params=params or {}, written_by_id=actor.user_id)
