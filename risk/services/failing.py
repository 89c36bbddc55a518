"""Rules that fail: what is known of each, and which are not tried for a while."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext_noop

from crm.access.actor import Actor
from crm.log import services as log
from crm.notify.services import notify
from crm.staff.services.duty import people_on_duty
from risk.choices import RuleState
from risk.engine.cursor import run
from risk.engine.program import Program
from risk.models import Rule, RuleFailure, RuleVersion

REST, LONGEST_REST = timedelta(minutes=5), timedelta(hours=1)
"""★ A rule that was given up for a batch is left out of the next ones for so long, each time twice as long."""

_KEPT = """
INSERT INTO risk_rulefailure AS f (version_id, since, last_at, rows, too_slow, given_up, left_out_until)
VALUES (%(version)s::bigint, %(now)s::timestamptz, %(now)s::timestamptz, %(rows)s::bigint, %(slow)s::boolean, 0, NULL)
ON CONFLICT (version_id) DO UPDATE SET last_at = excluded.last_at, rows = f.rows + excluded.rows, too_slow = f.too_slow OR excluded.too_slow
RETURNING f.given_up"""
_GIVEN_UP = (
    "UPDATE risk_rulefailure SET given_up = given_up + 1, left_out_until = %(until)s::timestamptz WHERE version_id = %(version)s::bigint"
)


def keep(
    *, actor: Actor, program: Program, failures: Mapping[str, Sequence[int]], given_up: Iterable[str], slow: Iterable[str], now: datetime
) -> None:
    """Remember the rules that gave no answer, have those given up rest, write a line each and tell people once a day and rule.

    ``failures``: the rows by rule code; under no code those on which no single rule could be blamed.
    """
    versions = {rule.code: rule for rule in program.rules}
    # In the order of their codes, whoever meets them: two workers that tell of the same rules wait for each other.
    for code in sorted(failures):
        if code:
            _remember(versions[code].version_id, len(failures[code]), code in set(slow), code in set(given_up), now)
        rule = Rule.objects.filter(code=code).first()
        data = {"rows": len(failures[code]), "too_slow": code in set(slow)}
        log.record(actor=actor, action="rule.failed", target=rule, data=data, result="failed")
        _tell(code, len(failures[code]), shadow=bool(code) and versions[code].shadow, now=now)


def _remember(version_id: int, rows: int, slow: bool, given_up: bool, now: datetime) -> None:
    ((times,),) = run(_KEPT, {"version": version_id, "now": now, "rows": rows, "slow": slow})
    if given_up:
        run(_GIVEN_UP, {"version": version_id, "until": now + min(REST * 2 ** min(times, 10), LONGEST_REST)})


LIVE_BODY = gettext_noop("It was left out for %(rows)s transactions, which are marked for review. The other rules judged them.")
SHADOW_BODY = gettext_noop("It runs in the shadow and was left out for %(rows)s transactions; no verdict depends on it.")


def _tell(code: str, rows: int, *, shadow: bool, now: datetime) -> None:
    people = {person.pk: person for person in people_on_duty("risk.view_rule")}
    running = RuleVersion.objects.filter(rule__code=code, state__in=[RuleState.LIVE, RuleState.SHADOW])
    for version in running.select_related("proposed_by", "activated_by"):
        people |= {person.pk: person for person in (version.proposed_by, version.activated_by) if person is not None}
    notify(
        recipients=people.values(),
        kind="risk.rule_failed",
        subject=gettext_noop("The rule %(rule)s failed"),
        body=SHADOW_BODY if shadow else LIVE_BODY,
        params={"rule": code or "*", "rows": rows},
        url_name="risk:rule" if code else "risk:rule_list",
        url_args=(code,) if code else (),
        key=f"risk.rule_failed:{code}:{now:%Y-%m-%d}",
    )


def failure_of(version: RuleVersion | None) -> Any:
    """Return what is known of a version's failures, or None."""
    return RuleFailure.objects.filter(version=version).first() if version is not None else None
