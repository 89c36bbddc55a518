"""Mails leave in the background."""

from crm.access.actor import Actor
from crm.jobs.task import task
from crm.notify import mailing


@task(name="notify.send_mail")
def send_mail(*, notice_id: int, actor: Actor) -> None:
    """Sends the mail of one notice if it is owed and due."""
    mailing.send(actor=actor, notice_id=notice_id)
