"""Who is told when work of the ground fails for good: jobs that ended as failed, mails that never left."""

from django.db import transaction
from django.utils import timezone, translation
from django.utils.translation import gettext_noop

from crm.calendar.services import bank_date
from crm.jobs.kinds import kind_of_row
from crm.jobs.models import Job
from crm.notify.alarms import people_for
from crm.notify.models import Notice

WATCH = "jobs.watch_job"
TEND_MAIL = "notify.change_mail"
MAIL_FAILED = "notify.mail_failed"


@transaction.atomic
def job_failed(job: Job) -> None:
    """Tells the requester and the people on duty for failures, each once, in the transaction in which the job ends."""
    from crm.notify.services import notify

    requester = [job.requested_by] if job.requested_by is not None and job.requested_by.is_active else []
    notify(
        recipients=[*requester, *people_for(WATCH)],
        kind="jobs.failed",
        subject=gettext_noop("The job %(job)s failed: %(kind)s"),
        body=gettext_noop("Nothing more of it will be done by itself. Its page says why, and what to do."),
        # The name of the file stays on the job's page, where the reader's rights are asked.
        params={"job": job.reference, "kind": {"msgid": msgid_of(kind_of_row(job.kind).label)}},
        url_name="jobs:job",
        url_args=(job.reference,),
        key=f"job-failed:{job.reference}",
    )


def msgid_of(label: object) -> str:
    """The message id of a lazily translated label, so that each reader gets it in her own language."""
    with translation.override(None):
        return str(label)


def mail_failed(notice: Notice) -> None:
    """Tells those who look after mail, each once a day however many fail; a failed mail about failed mails tells nobody."""
    from crm.notify.services import notify

    if notice.kind == MAIL_FAILED:
        return
    day = bank_date(timezone.now()).isoformat()
    notify(
        recipients=people_for(TEND_MAIL),
        kind=MAIL_FAILED,
        subject=gettext_noop("Mails could not be delivered (%(day)s)"),
        body=gettext_noop("They are tried no more. The page shows the mail server's answer and sends them again."),
        params={"day": day},
        url_name="notify:mails",
        key=f"mail-failed:{day}",
    )
