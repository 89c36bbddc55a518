"""One-time tokens: how somebody gets a password without anybody else knowing it."""

from datetime import timedelta

from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.actor import Actor
from crm.access.errors import DomainError
from crm.log import services as log
from crm.staff.choices import TokenPurpose
from crm.staff.models import OneTimeToken, User
from crm.staff.secrets import new_spoken_token, token_hash

TOKEN_LASTS = timedelta(hours=72)


class TokenInvalid(DomainError):
    """The token is unknown, used, expired, or belongs to somebody else; which one is not told."""

    code = "token_invalid"
    message = _("This token does not open anything. It may have been used or have expired; ask for a new one.")


class PasswordTooWeak(DomainError):
    """The password does not meet the rules; the message names each."""

    code = "password_too_weak"
    field = "password"


@transaction.atomic
def issue_token(*, actor: Actor, person: User, purpose: str = TokenPurpose.FIRST_PASSWORD) -> str:
    """Return a fresh token in clear, to be shown once; earlier ones of the person die. Called by other verbs of staff."""
    OneTimeToken.objects.filter(user=person, used_at__isnull=True).update(expires_at=timezone.now())
    token = new_spoken_token()
    OneTimeToken.objects.create(
        user=person,
        purpose=purpose,
        token_hash=token_hash(token),
        issued_by_id=actor.user_id,
        expires_at=timezone.now() + TOKEN_LASTS,
    )
    log.record(actor=actor, action="staff.token_issued", target=person, data={"purpose": str(purpose)})
    return token


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
    rows = OneTimeToken.objects.locked().filter(token_hash=token_hash(token.upper()), used_at__isnull=True)
    row = rows.filter(expires_at__gt=timezone.now(), user__number__iexact=number.strip()).first()
    if row is None or not row.user.is_usable:
        raise TokenInvalid
    person: User = row.user
    try:
        validate_password(password, person)
    except ValidationError as weak:
        raise PasswordTooWeak(" ".join(weak.messages)) from None
    now = timezone.now()
    row.used_at = now
    row.save(update_fields=["used_at"])
    person.set_password(password)
    person.password_changed_at = now
    person.save(update_fields=["password", "password_changed_at"])
    log.record(actor=actor, action="staff.password_set", target=person, data={"by": "token"})
    return person
