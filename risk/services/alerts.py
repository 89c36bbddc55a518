"""Raising alerts: one unfinished alert per rule and subject, which later hits join."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from django.db.models import Exists, F, OuterRef
from django.utils import timezone

from crm.access.actor import Actor
from crm.access.references import new_reference
from crm.log import services as log
from risk.choices import Band
from risk.engine.cursor import run
from risk.models import Alert, AlertHit, Assessment, Hit, Snooze
from risk.models.work import UNFINISHED
from risk.services.telling import tell_duty, tell_support_gone

COOL_DOWN = timedelta(days=7)
"""After an alert of the same rule and subject was finished, new hits are kept but raise none for so long."""
DUE = {Band.HIGH: timedelta(hours=4), Band.MID: timedelta(days=1), Band.LOW: timedelta(days=3)}
RANK = {Band.LOW: 0, Band.MID: 1, Band.HIGH: 2}
Subject = tuple[int, int, int | None]


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """A live hit that somebody should look at."""

    hit_id: int
    rule_id: int
    transaction_id: int
    customer_id: int
    account_id: int | None
    band: str
    points: int
    amount_cny: Decimal | None
    occurred_at: datetime
    never_suppressed: bool = False

    @property
    def subject(self) -> Subject:
        """Return what an alert is unique by: rule, customer, account."""
        return (self.rule_id, self.customer_id, self.account_id)


def raise_alerts(*, actor: Actor, wanted: Sequence[Wanted]) -> list[Alert]:
    """Return the alerts newly raised for these hits; the others joined one that is unfinished, or rest in a pause.

    Set-based: a file of a day's transactions may raise hundreds. The caller holds the customers, so that no two raise
    the same alert at once.
    """
    groups: dict[Subject, list[Wanted]] = {}
    for item in sorted(wanted, key=lambda one: (one.rule_id, one.customer_id, one.account_id or 0, one.occurred_at)):
        groups.setdefault(item.subject, []).append(item)
    if not groups:
        return []
    rows = Alert.objects.filter(rule_id__in={s[0] for s in groups}, customer_id__in={s[1] for s in groups})
    standing = {(a.rule_id, a.customer_id, a.account_id): a for a in rows.filter(state__in=UNFINISHED)}
    paused = _paused(groups)
    joined = [_joined(standing[subject], items) for subject, items in groups.items() if subject in standing]
    _store_joined(joined)
    fresh = {
        subject: _made(subject, items)
        for subject, items in groups.items()
        if subject not in standing and (subject not in paused or any(item.never_suppressed for item in items))
    }
    raised = Alert.objects.bulk_create(fresh.values())
    alerts = standing | dict(zip(fresh, raised, strict=True))
    AlertHit.objects.bulk_create(
        AlertHit(alert=alerts[subject], hit_id=item.hit_id, transaction_id=item.transaction_id)
        for subject, items in groups.items()
        if subject in alerts
        for item in items
    )
    _write_down(actor, raised)
    tell_duty(raised, timezone.now())
    return raised


def _write_down(actor: Actor, raised: Sequence[Alert]) -> None:
    """One line for one alert, one line over all for many."""
    if len(raised) == 1:
        log.record(actor=actor, action="alert.raised", target=raised[0], data={"rule": raised[0].rule.code, "hits": raised[0].hits})
    elif raised:
        leaves = [(alert.reference, f"{alert.rule_id} {alert.customer_id} {alert.account_id} {alert.hits}".encode()) for alert in raised]
        log.record_batch(actor=actor, action="alert.raised", leaves=leaves, data={"alerts": len(raised)})


def withdraw_support(*, actor: Actor, hits: Iterable[tuple[Hit, int]]) -> list[Alert]:
    """Mark hits that later knowledge no longer supports, each with the assessment that lacks it.

    Return the alerts that have no supported hit left; whoever works one of them is told.
    """
    by = {hit.pk: assessment for hit, assessment in hits}
    if not by:
        return []
    now = timezone.now()
    run(_WITHDRAWN, {"hits": list(by), "by": list(by.values()), "now": now}, prepare=False)
    left = AlertHit.objects.filter(alert=OuterRef("pk"), hit__supported=True)
    touched = Alert.objects.filter(alert_hits__hit__in=by, supported=True).distinct()
    alerts = list(touched.filter(~Exists(left)).select_related("customer", "rule", "claimed_by", "case__officer"))
    Alert.objects.filter(pk__in=[alert.pk for alert in alerts]).update(supported=False, unsupported_at=now, version=F("version") + 1)
    causes = dict(Assessment.objects.filter(pk__in=set(by.values())).values_list("transaction__reference", "cause"))
    for alert in alerts:
        data = {"rule": alert.rule.code, "causes": sorted(set(causes.values())), "transactions": sorted(causes)[:20]}
        log.record(actor=actor, action="alert.unsupported", target=alert, data=data)
    tell_support_gone(alerts, now)
    return alerts


def taken_back(alert: Alert, most: int = 50) -> list[Hit]:
    """Return the alert's hits that later knowledge took back, with the judgement that lacks them."""
    rows = Hit.objects.filter(alert_hit__alert=alert, supported=False).select_related("transaction", "withdrawn_by")
    return list(rows.order_by("pk")[:most])


_WITHDRAWN = """
UPDATE risk_hit h SET supported = false, withdrawn_at = %(now)s::timestamptz, withdrawn_by_id = g.assessment
  FROM unnest(%(hits)s::bigint[], %(by)s::bigint[]) AS g (hit, assessment) WHERE h.id = g.hit"""


def _paused(groups: dict[Subject, list[Wanted]]) -> set[Subject]:
    """Subjects in the cool-down after a finished alert, or snoozed by a person."""
    now = timezone.now()
    rules, customers = {s[0] for s in groups}, {s[1] for s in groups}
    finished = Alert.objects.filter(rule_id__in=rules, customer_id__in=customers, finished_at__gt=now - COOL_DOWN)
    paused: set[Subject] = set(finished.exclude(state__in=UNFINISHED).values_list("rule_id", "customer_id", "account_id"))
    snoozes = Snooze.objects.filter(rule_id__in=rules, customer_id__in=customers, until__gt=now)
    snoozed = set(snoozes.values_list("rule_id", "customer_id"))
    return paused | {subject for subject in groups if subject[:2] in snoozed}


# One statement with an array per column: Django's own bulk_update builds a CASE over every row and column.
_JOINED = """
UPDATE risk_alert a SET band = j.band, amount_at_risk = j.amount, hits = j.hits, first_hit_at = j.first_at, last_hit_at = j.last_at,
       priority = j.priority, supported = true, unsupported_at = NULL, version = a.version + 1
  FROM unnest(%(ids)s::bigint[], %(bands)s::text[], %(amounts)s::numeric[], %(hits)s::integer[], %(firsts)s::timestamptz[],
              %(lasts)s::timestamptz[], %(priorities)s::smallint[]) AS j (id, band, amount, hits, first_at, last_at, priority)
 WHERE a.id = j.id"""


def _store_joined(alerts: Sequence[Alert]) -> None:
    if not alerts:
        return
    columns = {
        "ids": [alert.pk for alert in alerts],
        "bands": [str(alert.band) for alert in alerts],
        "amounts": [alert.amount_at_risk for alert in alerts],
        "hits": [alert.hits for alert in alerts],
        "firsts": [alert.first_hit_at for alert in alerts],
        "lasts": [alert.last_hit_at for alert in alerts],
        "priorities": [alert.priority for alert in alerts],
    }
    run(_JOINED, columns, prepare=False)


def _made(subject: Subject, items: Sequence[Wanted]) -> Alert:
    now = timezone.now()
    band = _highest(item.band for item in items)
    amount = _amount(items)
    return Alert(
        reference=new_reference("W", 8),
        rule_id=subject[0],
        customer_id=subject[1],
        account_id=subject[2],
        band=band,
        priority=priority(band, max(item.points for item in items), amount),
        amount_at_risk=amount,
        hits=len(items),
        first_hit_at=items[0].occurred_at,
        last_hit_at=items[-1].occurred_at,
        created_at=now,
        due_at=now + DUE[band],
    )


def _joined(alert: Alert, items: Sequence[Wanted]) -> Alert:
    alert.band = _highest([alert.band, *(item.band for item in items)])
    alert.amount_at_risk += _amount(items)
    alert.hits += len(items)
    alert.first_hit_at = min(alert.first_hit_at, items[0].occurred_at)
    alert.last_hit_at = max(alert.last_hit_at, items[-1].occurred_at)
    points = max(item.points for item in items)
    alert.priority = max(alert.priority, priority(Band(alert.band), points, alert.amount_at_risk))
    return alert


def _amount(items: Sequence[Wanted]) -> Decimal:
    return sum((item.amount_cny or Decimal(0) for item in items), Decimal(0))


def _highest(bands: Iterable[str]) -> Band:
    return max((Band(band) for band in bands), key=RANK.__getitem__)


def priority(band: Band, points: int, amount: Decimal) -> int:
    """Return 0 to 100: the band first, then points, then one point per 50,000 CNY up to ten."""
    return min(100, 30 * RANK[band] + min(points, 60) // 3 + min(int(amount // 50_000), 10) + 5)
