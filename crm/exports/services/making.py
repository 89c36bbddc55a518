"""Making the file of a permit: with the asker's rights of this moment, sealed before it touches a disk."""

import hashlib
from datetime import timedelta

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from crm.access.actor import Actor
from crm.access.errors import DomainError
from crm.access.services import require
from crm.exports import handlers
from crm.exports.choices import State
from crm.exports.files import FILES
from crm.exports.models import ExportPermit
from crm.jobs.models import Job
from crm.lists import formats
from crm.lists.sheets import Mark
from crm.log import services as log

ASK = "exports.add_exportpermit"
KEPT = timedelta(hours=24)
"""So long a file lies there; then it is deleted, its key destroyed."""


class GrownMeanwhile(DomainError):
    """The list has more rows now than the permit allows."""

    code = "grown_meanwhile"
    message = _("There are more rows now than this permit allows. Ask for the export again.")


@transaction.atomic
def make(*, actor: Actor, permit: ExportPermit) -> ExportPermit:
    """Make and seal the file of a permit that waits for it; asked twice, it is made once. The actor is who asked."""
    require(actor, ASK, permit)
    permit = ExportPermit.objects.locked().get(pk=permit.pk)
    if permit.state != State.WAITING:
        return permit
    source = handlers.source_of(permit.source)
    now = timezone.now()
    with translation.override(permit.language or "zh-hans"):
        made = source.make(actor, permit.params, mark_of(permit, actor))
    if made.rows > permit.most:
        raise GrownMeanwhile
    permit.stored_as, _key = FILES.store([made.content])
    permit.filename, permit.digest = made.filename[-200:], hashlib.sha256(made.content).hexdigest()
    permit.rows, permit.keys = made.rows, made.keys
    permit.state, permit.made_at, permit.expires_at = State.READY, now, now + KEPT
    permit.save(update_fields=["stored_as", "filename", "digest", "rows", "keys", "state", "made_at", "expires_at"])
    facts = {"permit": permit.reference, "purpose": permit.purpose, "conditions": permit.conditions, "rows": made.rows, **made.about}
    log.record(actor=actor, action=source.action, target=made.target, data=facts, reason=permit.words)
    log.record(actor=actor, action="export.made", target=permit, data={"rows": made.rows, "sha256": permit.digest})
    return permit


def mark_of(permit: ExportPermit, actor: Actor) -> Mark:
    """Return what the file says of its permit, in the language now in use."""
    approver = str(permit.approved_by) if permit.approved_by else _("Nobody; within the cap of the role")
    colon = pgettext("between a name and what is said of it", ": ")
    lines = (
        (_("Prepared by"), f"{actor.number} {actor.name}".strip()),
        (_("Time"), formats.moment(timezone.now())),
        (_("What"), permit.what),
        (_("Conditions"), permit.conditions or _("None")),
        (_("Purpose"), f"{permit.get_purpose_display()}{colon}{permit.words}"),
        (_("Approved by"), approver),
        (_("Deleted here at"), formats.moment(timezone.now() + KEPT)),
    )
    advice = _("For the purpose stated only. Each download is recorded; delete this file when the purpose is reached.")
    return Mark(permit=permit.reference, lines=lines, advice=advice)


def make_failed(job: Job, actor: Actor) -> None:
    """Say on the permit that its job ended without a file; called in the transaction in which the job ends."""
    permit = ExportPermit.objects.locked().filter(pk=job.params.get("permit", 0), state=State.WAITING).first()
    if permit is not None:
        permit.state, permit.error = State.FAILED, (job.error or _("The job was cancelled."))[:300]
        permit.save(update_fields=["state", "error"])
        log.record(actor=actor, action="export.failed", target=permit, result="failed")
