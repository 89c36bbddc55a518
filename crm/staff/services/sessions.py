"""Sessions as their owner sees them, and their end from elsewhere: at the next request, whatever that is."""

from dataclasses import dataclass
from datetime import UTC, datetime

from django.contrib.sessions.backends.db import SessionStore
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

from crm.access import limits
from crm.access.actor import Actor
from crm.access.errors import NotVisible
from crm.log import services as log
from crm.staff.models import StaffSession, User
from crm.staff.secrets import opened, sealed

_PURPOSE = "session address"


@dataclass(frozen=True)
class Own:
    """One of a person's sessions."""

    reference: str
    address: str
    began_at: datetime
    seen_at: datetime | None
    is_this: bool


def begin(*, person: User, session_key: str, address: str) -> None:
    """Remember a session that begins; rows of sessions that are gone go too. Inside the sign-in's transaction."""
    rows = StaffSession.objects.filter(user=person)
    rows.exclude(session_key__in=Session.objects.filter(expire_date__gt=timezone.now()).values("session_key")).delete()
    StaffSession.objects.create(user=person, session_key=session_key, sealed_address=sealed(_PURPOSE, address))


def moved(*, before: str, after: str) -> None:
    """Follow a session that got another key."""
    StaffSession.objects.filter(session_key=before).update(session_key=after)


def own_sessions(*, actor: Actor) -> list[Own]:
    """Return the person's sessions that still open something, this one marked, the latest first."""
    found = []
    rows = list(StaffSession.objects.filter(user_id=actor.user_id or 0))
    live = Session.objects.filter(expire_date__gt=timezone.now()).in_bulk([row.session_key for row in rows])
    for row in rows:
        stored = live.get(row.session_key)
        held = SessionStore().decode(stored.session_data) if stored is not None else {}
        if held and not limits.is_over(held):
            seen = held.get(limits.SEEN_AT)
            seen_at = datetime.fromtimestamp(seen, UTC) if seen else None
            found.append(Own(row.reference, opened(_PURPOSE, row.sealed_address), row.began_at, seen_at, row.session_key == actor.session))
    return found


@transaction.atomic
def end_own(*, actor: Actor, reference: str) -> None:
    """End one of one's own sessions."""
    row = StaffSession.objects.filter(user_id=actor.user_id or 0, reference=reference).first()
    if row is None:
        raise NotVisible("staff.own_session", detail=reference)
    _end([row.session_key])
    log.record(actor=actor, action="staff.session_ended", target=actor.user, data={"session": row.reference})


@transaction.atomic
def end_others(*, actor: Actor) -> int:
    """End every own session but this one; return how many."""
    count = end_all(actor.user, but=actor.session)
    log.record(actor=actor, action="staff.session_ended", target=actor.user, data={"sessions": count})
    return count


def end_all(person: User, *, but: str = "") -> int:
    """End the person's sessions, all or all but one. Called by verbs that change what a person may do; they write the line."""
    return _end(list(StaffSession.objects.filter(user=person).exclude(session_key=but).values_list("session_key", flat=True)))


def _end(keys: list[str]) -> int:
    Session.objects.filter(session_key__in=keys).delete()
    return StaffSession.objects.filter(session_key__in=keys).delete()[0]
