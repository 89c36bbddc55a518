"""What follows from verdicts: hits with their evidence, alerts, freezes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext

from crm.access.actor import Actor
from customers.models import Customer
from products.choices import FreezeKind
from products.models import Account
from products.services.freezes import place_freeze
from risk.choices import Action
from risk.engine.program import Program
from risk.models import Hit, Rule, RuleVersion
from risk.services.alerts import Wanted, raise_alerts, withdraw_support
from risk.services.evidence import Found, evidence_of, found_in
from risk.services.judging import Judged
from transactions.services.locks import hold

FREEZING = {Action.FREEZE_CUSTOMER, Action.FREEZE_ACCOUNT}


class Row(Protocol):
    """What is needed of a judged transaction."""

    pk: int
    reference: str
    customer_id: int
    account_id: int
    occurred_at: datetime
    amount_cny: Any


@dataclass(frozen=True)
class Followed:
    """How much followed."""

    hits: int = 0
    alerts: int = 0


def follow(*, actor: Actor, program: Program, judged: Sequence[Judged], claimed: Mapping[int, Row]) -> Followed:
    """Store the hits, withdraw those that new knowledge no longer supports, raise alerts and place freezes for the new ones."""
    found = found_in(program, judged)
    again = [row.pk for row in judged if row.assessment is not None and (row.revision or 1) > 1]
    if not found and not again:
        return Followed()
    assessments = {row.pk: row.assessment for row in judged if row.assessment is not None}
    stored = _store(program, found, {pk: row.occurred_at for pk, row in claimed.items()})
    rules = dict(RuleVersion.objects.filter(pk__in={item.rule.version_id for item in found}).values_list("pk", "rule_id"))
    earlier = _earlier(again, {hit.pk for hit in stored})
    standing = {(item.judged.pk, rules[item.rule.version_id]) for item in found}
    gone = {key: hits for key, hits in earlier.items() if key not in standing}
    withdraw_support(actor=actor, hits=[(hit, assessments[pk]) for (pk, _rule), hits in gone.items() for hit in hits])
    fresh = [(item, hit) for item, hit in zip(found, stored, strict=True) if (item.judged.pk, rules[item.rule.version_id]) not in earlier]
    acting = [(item, hit) for item, hit in fresh if not item.rule.shadow]
    frozen = _freeze(actor, acting, claimed)
    wanted = [
        _wanted(item, hit, rules, claimed[item.judged.pk], frozen=hit.pk in frozen)
        for item, hit in acting
        if hit.pk in frozen or _asks_for_alert(item, acting)
    ]
    raised = raise_alerts(actor=actor, wanted=wanted)
    return Followed(hits=len(stored), alerts=len(raised))


def _store(program: Program, found: Sequence[Found], times: dict[int, datetime]) -> list[Hit]:
    return Hit.objects.bulk_create(
        Hit(
            assessment_id=item.judged.assessment or 0,
            transaction_id=item.judged.pk,
            rule_version_id=item.rule.version_id,
            shadow=item.rule.shadow,
            band=item.band.band,
            points=item.band.points,
            reason_code=item.band.reason,
            evidence=evidence,
        )
        for item, evidence in zip(found, evidence_of(program, found, times), strict=True)
    )


def _earlier(pks: Sequence[int], now_stored: set[int]) -> dict[tuple[int, int], list[Hit]]:
    """Hits of earlier revisions that still stand, by transaction and rule."""
    earlier: dict[tuple[int, int], list[Hit]] = {}
    if pks:
        rows = Hit.objects.filter(transaction_id__in=pks, supported=True).exclude(pk__in=now_stored).select_related("rule_version")
        for hit in rows:
            earlier.setdefault((hit.transaction_id, hit.rule_version.rule_id), []).append(hit)
    return earlier


def _asks_for_alert(item: Found, acting: Sequence[tuple[Found, Hit]]) -> bool:
    """A band that says so; or, where points alone made a review, the hit with the most points."""
    if Action.ALERT in item.band.actions:
        return True
    mine = [other for other, _hit in acting if other.judged.pk == item.judged.pk]
    if Action.ALERT not in item.judged.actions or any(Action.ALERT in other.band.actions for other in mine):
        return False
    return item is max(mine, key=lambda other: (other.band.points, -other.place))


def _wanted(item: Found, hit: Hit, rules: Mapping[int, int], row: Row, *, frozen: bool) -> Wanted:
    definition = item.rule.definition
    return Wanted(
        hit_id=hit.pk,
        rule_id=rules[item.rule.version_id],
        transaction_id=item.judged.pk,
        customer_id=row.customer_id,
        account_id=row.account_id if definition.subject == "account" else None,
        band=item.band.band,
        points=item.judged.points,
        amount_cny=row.amount_cny,
        occurred_at=row.occurred_at,
        # Whoever is frozen has a case to answer for, also in the cool-down and under a snooze.
        never_suppressed=definition.never_suppressed or frozen,
    )


def _freeze(actor: Actor, acting: Sequence[tuple[Found, Hit]], claimed: Mapping[int, Row]) -> set[int]:
    """Money may come in but not go out until a person confirms or 24 hours pass; asking twice places one freeze.

    Return the hits that placed one: where the same freeze stood already, nothing is new.
    """
    asking = [(item, hit) for item, hit in acting if FREEZING & set(item.band.actions)]
    if asking:
        _hold_accounts([item for item, _hit in asking], claimed)
    placing = set()
    placed_by: dict[tuple[int, int | None], str] = {}  # thousands of one account may hit: what stands is asked for once
    for item, hit in asking:
        row = claimed[item.judged.pk]
        subject = (row.customer_id, None if Action.FREEZE_CUSTOMER in item.band.actions else row.account_id)
        if subject not in placed_by:
            placed_by[subject] = _placed_by(actor, item, row, whole=subject[1] is None)
        if placed_by[subject] == row.reference:
            placing.add(hit.pk)
    return placing


def _placed_by(actor: Actor, item: Found, row: Row, *, whole: bool) -> str:
    """Ask for the freeze; return the reference of the transaction that it was placed for, this one's or an earlier one's."""
    freeze = place_freeze(
        actor=actor,
        customer=Customer.objects.get(pk=row.customer_id),
        account=None if whole else Account.objects.get(pk=row.account_id),
        kind=FreezeKind.DEBIT_BLOCK,
        reason=_freeze_reason(item.rule.code),
        origin=("risk.hit", row.reference),
    )
    return freeze.origin_reference


def _hold_accounts(found: Sequence[Found], claimed: Mapping[int, Row]) -> None:
    """Hold in one order whatever this sitting will hold yet, frozen now or debited: files hold accounts alone and beside it."""
    whole = {claimed[item.judged.pk].customer_id for item in found if Action.FREEZE_CUSTOMER in item.band.actions}
    more = Account.objects.filter(customer_id__in=whole).values_list("pk", flat=True) if whole else ()
    hold([], {row.account_id for row in claimed.values()} | set(more))


def _freeze_reason(code: str) -> str:
    # Stored text, so in the bank's own language and not in that of whoever caused the judgement.
    name = Rule.objects.values_list("name", flat=True).get(code=code)
    with translation.override(settings.LANGUAGE_CODE):
        return gettext("Automatic control by the monitoring rule “%(rule)s”") % {"rule": gettext(name)}
