"""One-time tokens: how somebody gets a password without anybody else knowing it.

A token has two halves. Who asks for it gets the first, who approves it the second, and the person needs both: no officer alone can
set somebody's password. Whole tokens are made on the server's own command line only, where no two officers exist yet.
"""

from datetime import timedelta
from typing import Any

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from crm.access.actor import Actor
from crm.access.errors import DomainError
from crm.log import services as log
from crm.notify.services import notify
from crm.staff.choices import TokenPurpose
from crm.staff.models import OneTimeToken, SignInHold, User
from crm.staff.secrets import half_hash, joined_hash, new_half, spoken_hash
from crm.staff.services.duty import people_on_duty
from crm.staff.services.guessing import forget_attempts
from crm.staff.services.passwords import set_password
from crm.staff.services.sessions import end_all

TOKEN_LASTS = timedelta(hours=72)


class TokenInvalid(DomainError):
    """The token is unknown, used, expired, or belongs to somebody else; which one is not told."""

    code = "token_invalid"
    message = _("This token does not open anything. It may have been used or have expired; ask for a new one.")


def issue_whole(*, actor: Actor, person: User) -> str:
    """Return a fresh token in clear, both halves, to be shown once; for commands, while two officers cannot act."""
    first = new_half()
    return f"{first}-{issue_second_half(actor=actor, person=person, first_hash=half_hash(first), asked_by=None)}"


@transaction.atomic
def issue_second_half(*, actor: Actor, person: User, first_hash: str, asked_by: User | None) -> str:
    """Return the second half of a fresh token, to be shown once to who approves; earlier tokens of the person die.

    ``asked_by`` holds the first half. The person and the officers are told. Called by other verbs of staff.
    """
    OneTimeToken.objects.filter(user=person, used_at__isnull=True).update(expires_at=timezone.now())
    second = new_half()
    purpose = TokenPurpose.NEW_PASSWORD if person.is_enrolled else TokenPurpose.FIRST_PASSWORD
    token = OneTimeToken.objects.create(
        user=person,
        purpose=purpose,
        token_hash=joined_hash(first_hash, second),
        issued_by=asked_by,
        expires_at=timezone.now() + TOKEN_LASTS,
    )
    data = {"purpose": str(purpose), "asked_by": asked_by.number if asked_by else ""}
    log.record(actor=actor, action="staff.token_issued", target=person, approver=actor.number if asked_by else "", data=data)
    _tell(person, gettext_noop("A one-time token for the account %(number)s was issued"), key=f"token:{token.pk}:issued")
    return second


def _tell(person: User, subject: str, *, key: str) -> None:
    """Tell the person and every officer on duty, so that no password changes unseen; a customer's sign-in is no officer's business."""
    if person.role_codes() == ["customer"]:
        return
    body = gettext_noop("Whoever did not expect this tells a security officer, who switches the account off.")
    told: dict[str, Any] = {"kind": "staff.token", "subject": subject, "body": body, "params": {"number": person.number}, "key": key}
    notify(recipients=[person], **told)
    officers = [officer for officer in people_on_duty("staff.change_user") if officer.pk != person.pk]
    notify(recipients=officers, url_name="staff:user", url_args=(person.reference,), **told)


def redeem_token(*, actor: Actor, number: str, token: str, password: str) -> User:
    """Return the person whose password is now set; every session of theirs ends. Failures are written down."""
    try:
        return _redeem(actor=actor, number=number, token=token, password=password)
    except TokenInvalid:
        with transaction.atomic():
            log.record(actor=actor, action="staff.token_refused", result="refused")
        raise


@transaction.atomic
def _redeem(*, actor: Actor, number: str, token: str, password: str) -> User:
    rows = OneTimeToken.objects.locked().filter(token_hash=spoken_hash(token), used_at__isnull=True)
    row = rows.filter(expires_at__gt=timezone.now(), user__number__iexact=number.strip()).first()
    if row is None or not row.user.is_usable:
        raise TokenInvalid
    person: User = row.user
    now = timezone.now()
    row.used_at = now
    row.save(update_fields=["used_at"])
    set_password(person, password)
    end_all(person)
    # Both halves came from officers who know her: a new start, also for who was locked out, and for no device of the past.
    forget_attempts(person.number)
    SignInHold.objects.filter(user=person).delete()
    person.devices.all().delete()
    log.record(actor=actor, action="staff.password_set", target=person, data={"by": "token"})
    _tell(person, gettext_noop("The password of the account %(number)s was set with a one-time token"), key=f"token:{row.pk}:used")
    return person
