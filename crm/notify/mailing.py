"""Sending one owed mail: once, or again later."""

import logging
from datetime import timedelta
from email.utils import parseaddr

from django.conf import settings
from django.core.mail import EmailMessage
from django.db import transaction
from django.utils import timezone

from crm.access.actor import Actor
from crm.access.errors import AccessError
from crm.log import services as log
from crm.notify.attachments import MailFile, provider_of
from crm.notify.choices import MailState
from crm.notify.failures import mail_failed
from crm.notify.models import Notice
from crm.notify.words import mail_of

logger = logging.getLogger(__name__)

# Seconds until the next attempt; after the last one the mail counts as undeliverable (about a day in all).
BACKOFF = (10, 20, 30, 60, 120, 300, 600, 1_200, 3_600, 3_600, 7_200, 14_400, 21_600, 28_800)


class NotForThisReader(Exception):
    """The reader may no longer have what the mail was to carry."""


def send(*, actor: Actor, notice_id: int) -> bool:
    """Whether the mail left now. Nothing happens when it is not owed, not due, or in another worker's hands.

    A crash between the mail server's answer and our commit sends it a second time under the same Message-ID,
    which mail programs show once.
    """
    with transaction.atomic():
        notice = (
            Notice.objects.select_for_update(skip_locked=True, no_key=True, of=("self",))
            .select_related("user")
            .filter(pk=notice_id, mail_state=MailState.OWED, mail_next_at__lte=timezone.now())
            .first()
        )
        if notice is None:
            return False
        if not notice.user.is_active or not notice.user.email:
            return _done(notice, MailState.NONE)
        try:
            _message(notice).send(fail_silently=False)
        except NotForThisReader as fact:
            return _give_up(actor, notice, str(fact))  # as it should be: nobody has to do anything
        except Exception as error:  # noqa: BLE001 - whatever the mail server or a provider says: the row still owes
            logger.warning("mail of %s not sent: %s", notice.reference, type(error).__name__)
            return _again(actor, notice, error)
        return _done(notice, MailState.SENT)


def _message(notice: Notice) -> EmailMessage:
    subject, text = mail_of(notice)
    domain = parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2] or "localhost"
    message = EmailMessage(
        subject=subject,
        body=text,
        to=[notice.user.email],
        headers={"Message-ID": f"<{notice.reference}@{domain}>", "Auto-Submitted": "auto-generated"},
    )
    for file in _files(notice):
        message.attach(file.filename, file.content, file.content_type)
    return message


def _files(notice: Notice) -> list[MailFile]:
    if not notice.attachments:
        return []
    from crm.access.middleware import staff_actor

    reader = staff_actor(notice.user, origin="task")
    try:
        return [provider_of(name)(reader, params) for name, params in notice.attachments]
    except AccessError as refusal:
        raise NotForThisReader(refusal.permission) from refusal


def _done(notice: Notice, state: MailState) -> bool:
    notice.mail_state, notice.mail_error = state, ""
    notice.mailed_at = timezone.now() if state == MailState.SENT else None
    notice.mail_attempts += state == MailState.SENT
    notice.save(update_fields=["mail_state", "mail_error", "mailed_at", "mail_attempts"])
    return state == MailState.SENT


def _again(actor: Actor, notice: Notice, error: Exception) -> bool:
    reason = f"{type(error).__name__}: {error}"
    if notice.mail_attempts >= len(BACKOFF):
        mail_failed(notice)
        return _give_up(actor, notice, reason)
    notice.mail_next_at = timezone.now() + timedelta(seconds=BACKOFF[notice.mail_attempts])
    notice.mail_attempts += 1
    notice.mail_error = reason[:300]
    notice.save(update_fields=["mail_next_at", "mail_attempts", "mail_error"])
    return False


def _give_up(actor: Actor, notice: Notice, reason: str) -> bool:
    notice.mail_state, notice.mail_error = MailState.FAILED, reason[:300]
    notice.save(update_fields=["mail_state", "mail_error"])
    data = {"kind": notice.kind, "attempts": notice.mail_attempts, "error": reason.partition(":")[0]}
    log.record(actor=actor, action="notice.mail_failed", target=notice, data=data, result="failed")
    return False
