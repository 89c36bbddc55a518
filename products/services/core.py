"""Telling the core banking system about freezes, and taking its answer.

An instruction is claimed in one short transaction, sent outside of any, and answered in another: a slow core holds no row, and a worker
that dies in between leaves a claim that runs out. The core may then hear the same key twice, which it recognises.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol, cast

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from crm.access.actor import Actor
from crm.access.errors import DomainError
from crm.access.services import require
from crm.jobs.queue import enqueue
from crm.log import services as log
from products.choices import STANDING, FreezeState, InstructionAct, InstructionState
from products.models import CoreInstruction, Freeze
from products.services import core_notices as notices

logger = logging.getLogger(__name__)

LONGEST_WAIT = timedelta(minutes=5)

CLAIM_LASTS = timedelta(minutes=2)
"""So long nobody else sends a claimed instruction; longer than a connector may take for one call."""


class CoreUnavailable(Exception):
    """The core did not answer; the instruction stays owed."""


class NothingRefused(DomainError):
    """The core has not refused what it would be told again."""

    code = "nothing_refused"
    message = _("The core has refused nothing here.")


@dataclass(frozen=True)
class Instruction:
    """What the core is told. ``key`` is the same at every attempt, so that the core can recognise a repetition.

    A freeze is always placed before it is lifted. ``amount`` and ``currency`` are empty but for an amount freeze.
    """

    key: str
    act: str
    freeze_reference: str
    kind: str
    core_customer_number: str
    account_reference: str
    amount: str
    currency: str = ""


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


def owe_placing(freeze: Freeze) -> None:
    """Have the core told of a freeze that was just placed."""
    CoreInstruction.objects.create(freeze=freeze, act=InstructionAct.PLACE)
    enqueue("products.send_core_instructions")


def owe_lifting(*, actor: Actor, freeze: Freeze) -> None:
    """Have the core told of the end of a locked freeze, unless the core does not hold it: never told, or refused.

    What was sent and not answered may stand there: then the placing is sent until it is answered, and the lifting after it.
    """
    place = CoreInstruction.objects.select_for_update(no_key=True).filter(freeze=freeze, act=InstructionAct.PLACE).first()
    unsent = place is not None and place.state == InstructionState.OWED and place.attempts == 0
    if place is None or not (unsent or place.state == InstructionState.FAILED):
        CoreInstruction.objects.create(freeze=freeze, act=InstructionAct.LIFT)
        enqueue("products.send_core_instructions")
        return
    CoreInstruction.objects.create(freeze=freeze, act=InstructionAct.LIFT, state=InstructionState.CANCELLED)
    if unsent:
        CoreInstruction.objects.filter(pk=place.pk).update(state=InstructionState.CANCELLED)
    acts = [*([InstructionAct.PLACE.value] if unsent else []), InstructionAct.LIFT.value]
    log.record(actor=actor, action="core.cancelled", target=freeze, data={"acts": acts})


def tell_core_again(*, actor: Actor, freeze: Freeze) -> Freeze:
    """Have the core told anew what it refused, after somebody has spoken with its people. Raises ``NothingRefused``."""
    with transaction.atomic():
        require(actor, "products.place_freeze", freeze)
        freeze = Freeze.objects.locked().select_related("customer", "account").get(pk=freeze.pk)
        act = InstructionAct.PLACE if freeze.state in STANDING else InstructionAct.LIFT
        told = CoreInstruction.objects.select_for_update(no_key=True).filter(freeze=freeze, act=act)
        refused = told.filter(state=InstructionState.FAILED).first()
        if refused is None:
            raise NothingRefused
        refused.state, refused.attempts, refused.telling = InstructionState.OWED, 0, refused.telling + 1
        refused.next_attempt_at, refused.answered_at, refused.message = timezone.now(), None, ""
        refused.save(update_fields=["state", "attempts", "telling", "next_attempt_at", "answered_at", "message"])
        if act == InstructionAct.PLACE:
            freeze.state = FreezeState.PENDING
        freeze.lift_refused_at = None
        freeze.save(update_fields=["state", "lift_refused_at"])
        enqueue("products.send_core_instructions")
        log.record(actor=actor, action="core.told_again", target=freeze, data={"act": act.value, "telling": refused.telling})
    return freeze


def send_core_instructions(*, actor: Actor, at: datetime | None = None, limit: int = 200) -> int:
    """Send what is owed and due, one after the other; returns how many the core answered.

    Never inside a transaction of the caller's: the core must not be asked while rows are held.
    """
    core = connector()
    if core is None:
        return 0
    answered = 0
    for _attempt in range(limit):
        claimed = _claim(actor, at or timezone.now())
        if claimed is None:
            break
        answer = _ask(core, claimed)
        with transaction.atomic():
            answered += _take_answer(claimed, answer, actor, at or timezone.now())
    return answered


def _claim(actor: Actor, now: datetime) -> CoreInstruction | None:
    """Take the next due instruction for this worker; a lifting only when its placing is no longer owed.

    The line says that the core may have been told from here on, even if no answer is ever written.
    """
    placing = CoreInstruction.objects.filter(freeze=OuterRef("freeze"), act=InstructionAct.PLACE, state=InstructionState.OWED)
    with transaction.atomic():
        due: CoreInstruction | None = (
            CoreInstruction.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
            .filter(state=InstructionState.OWED, next_attempt_at__lte=now)
            .filter(Q(act=InstructionAct.PLACE) | ~Exists(placing))
            .select_related("freeze__customer", "freeze__account")
            .order_by("next_attempt_at", "pk")
            .first()
        )
        if due is not None:
            due.attempts += 1
            due.next_attempt_at = now + CLAIM_LASTS
            due.save(update_fields=["attempts", "next_attempt_at"])
            log.record(actor=actor, action="core.told", target=due.freeze, data={"act": due.act, "attempts": due.attempts})
    return due


def _ask(core: Connector, claimed: CoreInstruction) -> Acknowledgement | Exception:
    freeze = claimed.freeze
    again = f":{claimed.telling}" if claimed.telling > 1 else ""
    instruction = Instruction(
        key=f"{freeze.reference}:{claimed.act}{again}",
        act=claimed.act,
        freeze_reference=freeze.reference,
        kind=freeze.kind,
        core_customer_number=freeze.customer.core_number,
        account_reference=freeze.account.reference if freeze.account else "",
        amount=str(freeze.amount) if freeze.amount is not None else "",
        currency=freeze.currency,
    )
    try:
        answer: object = core.send(instruction)
    except CoreUnavailable as silent:
        return silent
    except Exception as fault:  # noqa: BLE001 - whatever a connector raises: it is counted and told, and keeps no other freeze waiting
        logger.error("the connector to the core failed on %s: %s", instruction.key, type(fault).__name__)  # noqa: TRY400 - its text may hold C2 data
        return fault
    return answer if isinstance(answer, Acknowledgement) else TypeError("no acknowledgement")


def _take_answer(claimed: CoreInstruction, answer: Acknowledgement | Exception, actor: Actor, now: datetime) -> int:
    # The freeze before its instruction, as whoever ends it does.
    freeze = Freeze.objects.locked().select_related("customer").get(pk=claimed.freeze_id)
    owed = CoreInstruction.objects.select_for_update(no_key=True).get(pk=claimed.pk)
    if (owed.state, owed.telling) != (InstructionState.OWED, claimed.telling):
        return 0  # the claim ran out and another worker has written the answer
    if isinstance(answer, Exception):
        _no_answer(owed, freeze, answer, actor, now, mine=owed.attempts == claimed.attempts)
        return 0
    owed.state = InstructionState.ACKNOWLEDGED if answer.accepted else InstructionState.FAILED
    owed.answered_at = now
    owed.core_reference = answer.core_reference[:40]
    owed.message = answer.message[:300]
    owed.save(update_fields=["state", "answered_at", "core_reference", "message"])
    log.record(
        actor=actor,
        action="core.answered",
        target=freeze,
        result="done" if answer.accepted else "failed",
        data={"act": owed.act, "core_reference": owed.core_reference, "message": owed.message},
    )
    _follow(owed, freeze, actor, now)
    if not answer.accepted:
        notices.refused(freeze, owed)
    return 1


def _no_answer(owed: CoreInstruction, freeze: Freeze, why: Exception, actor: Actor, now: datetime, *, mine: bool) -> None:
    """Send it again later: a silent core, or a connector that failed in a way it does not know itself."""
    silent = isinstance(why, CoreUnavailable)
    if mine:
        owed.next_attempt_at = now + min(timedelta(seconds=2 ** min(owed.attempts, 9)), LONGEST_WAIT)
    owed.faults += 0 if silent else 1
    # The text of an unknown error may hold what must not be shown.
    owed.message = str(why)[:300] if silent else type(why).__name__
    owed.save(update_fields=["next_attempt_at", "faults", "message"])
    data = {"act": owed.act, "attempts": owed.attempts, **({} if silent else {"faults": owed.faults, "error": type(why).__name__})}
    log.record(actor=actor, action="core.silent" if silent else "core.failed", target=freeze, result="failed", data=data)
    if silent:
        notices.silent(owed, now)
    else:
        notices.failed(freeze, owed, type(why).__name__)


def _follow(owed: CoreInstruction, freeze: Freeze, actor: Actor, now: datetime) -> None:
    """Let the freeze say what the core answered; what the core never took need not be lifted there."""
    accepted = owed.state == InstructionState.ACKNOWLEDGED
    if owed.act == InstructionAct.LIFT:
        freeze.lift_refused_at = None if accepted else now
        freeze.save(update_fields=["lift_refused_at"])
    elif freeze.state in STANDING:
        freeze.state = FreezeState.IN_FORCE if accepted else FreezeState.FAILED
        freeze.save(update_fields=["state"])
    elif not accepted:
        lifting = CoreInstruction.objects.filter(freeze=freeze, act=InstructionAct.LIFT, state=InstructionState.OWED)
        if lifting.update(state=InstructionState.CANCELLED):
            log.record(actor=actor, action="core.cancelled", target=freeze, data={"acts": [InstructionAct.LIFT.value]})
