"""The nightly end of old lines: only of a log that holds, a bounded piece at a time, told to those who run the machine."""

from django.utils.translation import gettext_noop

from audit.services import verify_log
from crm.access.actor import Actor
from crm.calendar.services import today as bank_today
from crm.log import purging
from crm.notify.alarms import people_for
from crm.notify.services import notify

WATCH = "jobs.watch_job"
STEPS_A_NIGHT = 100
"""Pieces of 10,000 lines, each with its checkpoint in a transaction of its own: a worker killed half-way has purged whole pieces."""


def purge_log(*, actor: Actor) -> int:
    """Purge what is older than ``CRM_AUDIT_DAYS`` and needed by no legal hold; returns how many lines went.

    The whole log is verified first, and only where something is due: what does not hold is evidence and stays, all of it.
    """
    if not purging.is_due():
        return 0
    if not verify_log(actor=actor).holds:
        tell(gettext_noop("No old lines of the audit log were purged: it does not verify"), "held", {})
        return 0
    total = 0
    for _step in range(STEPS_A_NIGHT):
        gone = purging.purge(actor=actor)
        total += gone
        if not gone:
            break
    tell(gettext_noop("Old lines of the audit log were purged: %(lines)s"), "purged", {"lines": total, "days": purging.kept_days()})
    return total


def tell(subject: str, outcome: str, params: dict[str, int]) -> None:
    """Tell the people who watch the jobs, by page and mail, once a day for each outcome."""
    body = gettext_noop(
        "Kept are %(days)s days. A signed checkpoint stays, from which the rest verifies; the log has a line for each piece."
    )
    notify(
        recipients=people_for(WATCH),
        kind=f"audit.log_{outcome}",
        subject=subject,
        body=body if params else gettext_noop("The auditors were told what was found. Leave everything as it is."),
        params=params,
        url_name="jobs:jobs",
        key=f"audit:{outcome}:{bank_today().isoformat()}",
    )
