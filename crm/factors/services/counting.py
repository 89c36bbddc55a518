"""How often codes are looked at: counted per person, in a committed transaction of its own, before the code is compared."""

from datetime import datetime, timedelta
from typing import Any, cast

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.errors import DomainError
from crm.lists.formats import moment

WRONG_CODES = 5
WINDOW = timedelta(minutes=15)
LOCKED_FOR = timedelta(minutes=30)

_RECENT = "ARRAY(SELECT t FROM unnest(c.attempts) t WHERE t > %(before)s ORDER BY t)"
# One statement, so that a burst in parallel gets no more looks than one after another.
_FULL = f"cardinality({_RECENT}) >= %(wrong)s"
_TAKE = f"""
INSERT INTO factors_codecounter AS c (user_id, attempts, locked_until) VALUES (%(user)s, ARRAY[%(now)s::timestamptz], NULL)
ON CONFLICT (user_id) DO UPDATE SET
    attempts = {_RECENT} || CASE WHEN c.locked_until > %(now)s OR {_FULL} THEN ARRAY[]::timestamptz[] ELSE ARRAY[%(now)s::timestamptz] END,
    locked_until = CASE WHEN c.locked_until > %(now)s THEN c.locked_until WHEN {_FULL} THEN %(until)s ELSE NULL END
RETURNING locked_until
"""  # noqa: S608 - our own words
_REFUND = "UPDATE factors_codecounter SET attempts = array_remove(attempts, %(now)s::timestamptz) WHERE user_id = %(user)s"


class CodesLocked(DomainError):
    """Five wrong codes in a quarter of an hour."""

    code = "codes_locked"
    field = "code"


def take_attempt(user_id: int) -> datetime:
    """Count one look at a code and return its moment; raises ``CodesLocked`` while no more are allowed.

    At most 5 wrong codes in any 15 minutes; the next one locks for 30 minutes, right codes included. Must not be called inside a
    transaction that may be rolled back.
    """
    now = timezone.now()
    values: dict[str, Any] = {
        "user": user_id, "now": now, "before": now - WINDOW, "until": now + LOCKED_FOR, "wrong": WRONG_CODES
    }  # fmt: skip
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(_TAKE, values)
        (until,) = cast("tuple[datetime | None]", cursor.fetchone())
    if until is not None:
        raise CodesLocked(_("Too many wrong codes. Codes are looked at again after %(time)s.") % {"time": moment(until)[:16]})
    return now


def refund(user_id: int, taken: datetime) -> None:
    """Take a look off the count: the code was right."""
    with connection.cursor() as cursor:
        cursor.execute(_REFUND, {"user": user_id, "now": taken})
