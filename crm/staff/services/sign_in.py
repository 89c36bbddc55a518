"""Signing in and out. ``complete_sign_in`` is the only place that calls ``login()``."""

import hashlib
from datetime import datetime, timedelta
from typing import Any, cast

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.hashers import make_password
from django.db import connection, transaction
from django.http import HttpRequest
from django.utils import timezone

from crm.access import limits
from crm.access.actor import Actor
from crm.access.middleware import staff_actor
from crm.access.services import actor_of
from crm.log import services as log
from crm.staff.models import SignInCounter, User
from crm.staff.models.people import normal_number

PENDING = "pending_user_id"
PENDING_SINCE = "pending_since"
HALF_LASTS = timedelta(minutes=5)

FAILURES = 5
WINDOW = timedelta(minutes=15)
LOCKED_FOR = timedelta(minutes=30)

_COUNT = """
INSERT INTO staff_signincounter AS c (key, failures, window_started_at) VALUES (%(key)s, 1, %(now)s)
ON CONFLICT (key) DO UPDATE SET
    failures = CASE WHEN c.window_started_at < %(before)s AND COALESCE(c.locked_until, %(now)s) <= %(now)s
        THEN 1 ELSE c.failures + 1 END,
    window_started_at = CASE WHEN c.window_started_at < %(before)s AND COALESCE(c.locked_until, %(now)s) <= %(now)s
        THEN %(now)s ELSE c.window_started_at END,
    locked_until = CASE
        WHEN c.locked_until > %(now)s THEN c.locked_until
        WHEN c.window_started_at >= %(before)s AND c.failures + 1 > %(failures)s THEN %(until)s
        ELSE NULL END
RETURNING failures, locked_until
"""


def check_password(*, actor: Actor, number: str, password: str) -> User | None:
    """Return the person, or None for whatever reason; the attempt is counted *before* the hash is computed.

    Unknown numbers are counted, hashed and answered like known ones, so the answer tells nothing. More than 5 attempts
    in 15 minutes lock the name for 30 minutes, the right password included.
    """
    key = hashlib.sha256(normal_number(number).casefold().encode()).hexdigest()
    locked = _take_attempt(key)
    person = User.objects.filter(number__iexact=normal_number(number)).first()
    if person is None:
        make_password(password)
    right = person is not None and person.check_password(password)
    if person is None or not right or locked or not person.is_usable:
        _write_failure(actor, person, key, locked)
        return None
    SignInCounter.objects.filter(pk=key).update(failures=0, locked_until=None)
    return person


def _take_attempt(key: str) -> bool:
    now = timezone.now()
    values: dict[str, Any] = {"key": key, "now": now, "before": now - WINDOW, "until": now + LOCKED_FOR, "failures": FAILURES}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_COUNT, values)
        _failures, locked_until = cast("tuple[int, object]", cursor.fetchone())
    return locked_until is not None


def _write_failure(actor: Actor, person: User | None, key: str, locked: bool) -> None:
    with transaction.atomic():
        log.record(
            actor=actor,
            action="staff.sign_in_locked" if locked else "staff.sign_in_failed",
            target=person,
            result="refused",
            # People type passwords into the wrong box: an unknown name is kept as a mark only.
            data={"name_mark": key[:12]},
        )


def begin_sign_in(request: HttpRequest, person: User) -> None:
    """Note that the password was right; nothing opens yet."""
    request.session.cycle_key()
    request.session[PENDING] = person.pk
    request.session[PENDING_SINCE] = timezone.now().isoformat()


def pending_person(request: HttpRequest) -> User | None:
    """Return who is half signed in, for at most five minutes after the password."""
    since = request.session.get(PENDING_SINCE)
    if not isinstance(since, str) or timezone.now() - datetime.fromisoformat(since) > HALF_LASTS:
        return None
    return User.objects.usable().filter(pk=int(request.session.get(PENDING, 0))).first()


@transaction.atomic
def complete_sign_in(request: HttpRequest, person: User) -> Actor:
    """Sign the person in under a fresh session key, and write it down; return the new actor."""
    request.session.pop(PENDING, None)
    request.session.pop(PENDING_SINCE, None)
    auth.login(request, person, backend=settings.AUTHENTICATION_BACKENDS[0])
    limits.start(request.session)
    before = actor_of(request)
    actor = staff_actor(
        person,
        session=request.session.session_key or "",
        address=before.address,
        request_id=before.request_id,
    )
    log.record(actor=actor, action="staff.signed_in", target=person)
    return actor


@transaction.atomic
def sign_out(request: HttpRequest) -> None:
    """End the session, and write it down."""
    actor = actor_of(request)
    log.record(actor=actor, action="staff.signed_out", target=actor.user)
    auth.logout(request)
