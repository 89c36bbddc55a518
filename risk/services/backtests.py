"""Back-tests: asked for by a supervisor, made by a worker, looked at by officers, their hits kept for ninety days."""

import time
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from typing import Any

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, gettext_noop

from crm.access.actor import SYSTEM, Actor
from crm.access.errors import DomainError
from crm.access.services import require
from crm.calendar.services import today
from crm.jobs import services as jobs
from crm.log import services as log
from crm.notify.services import notify
from risk.choices import BacktestChoice
from risk.models import Backtest, BacktestHit, RuleVersion
from risk.services import trials
from risk.services.tallies import Found, Tally

ADD = "risk.add_backtest"
KIND = "risk.backtest"
KEPT = timedelta(days=90)
HITS_KEPT = 200_000
"""So many hits are kept one by one; the figures count all."""
LONGEST = timedelta(days=3 * 366)
STORED = 10_000


class NoRuleChosen(DomainError):
    """A back-test tries something."""

    code = "no_rule_chosen"
    message = gettext_lazy("Choose at least one rule.")
    field = "versions"


class PeriodUnusable(DomainError):
    """The days cannot be tried."""

    code = "period_unusable"
    field = "last_day"


class PeriodBackwards(PeriodUnusable):
    """The last day comes before the first."""

    message = gettext_lazy("The last day comes before the first.")


class PeriodAhead(PeriodUnusable):
    """Something of the period is still to come."""

    message = gettext_lazy("Choose a day that has begun.")


class PeriodTooLong(PeriodUnusable):
    """More than three years."""

    message = gettext_lazy("Choose at most three years.")
    field = "first_day"


@transaction.atomic
def ask(
    *,
    actor: Actor,
    first_day: date,
    last_day: date,
    mode: str,
    versions: Iterable[RuleVersion],
    choice: str = BacktestChoice.LIVE,
) -> Backtest:
    """Have rule versions of any state tried on a period of bank dates, beside those live now. Raises `NoRuleChosen`, `PeriodUnusable`.

    Where only some rules are tried (``choice``), they stand beside what is live of these rules: the others are not lost by it.
    """
    require(actor, ADD)
    chosen = list(versions)
    if not chosen:
        raise NoRuleChosen
    prove(first_day, last_day)
    live = trials.live_versions()
    if choice == BacktestChoice.PICKED:
        live = list(
            RuleVersion.objects.filter(pk__in=live, rule__versions__in=chosen).order_by("pk").values_list("pk", flat=True).distinct()
        )
    job = jobs.create(actor=actor, kind=KIND, title=f"{first_day} – {last_day}")
    backtest = Backtest.objects.create(
        first_day=first_day, last_day=last_day, mode=mode, choice=choice, live=live, job=job, requested_by_id=actor.user_id or 0
    )
    backtest.versions.set(chosen)
    codes = sorted(f"{version.rule.code} v{version.number}" for version in chosen)
    log.record(actor=actor, action="backtest.asked", target=backtest, data={**_period(backtest), "rules": codes})
    return backtest


def prove(first_day: date, last_day: date) -> None:
    """Raise `PeriodUnusable` unless the days can be tried."""
    if last_day > today():
        raise PeriodAhead
    if first_day > last_day:
        raise PeriodBackwards
    if last_day - first_day > LONGEST:
        raise PeriodTooLong


def _period(backtest: Backtest) -> dict[str, str]:
    return {"first_day": str(backtest.first_day), "last_day": str(backtest.last_day), "mode": backtest.mode}


def with_draft(version: RuleVersion) -> list[int]:
    """Return the live versions, that version in the place of its rule's live one."""
    rows = RuleVersion.objects.filter(pk__in=trials.live_versions()).exclude(rule_id=version.rule_id)
    return [*rows.values_list("pk", flat=True), version.pk]


def make(*, actor: Actor, job_id: int) -> None:
    """Do the work of a back-test's job: read-only on the ledger until the result is stored in one transaction.

    A killed worker leaves nothing behind, the next one begins again; cancelling is noticed after each chunk.
    """
    with jobs.running(actor=actor, job_id=job_id) as run:
        if run is None:
            return
        require(actor, ADD)
        backtest = Backtest.objects.get(job_id=job_id)
        began = time.monotonic()
        tally = _tried(actor, backtest, run)
        result = {**tally.result(), "seconds": round(time.monotonic() - began, 1), "kept": min(len(tally.hits), HITS_KEPT)}
        with transaction.atomic():
            backtest = Backtest.objects.select_for_update(of=("self",)).select_related("requested_by").get(pk=backtest.pk)
            _store(backtest, tally.hits[:HITS_KEPT])
            backtest.result = result
            backtest.save(update_fields=["result"])
            data = {**_period(backtest), "judged": tally.judged, "hits": len(tally.hits)}
            log.record(actor=actor, action="backtest.done", target=backtest, data=data)
            _tell(backtest, tally)
        run.result = {"judged": tally.judged, "hits": len(tally.hits)}


def _tell(backtest: Backtest, tally: Tally) -> None:
    notify(
        recipients=[backtest.requested_by],
        kind="backtest.done",
        subject=gettext_noop("Back-test %(reference)s is done"),
        body=gettext_noop("%(first)s – %(last)s: %(judged)s transactions judged, %(hits)s hits."),
        params={
            "reference": backtest.reference,
            "first": str(backtest.first_day),
            "last": str(backtest.last_day),
            "judged": f"{tally.judged:,}",
            "hits": f"{sum(found.tried for found in tally.hits):,}",
        },
        url_name="risk:backtest",
        url_args=(backtest.reference,),
        key=f"backtest:{backtest.reference}",
        mail=False,
    )


def _tried(actor: Actor, backtest: Backtest, run: jobs.Run) -> Tally:
    versions = list(backtest.versions.values_list("pk", flat=True))
    trial = trials.trial_of(versions, known=backtest.mode == "known", live=backtest.live)
    tally = Tally(trial)
    customers = trials.whose(actor, ADD)
    chunks = trials.plan(backtest.first_day, backtest.last_day, customers)
    run.advance(0, total=sum(count for _whose, count in chunks), note=_("Judging"))
    work = trials.run(trial, backtest.first_day, backtest.last_day, customers=customers)
    try:
        for chunk in work:
            tally.add(chunk)
            run.advance(tally.judged)
    finally:
        work.close()
    return tally


_STORE = """
INSERT INTO risk_backtesthit (backtest_id, transaction_id, rule_version_id, band, compared, occurred_at)
SELECT %s, * FROM unnest(%s::bigint[], %s::bigint[], %s::text[], %s::text[], %s::timestamptz[])"""


def _store(backtest: Backtest, hits: Sequence[Found]) -> None:
    BacktestHit.objects.filter(backtest=backtest).delete()
    with connection.cursor() as cursor:
        for start in range(0, len(hits), STORED):
            rows = [
                (one.row.pk, one.rule.version_id, one.band.band, one.compared, one.row.occurred_at) for one in hits[start : start + STORED]
            ]
            cursor.execute(_STORE, [backtest.pk, *(list(column) for column in zip(*rows, strict=True))])


@transaction.atomic
def look_at(*, actor: Actor, backtest: Backtest) -> None:
    """Write down that somebody looked: a result speaks of thresholds and of customers."""
    require(actor, "risk.view_backtest", backtest)
    log.record(actor=actor, action="backtest.viewed", target=backtest)


def remove_old() -> int:
    """Remove the hits of back-tests older than ninety days; their figures stay. Returns how many back-tests it was."""
    with transaction.atomic():
        old = Backtest.objects.filter(requested_at__lt=timezone.now() - KEPT, hits_removed_at=None, result__isnull=False)
        over = list(old.select_for_update(skip_locked=True, of=("self",))[:20])
        if over:
            BacktestHit.objects.filter(backtest__in=over).delete()
            Backtest.objects.filter(pk__in=[row.pk for row in over]).update(hits_removed_at=timezone.now())
            log.record(actor=SYSTEM, action="backtest.hits_removed", data={"backtests": [row.reference for row in over]})
    return len(over)


def describe(job: Any) -> dict[str, Any]:
    """Return what a job's page says of a back-test."""
    return {_("Transactions judged"): job.result.get("judged"), _("Hits"): job.result.get("hits")}
