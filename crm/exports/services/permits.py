"""Asking for an export, approving a large one, handing out its file, and ending it."""

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _

from crm.access.actor import SYSTEM, Actor
from crm.access.errors import DomainError, Refused
from crm.access.middleware import staff_actor
from crm.access.services import require, require_step_up
from crm.approvals import services as approvals
from crm.approvals.models import ChangeRequest
from crm.exports import handlers
from crm.exports.choices import Purpose, State
from crm.exports.files import FILES, FileGone
from crm.exports.models import ExportDownload, ExportPermit
from crm.exports.services.caps import cap_of
from crm.exports.services.making import ASK, KEPT, make
from crm.fields.models import DataKey
from crm.fields.services import destroy_data_key
from crm.jobs import services as jobs
from crm.lists.errors import TooManyRows
from crm.lists.export import MOST
from crm.log import services as log

VIEW = "exports.view_exportpermit"
APPROVE = "exports.approve_exportpermit"
OVER_CAP = "exports.over_cap"
MAKE = "exports.make"
AT_ONCE = 2_000
"""Up to so many rows are made while the page waits; more by a worker."""
GROWTH = 1.1
"""An approved export may have a tenth more rows than were counted when it was asked for: lists move on while people decide."""


class PurposeMissing(DomainError):
    """Nobody said what the file is for."""

    code = "purpose_missing"
    field = "words"
    message = _("Say what the file is for, in a few words.")


class NothingToDownload(DomainError):
    """There is no file under this permit, or not any more."""

    code = "nothing_to_download"
    message = _("There is no file under this permit any more. Ask for the export again.")


class RightsEnded(Refused):
    """Something in the file is out of the asker's reach by now: refused, written down, the file destroyed."""


@dataclass(frozen=True)
class File:
    """What is handed out."""

    filename: str
    content: bytes


@transaction.atomic
def ask(*, actor: Actor, source: str, params: Mapping[str, Any], purpose: str, words: str) -> ExportPermit:
    """Ask for a file. Up to the cap of the roles it is made (small ones at once: the permit comes back ready), above it somebody approves.

    Raises ``StepUpNeeded``, ``PurposeMissing``, `TooManyRows`, and what the source raises for rights and conditions that do not fit.
    """
    require(actor, ASK)
    require_step_up(actor)
    wanted = handlers.source_of(source).wanted(actor, params)
    if purpose not in Purpose.values or not words.strip():
        raise PurposeMissing
    if wanted.rows > MOST:
        raise TooManyRows(str(_("This is more than one file may hold. Narrow it by a condition, then export again.")))
    cap = cap_of(actor)
    above = wanted.rows > cap
    permit = ExportPermit.objects.create(
        source=source,
        title=wanted.title[:200],
        params=dict(params),
        conditions=wanted.conditions,
        purpose=purpose,
        words=words.strip()[:300],
        language=translation.get_language() or "",
        requested_by_id=actor.user_id or 0,
        state=State.ASKED if above else State.WAITING,
        rows=wanted.rows,
        most=min(MOST, math.ceil(wanted.rows * GROWTH)) if above else cap,
    )
    facts = {"source": source, "title": permit.title, "conditions": permit.conditions, "rows": wanted.rows, "cap": cap, "purpose": purpose}
    log.record(actor=actor, action="export.asked", target=permit, data=facts, reason=permit.words)
    if above:
        return _to_approve(actor, permit)
    return make(actor=actor, permit=permit) if wanted.rows <= AT_ONCE else _to_worker(actor, permit)


def _to_approve(actor: Actor, permit: ExportPermit) -> ExportPermit:
    request = approvals.propose(actor=actor, kind=OVER_CAP, target=permit, payload={"rows": permit.most}, reason=permit.words)
    permit.approval = request.reference
    permit.save(update_fields=["approval"])
    return permit


def _to_worker(actor: Actor, permit: ExportPermit) -> ExportPermit:
    permit.state = State.WAITING
    permit.job = jobs.create(actor=actor, kind=MAKE, title=permit.what, total=permit.rows, permit=permit.pk).reference
    permit.save(update_fields=["state", "job", "approved_by"])
    return permit


def apply_approval(actor: Actor, request: ChangeRequest) -> None:
    """Have the file made, with the rights of who asked; called inside the deciding transaction."""
    permit = ExportPermit.objects.locked().select_related("requested_by").get(pk=request.target_id or 0)
    if permit.state != State.ASKED:
        raise NothingToDownload
    permit.approved_by_id = actor.user_id
    _to_worker(staff_actor(permit.requested_by, origin="task", request_id=actor.request_id), permit)


@transaction.atomic
def close_refused(*, actor: Actor) -> int:
    """Close the permits whose approval was refused, withdrawn or expired; returns how many."""
    waiting = ExportPermit.objects.filter(state=State.ASKED).exclude(approval="")
    over = ChangeRequest.objects.filter(reference__in=waiting.values("approval")).exclude(state="proposed").values("reference")
    due = list(waiting.filter(approval__in=over).locked()[:500])
    for permit in due:
        permit.state = State.REFUSED
        permit.save(update_fields=["state"])
        log.record(actor=actor, action="export.refused", target=permit)
    return len(due)


def download(*, actor: Actor, permit: ExportPermit) -> File:
    """The file of an own permit, after everything in it was proven against the rights of this moment; the download is written down.

    Raises ``StepUpNeeded``, `NothingToDownload`, and `RightsEnded` once the file is destroyed and the line stands.
    """
    require(actor, ASK, permit)
    require_step_up(actor)
    with transaction.atomic():
        held = ExportPermit.objects.locked().get(pk=permit.pk)
        if not held.is_ready:
            raise NothingToDownload
        if not handlers.source_of(held.source).still(actor, held.params, held.keys):
            file = None
            _end(held, State.CLOSED, actor, "export.closed")
        else:
            file = _handed_out(actor, held)
    if file is None:
        raise RightsEnded(ASK, permit, detail="the rights have changed since the export was made")
    return file


def _handed_out(actor: Actor, permit: ExportPermit) -> File:
    try:
        content = FILES.load(permit.stored_as)
    except FileGone as gone:
        raise NothingToDownload from gone
    ExportDownload.objects.create(permit=permit, address=actor.address)
    facts = {"rows": permit.rows, "sha256": permit.digest, "source": permit.source, "title": permit.title, "conditions": permit.conditions}
    log.record(actor=actor, action="export.downloaded", target=permit, data=facts, reason=permit.words)
    return File(permit.filename, content)


def expire(*, actor: Actor, now: datetime | None = None) -> int:
    """Delete every file whose 24 hours are over, and what a killed process left; returns how many. Twice deletes nothing twice."""
    now = now or timezone.now()
    with transaction.atomic():
        due = list(ExportPermit.objects.filter(expires_at__lte=now).exclude(stored_as="").locked()[:500])
        for permit in due:
            _end(permit, State.EXPIRED, actor, "export.expired")
    known = set(ExportPermit.objects.exclude(stored_as="").values_list("stored_as", flat=True))
    for name in FILES.names_older_than(time.time() - KEPT.total_seconds()):
        if name not in known:
            FILES.remove(name)
    return len(due)


def _end(permit: ExportPermit, state: State, actor: Actor, action: str) -> None:
    """Destroy the key with the transaction, the bytes after it; what is known of the rows goes with them."""
    name = permit.stored_as
    key = DataKey.objects.filter(pk=FILES.key_id_of(name) or 0, destroyed_at=None).first()
    if key is not None:
        destroy_data_key(actor=SYSTEM, data_key=key, reason=f"export {permit.reference} {state.value}")
    permit.state, permit.stored_as, permit.keys = state, "", []
    permit.save(update_fields=["state", "stored_as", "keys"])
    log.record(actor=actor, action=action, target=permit, result="refused" if state == State.CLOSED else "done")
    transaction.on_commit(lambda: FILES.remove(name))
