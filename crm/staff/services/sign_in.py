"""Signing in and out. ``complete_sign_in`` is the only place that calls ``login()``."""

from datetime import datetime, timedelta

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from crm.access import limits
from crm.access.actor import Actor
from crm.access.middleware import staff_actor
from crm.access.services import actor_of
from crm.log import services as log
from crm.staff.models import KnownDevice, SignInHold, User
from crm.staff.models.people import employee_number, normal_number
from crm.staff.secrets import same
from crm.staff.services import devices, guessing, sessions

PENDING = "pending_user_id"
PENDING_SINCE = "pending_since"
PENDING_MARK = "pending_mark"
HALF_LASTS = timedelta(minutes=5)


def check_password(*, actor: Actor, number: str, password: str, device: str = "") -> User | None:
    """Return the person, or None for whatever reason; the attempt is counted *before* the hash is computed.

    At most 5 hashes are computed for a name within 15 minutes, then none for 30, the right password included. Unknown numbers are
    counted, hashed and answered like known ones, so neither the answer nor its time tells anything. ``device`` is the secret of the
    browser's device cookie: where the person has signed in before, attempts have a counter of their own.
    """
    name = normal_number(number)
    person = User.objects.filter(number__iexact=name if _could_be_a_number(name) else "").first()
    trusted = devices.known(person, device)
    attempt = guessing.admit(name=name, address=actor.address, device=trusted)
    if not attempt.granted:
        _write_locked(actor, name, person, attempt, trusted)
        return None
    if not _is_right(person, password, trusted) or person is None or not person.is_usable:
        _write_failure(actor, name, person)
        guessing.note_failure(actor=actor, name=name, password=password)
        return None
    guessing.refund(attempt)
    return person


def _could_be_a_number(name: str) -> bool:
    """Letters that only the database takes for others (a dotless i) would have counters of their own."""
    try:
        employee_number(name)
    except ValidationError:
        return False
    return True


def _is_right(person: User | None, password: str, trusted: KnownDevice | None) -> bool:
    """One hash, whoever is asked for: of nobody, and of an officer who is held, it tells nothing."""
    held = SignInHold.objects.filter(user_id=person.pk if person else 0).exists()
    if person is None or (held and trusted is None):
        make_password(password)
        return False
    return person.check_password(password)


def _write_failure(actor: Actor, name: str, person: User | None) -> None:
    # People type passwords into the wrong box: an unknown name is kept as a mark only.
    data = {"name_mark": guessing.name_key(name)[:12]}
    with transaction.atomic():
        log.record(actor=actor, action="staff.sign_in_failed", target=person, result="refused", data=data)


def _write_locked(actor: Actor, name: str, person: User | None, attempt: guessing.Attempt, trusted: KnownDevice | None) -> None:
    """Write the refusal; an officer stays locked until another one releases her, and loses the device it was tried on."""
    data = {"name_mark": guessing.name_key(name)[:12]}
    with transaction.atomic():
        log.record(actor=actor, action="staff.sign_in_locked", target=person, result="refused", data=data)
        if guessing.hold_officer(person, attempt) and trusted is not None:
            trusted.delete()


def begin_sign_in(request: HttpRequest, person: User) -> None:
    """Note that the password was right; nothing opens yet."""
    request.session.cycle_key()
    request.session[PENDING] = person.pk
    request.session[PENDING_SINCE] = timezone.now().isoformat()
    request.session[PENDING_MARK] = person.get_session_auth_hash()


def pending_person(request: HttpRequest) -> User | None:
    """Return who is half signed in, for at most five minutes after the password, and while it is the person's password.

    Whoever knew it before a reset took it away would otherwise be led to set up the first second factor.
    """
    since = request.session.get(PENDING_SINCE)
    if not isinstance(since, str) or timezone.now() - datetime.fromisoformat(since) > HALF_LASTS:
        return None
    person = User.objects.usable().filter(pk=int(request.session.get(PENDING, 0))).first()
    shown = str(request.session.get(PENDING_MARK, ""))
    return person if person is not None and same(shown, person.get_session_auth_hash()) else None


@transaction.atomic
def complete_sign_in(request: HttpRequest, person: User) -> Actor:
    """Sign the person in under a fresh session key, and write it down; return the new actor."""
    request.session.pop(PENDING, None)
    request.session.pop(PENDING_SINCE, None)
    request.session.pop(PENDING_MARK, None)
    auth.login(request, person, backend=settings.AUTHENTICATION_BACKENDS[0])
    limits.start(request.session)
    before = actor_of(request)
    actor = staff_actor(
        person,
        session=request.session.session_key or "",
        address=before.address,
        request_id=before.request_id,
    )
    sessions.begin(person=person, session_key=actor.session, address=before.address)
    devices.remember(request, person)
    log.record(actor=actor, action="staff.signed_in", target=person)
    return actor


@transaction.atomic
def sign_out(request: HttpRequest) -> None:
    """End the session, and write it down."""
    actor = actor_of(request)
    log.record(actor=actor, action="staff.signed_out", target=actor.user)
    auth.logout(request)
