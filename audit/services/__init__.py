"""The auditor's verbs: every look is written down, and the log is verified on demand."""

import json
from collections.abc import Mapping
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext_noop

from audit.models import Event
from crm.access.actor import Actor
from crm.access.services import get_visible, require
from crm.calendar.services import today as bank_today
from crm.jobs.services import enqueue
from crm.log import anchors, verification
from crm.log import services as log
from crm.log.masking import hide_numbers
from crm.log.verifier import Report
from crm.notify.alarms import people_for
from crm.notify.services import notify

VIEW = "audit.view_event"
VERIFY = "audit.verify_log"


@transaction.atomic
def look_through(*, actor: Actor, asked: Mapping[str, str]) -> None:
    """Write down that somebody searched the log, and for what (long numbers masked)."""
    require(actor, VIEW)
    log.record(actor=actor, action="audit.searched", data={"asked": {name: hide_numbers(value) for name, value in asked.items() if value}})


@transaction.atomic
def look_at(*, actor: Actor, uid: UUID) -> Event:
    """The line, after the look at it was written down. Raises ``NotVisible``."""
    event = get_visible(Event.objects.all(), actor, uid=uid)
    log.record(actor=actor, action="audit.event_viewed", target=event, customer=event.customer)
    return event


@transaction.atomic
def look_at_request(*, actor: Actor, request_id: str) -> list[Event]:
    """All that one request wrote, in order, after the look was written down; at most 500 lines."""
    require(actor, VIEW)
    lines = list(Event.objects.visible_to(actor).of_request(request_id)[:500])
    log.record(actor=actor, action="audit.request_viewed", data={"request": request_id[:64], "lines": len(lines)})
    return lines


@transaction.atomic
def ask_verification(*, actor: Actor) -> None:
    """Have the whole log verified by a worker; the outcome is a line, and findings are told to those who may verify."""
    require(actor, VERIFY)
    log.record(actor=actor, action="audit.chain_checked")
    enqueue("audit.verify_log")


def verify_log(*, actor: Actor) -> Report:
    """Verify, write the outcome down, anchor a log that holds, tell the auditors about one that does not."""
    report = verification.verify_and_record(actor)
    if not report.holds:
        first = report.findings[0]
        notify(
            recipients=people_for(VERIFY),
            kind="audit.tampering",
            subject=gettext_noop("TAMPERING FOUND in the audit log: %(findings)s findings"),
            body=gettext_noop("The first one: %(first)s"),
            params={"findings": len(report.findings), "first": first.sentence},
            url_name="audit:chain",
            key=f"audit:tampering:{first.kind}:{sorted(first.values.items())}"[:200],
        )
    return report


def mail_anchor() -> None:
    """Tell those who may verify, by page and mail, the newest anchor as a line of JSON that `tools/verify_audit.py` reads out of the mail.

    Once a day: what lies in a mailbox cannot be put back together with a database."""
    line = anchors.newest()
    if line is None:
        return
    notify(
        recipients=people_for(VERIFY),
        kind="audit.anchor",
        subject=gettext_noop("The audit log today: %(lines)s lines"),
        body=gettext_noop("Keep this mail: with it anybody can show later that the log was put back or rewritten.\n%(anchor)s"),
        params={"lines": line["count"], "anchor": json.dumps({name: line[name] for name in anchors.FIELDS})},
        url_name="audit:chain",
        key=f"audit:anchor:{bank_today().isoformat()}",
    )
