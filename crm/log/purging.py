"""The end of old lines: below a signed checkpoint, from which the rest still verifies.

A checkpoint says: up to position ``seq``, whose seal was ``hash``, ``count`` lines are gone, at ``at``; ``mac`` is
``HMAC(HMAC(log_mac_key, "crm.log checkpoint"), log_id|seq|hash in hex|count|at)``. The chain goes on from that hash.
The database lets nothing go that is younger than 366 days, whatever is asked; who needs older lines (a legal hold) registers a keeper.
"""

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from crm.log import keys, services

STEP = 10_000
FLOOR_DAYS = 366
Keeper = Callable[[], Iterable[str]]
_keepers: list[Keeper] = []

_LAST = """
SELECT max(s.seq) FROM log_seal s JOIN log_event e ON e.id = s.event_id
WHERE s.seq < coalesce(
    (SELECT min(s.seq) FROM log_seal s JOIN log_event e ON e.id = s.event_id WHERE e.at >= %(before)s OR e.customer = ANY(%(kept)s)),
    9223372036854775807)
  AND s.seq <= (SELECT min(seq) FROM log_seal) + %(step)s - 1
"""


def register_keeper(keeper: Keeper) -> None:
    """Let a callable name customers (public references) whose lines stay; nothing from the first such line on is purged."""
    if keeper not in _keepers:
        _keepers.append(keeper)


def kept_days() -> int:
    """How many days of lines are kept: ``AUDIT_DAYS``, never fewer than 366."""
    return max(int(settings.AUDIT_DAYS), FLOOR_DAYS)


def is_due(now: datetime | None = None) -> bool:
    """Whether the oldest line may go now."""
    with connection.cursor() as cursor:
        return _last(cursor, now, 1) is not None


def _last(cursor: Any, now: datetime | None, step: int) -> int | None:
    before = (now or timezone.now()) - timedelta(days=kept_days())
    cursor.execute(_LAST, {"before": before, "kept": [ref for keeper in _keepers for ref in keeper()], "step": step})
    found: int | None = cursor.fetchone()[0]
    return found


def purge(*, actor: services.ActorLike, now: datetime | None = None, step: int = STEP) -> int:
    """How many of the oldest lines went, at most ``step``; 0 when none is old enough, or a keeper needs the oldest one.

    Kept are ``AUDIT_DAYS``, never fewer than 366. The purge is a line itself.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        last = _last(cursor, now, step)
        if last is None:
            return 0
        cursor.execute("SELECT h.log_id::text, s.hash FROM log_head h, log_seal s WHERE s.seq = %s", [last])
        log_id, digest = cursor.fetchone()
        at = timezone.now().isoformat()
        mac = keys.checkpoint_mac(log_id=log_id, seq=last, digest=bytes(digest), count=last, at=at)
        cursor.execute("SELECT log_purge(%s, %s, %s)", [last, at, mac])
        gone = int(cursor.fetchone()[0])
        services.record(actor=actor, action="log.purged", data={"lines": gone, "checkpoint": last, "kept_days": kept_days()})
    return gone
