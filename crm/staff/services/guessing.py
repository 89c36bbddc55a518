"""How often a password may be tried: counted per name, address and device *before* the password is looked at (ADR 0085).

Each attempt is taken in a committed transaction of its own, so a burst in parallel gets no more tries than one after another.
"""

import ipaddress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from crm.access.actor import Actor
from crm.log import services as log
from crm.staff.choices import EXCLUSIVE_ROLES
from crm.staff.models import KnownDevice, SignInCounter, SignInSighting, User
from crm.staff.secrets import mark

FAILURES = 5
WINDOW = timedelta(minutes=15)
LOCKED_FOR = timedelta(minutes=30)
# So many different names within the window, from one address or with one shape of password, are no slips of the finger.
SPRAYED_NAMES = 10

_TAKE = """
INSERT INTO staff_signincounter AS c (key, taken, locked_until, touched_at) VALUES (%(key)s, ARRAY[%(now)s], NULL, %(now)s)
ON CONFLICT (key) DO UPDATE SET
    touched_at = %(now)s,
    taken = CASE
        WHEN c.locked_until > %(now)s OR (SELECT count(*) FROM unnest(c.taken) t WHERE t > %(since)s) >= %(limit)s THEN c.taken
        ELSE ARRAY(SELECT t FROM unnest(c.taken) t WHERE t > %(since)s) || %(now)s::timestamptz END,
    locked_until = CASE
        WHEN c.locked_until > %(now)s THEN c.locked_until
        WHEN (SELECT count(*) FROM unnest(c.taken) t WHERE t > %(since)s) >= %(limit)s THEN %(until)s
        ELSE NULL END
RETURNING locked_until
"""
_HOLD = """
INSERT INTO staff_signinhold (user_id, since)
SELECT DISTINCT a.user_id, %(now)s::timestamptz FROM staff_roleassignment a JOIN staff_role r ON r.id = a.role_id
 WHERE a.user_id = %(user)s AND r.code = ANY(%(roles)s) AND (a.valid_until IS NULL OR a.valid_until > %(now)s)
ON CONFLICT (user_id) DO NOTHING
"""


@dataclass(frozen=True)
class Attempt:
    """One attempt: whether the password may be looked at, and what is refunded when it was right."""

    key: str
    at: datetime
    granted: bool
    by_address: bool = False
    others: tuple["Attempt", ...] = ()


def take(key: str, *, limit: int = FAILURES, window: timedelta = WINDOW, locked_for: timedelta = LOCKED_FOR) -> Attempt:
    """Return one attempt under a key, granted at most ``limit`` times in any ``window``; one too many locks the key.

    Committed at once: call it outside a transaction, before whatever it guards.
    """
    now = timezone.now()
    values: dict[str, Any] = {"key": key, "now": now, "since": now - window, "until": now + locked_for, "limit": limit}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_TAKE, values)
        row = cursor.fetchone()
    return Attempt(key, now, granted=bool(row) and row[0] is None)


def refund(attempt: Attempt) -> None:
    """Give an attempt back whose password was right."""
    for one in (attempt, *attempt.others):
        with connection.cursor() as cursor:
            cursor.execute("UPDATE staff_signincounter SET taken = array_remove(taken, %s) WHERE key = %s", [one.at, one.key])


def admit(*, name: str, address: str, device: KnownDevice | None) -> Attempt:
    """Return the attempt of a name: by the device's own counter where the person is known on it, else by address and name.

    What strangers use up never counts against a known device.
    """
    if device is not None:
        return take(device_key(device))
    network = _network(address)
    by_address = take(mark("address", network), limit=settings.SIGN_INS_PER_ADDRESS) if network else None
    if by_address is not None and not by_address.granted:
        return replace(by_address, by_address=True)
    by_name = take(name_key(name))
    return replace(by_name, others=(by_address,)) if by_address is not None else by_name


def name_key(name: str) -> str:
    """Return the key under which strangers' attempts at a name are counted."""
    return mark("name", name.casefold())


def device_key(device: KnownDevice) -> str:
    """Return the key under which attempts of a person on a known device are counted."""
    return mark("device", f"{device.user_id} {device.mark}")


def hold_officer(person: User | None, attempt: Attempt) -> bool:
    """Return whether an officer is held now, whose name or device was locked; one statement for whoever it is.

    She stays held until another officer releases her. An address that is locked says nothing about anybody's name.
    """
    values: dict[str, Any] = {
        "user": person.pk if person is not None and not attempt.by_address else 0,
        "roles": list(EXCLUSIVE_ROLES),
        "now": timezone.now(),
    }
    with connection.cursor() as cursor:
        cursor.execute(_HOLD, values)
        return bool(cursor.rowcount)


def forget_attempts(name: str) -> None:
    """Let a name be tried again, after somebody entitled has given its person a new start."""
    SignInCounter.objects.filter(pk=name_key(name)).delete()


def note_failure(*, actor: Actor, name: str, password: str) -> None:
    """Remember that a name failed; say so in the log when its address, or the shape of its password, tries many names.

    The shape is the password without digits, whatever the case (``Spring2026`` and ``spring2027`` are one), kept for an hour as 20 bits
    of a keyed mark: enough to see that it is the same, too little to be guessed back.
    """
    shape = "".join(letter for letter in password.casefold() if not letter.isdigit())
    network = _network(actor.address)
    keys = {"password": mark("shape", shape)[:5]} | ({"address": mark("address", network)} if network else {})
    for by, key in keys.items():
        names = _sighted(f"{by}:{key}"[:64], name_key(name))
        # Once in a window for each key: the alarm need not ring at every further name.
        if names >= SPRAYED_NAMES and take(mark("said", f"{by} {key}"), limit=1, locked_for=WINDOW).granted:
            with transaction.atomic():
                log.record(
                    actor=actor,
                    action="staff.spraying_suspected",
                    data={"by": by, "key": mark("said", key)[:8], "names": names},
                    result="refused",
                )


def _sighted(key: str, name: str) -> int:
    now = timezone.now()
    rows = [SignInSighting(key=key, name=name, seen_at=now)]
    SignInSighting.objects.bulk_create(rows, update_conflicts=True, unique_fields=["key", "name"], update_fields=["seen_at"])
    return SignInSighting.objects.filter(key=key, seen_at__gt=now - WINDOW).count()


def _network(address: str) -> str:
    """The address, or of one of version 6 the network a subscriber has: addresses within it cost nothing."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            return str(found.ipv4_mapped)
        return str(ipaddress.ip_network((found, 64), strict=False))
    return str(found)


def remove_old() -> None:
    """Remove counters that have nothing to say any more, and sightings older than an hour (a sweep)."""
    now = timezone.now()
    SignInCounter.objects.filter(touched_at__lt=now - timedelta(days=1)).delete()
    SignInSighting.objects.filter(seen_at__lt=now - timedelta(hours=1)).delete()
