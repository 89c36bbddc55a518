"""Telling the core banking system about freezes, and taking its answer."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, cast

from django.conf import settings
from django.db import transaction
from django.utils import timezone
from django.utils.module_loading import import_string

from crm.access.actor import Actor
from crm.log import services as log
from products.choices import STANDING, FreezeState, InstructionAct, InstructionState
from products.models import CoreInstruction, Freeze

LONGEST_WAIT = timedelta(minutes=5)


class CoreUnavailable(Exception):
    """The core did not answer; the instruction stays owed."""


@dataclass(frozen=True)
class Instruction:
    """What the core is told. ``key`` is the same at every attempt, so that the core can recognise a repetition."""

    key: str
    act: str
    freeze_reference: str
    kind: str
    core_customer_number: str
    account_reference: str
    amount: str


@dataclass(frozen=True)
class Acknowledgement:
    """What the core answered."""

    accepted: bool
    core_reference: str
    message: str = ""


class Connector(Protocol):
    """A way to the core; named by the setting ``CORE_CONNECTOR``."""

    def send(self, instruction: Instruction) -> Acknowledgement:
        """Return the core's answer, or raise ``CoreUnavailable``."""


def connector() -> Connector | None:
    """Return the configured connector, or None when the bank has not connected its core yet."""
    path = str(settings.CORE_CONNECTOR)
    return cast("Callable[[], Connector]", import_string(path))() if path else None


def send_core_instructions(*, actor: Actor, at: datetime | None = None, limit: int = 200) -> int:
    """Send what is owed and due, one instruction a transaction; returns how many the core answered."""
    core = connector()
    if core is None:
        return 0
    now = at or timezone.now()
    answered = 0
    for _attempt in range(limit):
        with transaction.atomic():
            owed = (
                CoreInstruction.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
                .filter(state=InstructionState.OWED, next_attempt_at__lte=now)
                .select_related("freeze__customer", "freeze__account")
                .order_by("next_attempt_at", "pk")
                .first()
            )
            if owed is None:
                break
            answered += _send_one(core, owed, actor, now)
    return answered


def _send_one(core: Connector, owed: CoreInstruction, actor: Actor, now: datetime) -> int:
    freeze = owed.freeze
    owed.attempts += 1
    try:
        answer = core.send(
            Instruction(
                key=f"{freeze.reference}:{owed.act}",
                act=owed.act,
                freeze_reference=freeze.reference,
                kind=freeze.kind,
                core_customer_number=freeze.customer.core_number,
                account_reference=freeze.account.reference if freeze.account else "",
                amount=str(freeze.amount) if freeze.amount is not None else "",
            )
        )
    except CoreUnavailable as silent:
        wait = min(timedelta(seconds=2 ** min(owed.attempts, 9)), LONGEST_WAIT)
        owed.next_attempt_at = now + wait
        owed.message = str(silent)[:300]
        owed.save(update_fields=["attempts", "next_attempt_at", "message"])
        log.record(actor=actor, action="core.silent", target=freeze, result="failed", data={"attempts": owed.attempts})
        return 0
    owed.state = InstructionState.ACKNOWLEDGED if answer.accepted else InstructionState.FAILED
    owed.answered_at = now
    owed.core_reference = answer.core_reference
    owed.message = answer.message[:300]
    owed.save(update_fields=["attempts", "state", "answered_at", "core_reference", "message"])
    _take_answer(owed, freeze)
    log.record(
        actor=actor,
        action="core.answered",
        target=freeze,
        result="done" if answer.accepted else "failed",
        data={"act": owed.act, "core_reference": owed.core_reference, "message": owed.message},
    )
    return 1


def _take_answer(owed: CoreInstruction, freeze: Freeze) -> None:
    if owed.act != InstructionAct.PLACE:
        return
    state = FreezeState.IN_FORCE if owed.state == InstructionState.ACKNOWLEDGED else FreezeState.FAILED
    Freeze.objects.filter(pk=freeze.pk, state__in=STANDING).update(state=state)
