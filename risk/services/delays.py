"""Verdicts that come late: how long the oldest has waited, who is told, and when it is over.

Whoever notices tells: the sweep of the workers, or, where no worker is alive, the page of somebody who may know.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext_noop

from crm.access.actor import SYSTEM, Actor
from crm.log import services as log
from crm.notify.services import notify
from crm.staff.services.duty import people_on_duty
from risk.engine.cursor import run
from risk.models import JudgingDelay

SEE = "risk.see_delay"
COUNTED = 10_000
"""More than so many waiting transactions are not counted."""

_OLDEST = "SELECT (SELECT owed_since FROM transactions_transaction WHERE screening = 'owed' ORDER BY owed_since LIMIT 1)"
_WAITING = (
    "SELECT count(*) FROM (SELECT FROM transactions_transaction WHERE screening = 'owed' ORDER BY owed_since LIMIT %(most)s::bigint + 1) w"
)


@dataclass(frozen=True)
class Delay:
    """Since when the oldest transaction waits for its verdict, and how many wait (``COUNTED`` + 1: more than that)."""

    since: datetime
    waiting: int

    @property
    def is_many(self) -> bool:
        """Return whether more wait than were counted."""
        return self.waiting > COUNTED


def limit() -> timedelta:
    """Return how long a verdict may take before people are told."""
    return timedelta(seconds=settings.JUDGING_DELAY_SECONDS)


def present_delay(now: datetime | None = None) -> Delay | None:
    """Return how late judging is, or None while the oldest owed judgement waits no longer than the limit."""
    ((since,),) = run(_OLDEST, {})
    if since is None or (now or timezone.now()) - since <= limit():
        return None
    ((waiting,),) = run(_WAITING, {"most": COUNTED})
    return Delay(since, waiting)


def watch(*, actor: Actor = SYSTEM, now: datetime | None = None) -> Delay | None:
    """Return how late judging is; the people on duty are told once when it becomes late, and once when it has caught up."""
    at = now or timezone.now()
    delay = present_delay(at)
    standing = JudgingDelay.objects.filter(over_at=None).first()
    if delay is not None and standing is None:
        _begin(actor, delay, at)
    elif delay is None and standing is not None:
        _end(actor, standing, at)
    return delay


def _begin(actor: Actor, delay: Delay, now: datetime) -> None:
    try:
        with transaction.atomic():
            begun = JudgingDelay.objects.create(began_at=now, oldest_since=delay.since, waiting=delay.waiting)
            data = {"oldest_since": delay.since.isoformat(), "waiting": delay.waiting}
            log.record(actor=actor, action="judging.delayed", data=data, result="failed")
            body = gettext_noop(
                "The oldest transaction without a verdict has waited for %(seconds)s seconds; %(waiting)s wait. It goes on by itself."
            )
            seconds = int((now - delay.since).total_seconds())
            _tell(begun, gettext_noop("Judging is delayed"), body, {"seconds": seconds, "waiting": delay.waiting}, "begun")
    except IntegrityError as clash:  # somebody else noticed in the same moment
        if "judging_delay_one_at_a_time" not in str(clash):
            raise


def _end(actor: Actor, standing: JudgingDelay, now: datetime) -> None:
    with transaction.atomic():
        ended = JudgingDelay.objects.select_for_update(no_key=True).filter(pk=standing.pk, over_at=None).first()
        if ended is None:
            return
        ended.over_at = now
        ended.save(update_fields=["over_at"])
        seconds = int((now - ended.oldest_since).total_seconds())
        log.record(actor=actor, action="judging.caught_up", data={"seconds": seconds})
        body = gettext_noop("Every transaction has its verdict in time again, after a delay of %(seconds)s seconds.")
        _tell(ended, gettext_noop("Judging has caught up"), body, {"seconds": seconds}, "over")


def _tell(delay: JudgingDelay, subject: str, body: str, params: dict[str, int], what: str) -> None:
    notify(
        recipients=people_on_duty(SEE),
        kind="risk.judging_delayed",
        subject=subject,
        body=body,
        params=params,
        key=f"risk.judging_delay:{delay.pk}:{what}",
    )
