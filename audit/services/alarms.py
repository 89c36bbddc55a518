"""Alarms: patterns looked for in the lines since the last look, told at once to page and mail, never to whom they are about."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone, translation
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from audit.choices import PATTERN_LABELS
from audit.definitions import patterns
from audit.definitions.patterns import PATTERNS, Pattern
from audit.definitions.sliding import Burst, Line, bursts
from audit.models import Alarm, AlarmCursor, PatternSetting
from audit.services.networks import place_of
from crm.access.actor import SYSTEM, Actor
from crm.access.errors import Conflict, DomainError
from crm.access.references import new_reference
from crm.access.services import get_visible, require
from crm.calendar.services import bank_zone, is_business_day
from crm.log import anchors
from crm.log import services as log
from crm.log.models import Event
from crm.notify.alarms import people_for
from crm.notify.services import notify
from crm.staff.models import User

VIEW, HANDLE = "audit.view_alarm", "audit.handle_alarm"
PIECE = 10_000
MOST_SHOWN = 50
_FRESH = """
SELECT {subject}, min(e.at) FROM log_seal s JOIN log_event e ON e.id = s.event_id
 WHERE s.seq > %(after)s AND s.seq <= %(head)s AND ({where}) GROUP BY 1"""
_LINES = """
SELECT e.at, e.uid::text, {subject}, {thing}::text, e.address FROM log_event e
 WHERE e.at > %(since)s AND ({where}) AND {subject} = ANY(%(subjects)s) ORDER BY e.at, e.id"""


class AlreadyHandled(Conflict):
    """Somebody was quicker."""

    code = "already_handled"
    message = _("This alarm is handled already.")


class NoteMissing(DomainError):
    """What was found is not said."""

    code = "note_missing"
    field = "note"
    message = _("Say what you found, in at most 500 characters.")


@dataclass(frozen=True)
class Limits:
    """From how many on, within how long, as set now."""

    threshold: int
    window: timedelta


def limits_of(pattern: Pattern) -> Limits:
    """The pattern's threshold and window as two officers set them, else as they stand in the definition."""
    return _limits(pattern, PatternSetting.objects.filter(code=pattern.code).first())


def all_limits() -> dict[str, Limits]:
    """The limits of every pattern by its code, in one statement."""
    rows = {row.code: row for row in PatternSetting.objects.all()}
    return {code: _limits(pattern, rows.get(code)) for code, pattern in PATTERNS.items()}


def _limits(pattern: Pattern, row: PatternSetting | None) -> Limits:
    if row is None:
        return Limits(pattern.threshold, timedelta(seconds=pattern.window))
    return Limits(row.threshold, timedelta(seconds=row.window_seconds))


@transaction.atomic
def look_for_patterns() -> list[Alarm]:
    """The alarms that the lines since the last look raise. One worker at a time; another one finds the cursor held and looks at nothing."""
    cursor = _cursor()
    if cursor is None:
        return []
    with connection.cursor() as sql:
        sql.execute("SELECT seq FROM log_head WHERE id = 1")
        (head,) = sql.fetchone()
    raised = [alarm for pattern in PATTERNS.values() for alarm in _look_for(pattern, cursor.seq, head)] if head > cursor.seq else []
    raised += _look_at_keeper()
    if head != cursor.seq:
        cursor.seq = head
        cursor.save(update_fields=["seq"])
    return raised


def _cursor() -> AlarmCursor | None:
    with connection.cursor() as sql:
        sql.execute(
            "INSERT INTO audit_alarmcursor (id, seq) SELECT 1, seq FROM log_head "
            "WHERE NOT EXISTS (SELECT 1 FROM audit_alarmcursor) ON CONFLICT DO NOTHING"
        )
    return AlarmCursor.objects.select_for_update(skip_locked=True).filter(pk=1).first()


def _look_for(pattern: Pattern, after: int, head: int) -> Iterator[Alarm]:
    words = {"subject": pattern.subject, "thing": pattern.thing, "where": pattern.where}
    with connection.cursor() as sql:
        sql.execute(_FRESH.format(**words), {"after": after, "head": head})
        fresh: dict[str, datetime] = dict(sql.fetchall())
        if not fresh:
            return
        limits = limits_of(pattern)
        since = min(fresh.values()) - limits.window
    lines = _lines(_LINES.format(**words), {"since": since, "subjects": list(fresh)})
    kept = (line for line in lines if not pattern.off_hours or _off_hours(line.at))
    found = bursts(kept, measure=pattern.measure, threshold=limits.threshold, window=limits.window, places=place_of)
    for burst in list(found):
        alarm = _raise(pattern, limits, burst)
        if alarm is not None:
            yield alarm


def _lines(statement: str, values: dict[str, Any]) -> Iterator[Line]:
    """All of them, piece by piece: after hours without a worker there may be millions, and the newest count as much as the first."""
    with connection.chunked_cursor() as sql:
        sql.execute(statement, values)
        while rows := sql.fetchmany(PIECE):
            yield from (Line(*row) for row in rows)


def _off_hours(at: datetime) -> bool:
    there = at.astimezone(bank_zone())
    return not is_business_day(there.date()) or not patterns.WORK_BEGINS <= there.hour < patterns.WORK_ENDS


def _raise(pattern: Pattern, limits: Limits, burst: Burst) -> Alarm | None:
    first, last = burst.lines[0], burst.lines[-1]
    told_already = Alarm.objects.filter(pattern=pattern.code, subject=burst.subject, ended_at__gt=last.at - limits.window)
    if told_already.exists():
        return None
    details: dict[str, Any] = {
        "lines": [line.uid for line in burst.lines[-MOST_SHOWN:]],
        "addresses": sorted({line.address for line in burst.lines if line.address})[:20],
    }
    if pattern.measure == "travel":
        details["places"] = [place[0] for place in map(place_of, (line.thing for line in burst.lines[-2:])) if place]
    return _store(
        pattern,
        limits,
        Alarm(
            subject=burst.subject,
            person=burst.subject if pattern.person else "",
            measured=burst.measured,
            began_at=first.at,
            ended_at=last.at,
            details=details,
            key=f"{pattern.code}:{burst.subject}:{last.uid}"[:200],
        ),
    )


def _store(pattern: Pattern, limits: Limits, alarm: Alarm) -> Alarm:
    alarm.reference, alarm.pattern, alarm.raised_at = new_reference("AL", 10), pattern.code, timezone.now()
    alarm.threshold, alarm.window_seconds = limits.threshold, int(limits.window.total_seconds())
    alarm.save(force_insert=True)
    # Whom it is about stands in the alarm, which she does not see; the line would tell her.
    data = {"pattern": pattern.code, "measured": alarm.measured, "threshold": alarm.threshold}
    log.record(actor=SYSTEM, action="alarm.raised", target=alarm, data=data)
    notify(
        recipients=_told(alarm),
        kind="audit.alarm",
        subject=gettext_noop("Alarm: %(pattern)s (%(subject)s)"),
        body=gettext_noop("%(measured)s, from %(threshold)s on it is an alarm. Look into it and say what you found."),
        params={
            "pattern": {"msgid": _msgid(pattern)},
            "subject": alarm.subject,
            "measured": alarm.measured,
            "threshold": alarm.threshold,
        },
        url_name="audit:alarm",
        url_args=[alarm.reference],
        key=f"audit:alarm:{alarm.reference}",
    )
    return alarm


def _msgid(pattern: Pattern) -> str:
    """The English text, which the notice translates for each reader."""
    with translation.override(None):
        return str(PATTERN_LABELS[pattern.code])


def _told(alarm: Alarm) -> Iterable[Any]:
    return [person for person in people_for(VIEW) if person.number != alarm.person]


def _look_at_keeper() -> list[Alarm]:
    """A keeper of the anchors that does not answer is an alarm, once an hour."""
    if anchors.keeper_answers():
        return []
    now, pattern = timezone.now(), PATTERNS["relay_stopped"]
    limits = limits_of(pattern)
    if Alarm.objects.filter(pattern=pattern.code, raised_at__gt=now - limits.window).exists():
        return []
    key = f"{pattern.code}:keeper:{now.isoformat()}"
    return [_store(pattern, limits, Alarm(subject="anchor_keeper", measured=1, began_at=now, ended_at=now, details={}, key=key))]


@transaction.atomic
def look_at_alarm(*, actor: Actor, reference: str) -> Alarm:
    """The alarm, after the look at it was written down; nobody sees one about herself. Raises ``NotVisible``."""
    alarm: Alarm = get_visible(Alarm.objects.exclude(person=actor.number), actor, reference=reference)
    log.record(actor=actor, action="alarm.viewed", target=alarm)
    return alarm


def is_rehearsed(alarm: Alarm) -> bool:
    """Whether its lines were written to rehearse it; everybody who sees the alarm is told that, whether or not she may read the lines."""
    return Event.objects.filter(uid__in=alarm.details.get("lines", []), data__rehearsal=True).exists()


def name_of(number: str) -> str:
    """What the person of an employee number is called; empty for a number that nobody has."""
    return User.objects.get_queryset().filter(number=number).values_list("name", flat=True).first() or "" if number else ""


@transaction.atomic
def handle_alarm(*, actor: Actor, alarm: Alarm, note: str) -> Alarm:
    """Say what was found; the alarm is closed and the words stay. Raises ``AlreadyHandled``, ``NoteMissing``."""
    require(actor, HANDLE, alarm)
    alarm = get_visible(Alarm.objects.exclude(person=actor.number).locked(), actor, HANDLE, pk=alarm.pk)
    if alarm.handled_at:
        raise AlreadyHandled
    words = " ".join(note.split())
    if not 1 <= len(words) <= 500:
        raise NoteMissing
    alarm.handled_at, alarm.handled_by, alarm.note = timezone.now(), actor.number, words
    alarm.save(update_fields=["handled_at", "handled_by", "note"])
    log.record(actor=actor, action="alarm.handled", target=alarm, reason=words)
    return alarm
