"""Telling people: a row each, unique by person and key; the mail is owed on the row and sent after the commit."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from crm.access.actor import Actor
from crm.access.references import new_reference
from crm.access.services import require
from crm.jobs.services import enqueue
from crm.log import services as log
from crm.notify import alarms, escalation
from crm.notify.attachments import MailAttachment, provider_of
from crm.notify.choices import MailState
from crm.notify.models import Notice

SEND = "notify.send_mail"
# The message of a new notice counts as lost when its mail has not left after this.
LOST_AFTER = timedelta(seconds=15)


@transaction.atomic
def notify(
    *,
    recipients: Iterable[Any],
    kind: str,
    subject: str,
    body: str = "",
    url_name: str = "",
    url_args: Sequence[str] = (),
    key: str,
    params: Mapping[str, Any] | None = None,
    mail: bool = True,
    attachments: Sequence[MailAttachment] = (),
) -> list[Notice]:
    """The new notices, one for each recipient who has none with this key yet, in the caller's transaction.

    ``subject`` and ``body`` are message ids (mark them with ``gettext_noop``) with ``%(name)s`` places for
    ``params``, which hold no C2 data; a parameter ``{"msgid": …}`` is translated too. Mails leave after the commit.
    """
    for attachment in attachments:
        provider_of(attachment.provider)  # a typing error shows now, not at night
    content = {
        "kind": kind,
        "key": key,
        "subject": subject,
        "body": body,
        "params": dict(params or {}),
        "url_name": url_name,
        "url_args": list(url_args),
        "attachments": [[one.provider, dict(one.params)] for one in attachments],
    }
    made = _write({person.pk: person for person in recipients}, content, mail=mail)
    for notice in made:
        if notice.mail_state == MailState.OWED:
            enqueue(SEND, notice_id=notice.pk)
    return made


def _write(people: Mapping[int, Any], content: Mapping[str, Any], *, mail: bool) -> list[Notice]:
    now = timezone.now()
    rows = [
        Notice(
            reference=new_reference("N", 12),
            user=person,
            mail_state=MailState.OWED if mail and person.email else MailState.NONE,
            created_at=now,
            mail_next_at=now,
            **content,
        )
        # In primary-key order, so that two senders of one key wait for each other instead of deadlocking.
        for _pk, person in sorted(people.items())
    ]
    Notice.objects.bulk_create(rows, ignore_conflicts=True)
    references = [row.reference for row in rows]
    return list(Notice.objects.filter(reference__in=references).select_related("user").order_by("pk"))


def unread(user: Any) -> int:
    """How many notices this person has not opened yet (counted up to 100)."""
    return Notice.objects.filter(user=user.pk).unread()[:100].count()


@transaction.atomic
def mark_read(*, actor: Actor, reference: str | None = None) -> int:
    """How many of the actor's own notices were marked as read: one, or all of them without a reference; a line says which."""
    rows = Notice.objects.filter(user=actor.user_id).unread()
    if reference is not None:
        rows = rows.filter(reference=reference)
    read = list(rows.select_for_update(of=("self",)).order_by("pk").values_list("pk", "reference"))
    if read:
        Notice.objects.filter(pk__in=[pk for pk, _reference in read]).update(read_at=timezone.now())
        log.record(actor=actor, action="notice.read", data={"notices": [known for _pk, known in read[:100]], "count": len(read)})
    return len(read)


@transaction.atomic
def mail_again(*, actor: Actor) -> int:
    """How many undelivered mails are being tried anew, after the mail server is back."""
    require(actor, "notify.change_mail")
    count = Notice.objects.filter(mail_state=MailState.FAILED).update(
        mail_state=MailState.OWED, mail_attempts=0, mail_next_at=timezone.now()
    )
    if count:
        log.record(actor=actor, action="notice.mail_again", data={"mails": count})
    return count


def send_owed(*, limit: int = 500) -> int:
    """How many owed mails were handed to the workers again (the sweep: lost messages, retries that are due)."""
    now = timezone.now()
    # A fresh notice has a message of its own on the way: only when that seems lost is another one sent.
    due = Notice.objects.filter(mail_state=MailState.OWED).filter(
        Q(mail_attempts__gt=0, mail_next_at__lte=now) | Q(mail_next_at__lte=now - LOST_AFTER)
    )
    ids = list(due.order_by("mail_next_at").values_list("pk", flat=True)[:limit])
    for notice_id in ids:
        enqueue(SEND, notice_id=notice_id)
    return len(ids)


def escalate(*, limit: int = 500) -> int:
    """How many things climbed because nobody had looked at them, or done them, in time. Each notice is looked at once."""
    return sum(_escalate(rule, limit) for rule in escalation.rules())


@transaction.atomic
def _escalate(rule: escalation.Escalation, limit: int) -> int:
    late = Notice.objects.filter(kind=rule.kind, escalated_at=None, created_at__lte=timezone.now() - rule.after)
    notices = list(late.select_for_update(skip_locked=True, of=("self",)).order_by("pk")[:limit])
    Notice.objects.filter(pk__in=[notice.pk for notice in notices]).update(escalated_at=timezone.now())
    climbed = 0
    for notice in {notice.key: notice for notice in notices}.values():
        read = rule.unread_only and Notice.objects.filter(key=notice.key, read_at__isnull=False).exists()
        if not read and rule.waits(notice):
            climbed += bool(_tell(notice, rule))
    return climbed


def _tell(notice: Notice, rule: escalation.Escalation) -> list[Notice]:
    return notify(
        recipients=rule.people(notice),
        kind=f"{notice.kind}.escalated",
        subject=rule.subject or notice.subject,
        body=rule.body or notice.body,
        params=notice.params,
        url_name=notice.url_name,
        url_args=notice.url_args,
        key=f"{notice.key[:180]}:escalated",
    )


def raise_alarms() -> int:
    """How many people were told about a new alarm."""
    told = 0
    for check in alarms.checks():
        alarm = check.look()
        if alarm is None:
            continue
        told += len(
            notify(
                recipients=alarms.people_for(check.permission),
                kind=f"alarm.{check.name}",
                subject=alarm.subject,
                body=alarm.body,
                params=alarm.params,
                url_name=alarm.url_name,
                url_args=alarm.url_args,
                key=f"alarm:{check.name}:{alarm.key}",
            )
        )
    return told
