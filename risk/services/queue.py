"""Working the alert queue: claim, return, assign, note, dismiss, snooze."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction
from django.db.models import Count, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_noop

from crm.access.actor import Actor
from crm.access.remembered import answered, remembered
from crm.access.services import require
from crm.log import services as log
from crm.notify.services import notify
from crm.staff.models import User
from crm.staff.services.duty import people_on_duty
from risk.choices import AlertState, Disposition
from risk.models import Alert, AlertNote, Snooze
from risk.services.errors import AlertFinished, AlertTaken, NotAnOfficer, NothingToClaim, ReasonNeeded

WORK = "risk.work_alert"
WAITING = (AlertState.OPEN, AlertState.CLAIMED)
RELATED = ("customer", "account", "rule")
FIGURES = "figures of the queue"


@dataclass(frozen=True)
class Figures:
    """How many alerts nobody has finished: in all, past their time limit, unclaimed, and the reader's own."""

    waiting: int
    late: int
    unclaimed: int
    mine: int


def waiting(reader: Any) -> QuerySet[Alert]:
    """Return the alerts that nobody has finished, as a person or Actor sees them."""
    return Alert.objects.visible_to(reader).filter(state__in=WAITING)


def figures(reader: Any) -> Figures:
    """Return the figures of the queue as a person or Actor sees it; asked once a page."""
    number = number_of(reader)

    def ask() -> Figures:
        late, mine = Q(due_at__lte=timezone.now()), Q(claimed_by_id=number)
        counted = {"late": Count("pk", filter=late), "unclaimed": Count("pk", filter=Q(claimed_by=None)), "mine": Count("pk", filter=mine)}
        return Figures(**waiting(reader).aggregate(waiting=Count("pk"), **counted))

    return remembered((FIGURES, number), ask)


def most_pressing(reader: Any, most: int) -> tuple[int, int]:
    """Return how many alerts wait and how many of them are past their time limit, both counted to ``most`` and no further.

    One short look for both: the waiting alerts are read by their time limits, the overdue ones come first.
    """
    limits = list(waiting(reader).order_by("due_at").values_list("due_at", flat=True)[:most])
    moment = timezone.now()
    return len(limits), sum(limit <= moment for limit in limits)


def figures_asked(reader: Any) -> Figures | None:
    """Return the same where this page has asked for them already; they cost a look at every waiting alert."""
    return answered((FIGURES, number_of(reader)))


def number_of(reader: Any) -> int:
    """Return the key of a person, given as such or as an Actor."""
    return int(getattr(reader, "user_id", None) or reader.pk)


def claim(*, actor: Actor, alert: Alert) -> Alert:
    """Take an alert into one's own hands. Claiming one's own again changes nothing."""
    with transaction.atomic():
        require(actor, WORK, alert)
        alert = _waiting(alert)
        if alert.claimed_by_id == actor.user_id:
            return alert
        if alert.claimed_by_id is not None:
            raise AlertTaken
        return _give(actor, alert, actor.user_id, "alert.claimed")


def claim_next(*, actor: Actor) -> Alert:
    """Take the most urgent unclaimed alert; two people at once get two alerts. Raises ``NothingToClaim``."""
    with transaction.atomic():
        require(actor, WORK)
        rows = Alert.objects.visible_to(actor, WORK).filter(state=AlertState.OPEN, claimed_by=None)
        alert = (
            rows.select_for_update(skip_locked=True, no_key=True, of=("self",))
            .select_related("customer", "rule")
            .order_by("-priority", "due_at", "pk")
            .first()
        )
        if alert is None:
            raise NothingToClaim
        return _give(actor, alert, actor.user_id, "alert.claimed")


def give_back(*, actor: Actor, alert: Alert, reason: str) -> Alert:
    """Return an alert to the queue."""
    with transaction.atomic():
        require(actor, WORK, alert)
        alert = _mine(actor, alert)
        alert.claimed_by, alert.claimed_at, alert.state = None, None, AlertState.OPEN
        _save(alert, "claimed_by", "claimed_at", "state")
        log.record(actor=actor, action="alert.returned", target=alert, reason=reason)
    return alert


def assign(*, actor: Actor, alerts: Iterable[Alert], officer: User) -> int:
    """Hand alerts to an officer and tell her; returns how many changed hands."""
    with transaction.atomic():
        if not officer.reach(WORK):
            raise NotAnOfficer
        keys = [alert.pk for alert in alerts]
        changed = []
        for alert in Alert.objects.filter(pk__in=keys).select_related("customer", "rule").locked():
            require(actor, "risk.assign_alert", alert)
            if alert.state in WAITING and alert.claimed_by_id != officer.pk:
                changed.append(_give(actor, alert, officer.pk, "alert.assigned"))
        for alert in changed:
            notify(
                recipients=[officer],
                kind="alert.assigned",
                subject=gettext_noop("Alert %(reference)s was assigned to you"),
                body=gettext_noop("Alert %(reference)s was assigned to you by %(by)s."),
                params={"reference": alert.reference, "by": actor.number},
                url_name="risk:alert",
                url_args=(alert.reference,),
                key=f"assigned:{alert.reference}:{officer.pk}:{alert.version}",
            )
    return len(changed)


def add_note(*, actor: Actor, alert: Alert, text: str) -> AlertNote:
    """Write a note on an alert."""
    with transaction.atomic():
        require(actor, WORK, alert)
        note = AlertNote.objects.create(alert=alert, text=text, written_by=actor.user)
        log.record(actor=actor, action="alert.noted", target=alert)
    return note


def dismiss(*, actor: Actor, alert: Alert, reason: str, disposition: str = Disposition.FALSE_POSITIVE) -> Alert:
    """Finish an alert without a case, with the reason an auditor will read."""
    with transaction.atomic():
        require(actor, WORK, alert)
        if len(reason.strip()) < 4:
            raise ReasonNeeded
        alert = _mine(actor, alert)
        finish(alert, AlertState.DISMISSED, disposition, actor, timezone.now())
        alert.dismissal_reason = reason.strip()
        alert.save(update_fields=["dismissal_reason"])
        log.record(actor=actor, action="alert.dismissed", target=alert, reason=reason, data={"disposition": disposition})
    return alert


def snooze(*, actor: Actor, alert: Alert, until: datetime, reason: str) -> Snooze:
    """Raise no new alert of this rule on this customer until a date."""
    with transaction.atomic():
        require(actor, "risk.snooze_alert", alert)
        snoozed = Snooze.objects.create(rule=alert.rule, customer=alert.customer, until=until, reason=reason, set_by=actor.user)
        log.record(
            actor=actor, action="alert.snoozed", target=alert, reason=reason, data={"rule": alert.rule.code, "until": until.isoformat()}
        )
    return snoozed


def finish(alert: Alert, state: AlertState, disposition: str, actor: Actor, at: datetime) -> None:
    """Set the end of a locked alert; the caller writes the line."""
    alert.state, alert.disposition = state, disposition
    alert.finished_at, alert.finished_by_id = at, actor.user_id
    _save(alert, "state", "disposition", "finished_at", "finished_by")


def escalate_overdue(*, actor: Actor, at: datetime | None = None) -> int:
    """Tell the supervisors, once, of alerts that passed their time limit; returns how many."""
    now = at or timezone.now()
    with transaction.atomic():
        late = Alert.objects.filter(state__in=WAITING, due_at__lte=now, escalated_at=None).select_related("customer", "rule")
        alerts = list(late.select_for_update(skip_locked=True, no_key=True, of=("self",)).order_by("pk")[:200])
        for alert in alerts:
            alert.escalated_at = now
            _save(alert, "escalated_at")
            notify(
                recipients=people_on_duty("risk.assign_alert", alert.customer.opening_branch),
                kind="alert.overdue",
                subject=gettext_noop("Alert %(reference)s is overdue"),
                body=gettext_noop("Alert %(reference)s passed its time limit and nobody has finished it."),
                params={"reference": alert.reference},
                url_name="risk:alert",
                url_args=(alert.reference,),
                key=f"overdue:{alert.reference}",
            )
            log.record(actor=actor, action="alert.escalated", target=alert)
    return len(alerts)


def _waiting(alert: Alert) -> Alert:
    alert = Alert.objects.select_related("customer", "rule").locked().get(pk=alert.pk)
    if alert.state not in WAITING:
        raise AlertFinished
    return alert


def _mine(actor: Actor, alert: Alert) -> Alert:
    """Return the locked alert; one that a colleague claimed is hers, unless one may assign."""
    alert = _waiting(alert)
    if alert.claimed_by_id not in (None, actor.user_id) and not actor.reach("risk.assign_alert"):
        raise AlertTaken
    return alert


def _give(actor: Actor, alert: Alert, user_id: int | None, action: str) -> Alert:
    alert.claimed_by_id, alert.claimed_at, alert.state = user_id, timezone.now(), AlertState.CLAIMED
    _save(alert, "claimed_by", "claimed_at", "state")
    log.record(actor=actor, action=action, target=alert, data={"claimed_by": user_id})
    return alert


def _save(alert: Alert, *names: str) -> None:
    alert.version += 1
    alert.save(update_fields=[*names, "version"])
