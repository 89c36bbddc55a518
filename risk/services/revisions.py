"""Why a transaction was judged again and what changed: facts before and after, hits that came and went, what had arrived meanwhile."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from itertools import pairwise

from django.db.models import Q

from risk.models import Assessment, Rule
from risk.rules.labels import fact_label
from risk.rules.text import fact_text
from risk.services.replaying import UnknownRuleSet, program_of_set
from transactions.choices import OwedCause, Status
from transactions.models import Transaction

SHOWN = 5
FROM_EVENTS = (OwedCause.LATE, OwedCause.CORRECTED, OwedCause.REVERSED, OwedCause.RATED)
ENDED = (Status.FAILED, Status.ABORTED, Status.REVOKED, Status.DECLINED, Status.REFUSED, Status.REVERSED)
Named = dict[str, tuple[str, str]]


@dataclass(frozen=True)
class Change:
    """One fact that is another one now; None is unknown. ``told`` is how it is computed, in words."""

    label: str
    told: str
    before: Decimal | None
    after: Decimal | None


@dataclass
class Revision:
    """A judgement after the first, against the one before it; ``arrived`` came to be known between the two, as far as can be said."""

    assessment: Assessment
    before: Assessment
    changes: list[Change] = field(default_factory=list)
    gone: list[Rule] = field(default_factory=list)
    new: list[Rule] = field(default_factory=list)
    arrived: list[Transaction] = field(default_factory=list)


def revisions_of(row: Transaction, assessments: Sequence[Assessment]) -> list[Revision]:
    """Return the later judgements of a transaction, newest first; ``assessments`` are its own, with their hits at hand."""
    ordered = sorted(assessments, key=lambda one: one.revision)
    return [_compared(row, before, after) for before, after in pairwise(ordered)][::-1]


def _compared(row: Transaction, before: Assessment, after: Assessment) -> Revision:
    then, now = _rules(before), _rules(after)
    return Revision(
        assessment=after,
        before=before,
        changes=_changes(before, after),
        gone=[rule for pk, rule in then.items() if pk not in now],
        new=[rule for pk, rule in now.items() if pk not in then],
        arrived=_arrived(row, before, after),
    )


def _rules(assessment: Assessment) -> dict[int, Rule]:
    return {hit.rule_version.rule_id: hit.rule_version.rule for hit in assessment.hits.all()}


def _changes(before: Assessment, after: Assessment) -> list[Change]:
    then, now = _values(before), _values(after)
    names = _names(after) | _names(before)
    return [
        Change(*names[identity], before=then[identity], after=now[identity])
        for identity in now
        if identity in then and then[identity] != now[identity] and identity in names
    ]


def _values(assessment: Assessment) -> dict[str, Decimal | None]:
    try:
        facts = program_of_set(assessment.rule_set_id).facts
    except UnknownRuleSet:
        return {}
    return {fact.identity: value for fact, value in zip(facts, assessment.facts, strict=False)}


def _names(assessment: Assessment) -> Named:
    try:
        program = program_of_set(assessment.rule_set_id)
    except UnknownRuleSet:
        return {}
    pairs = [(name, fact) for rule in program.rules for name, fact in rule.definition.facts.items()]
    return {fact.identity: (fact_label(name), fact_text(fact)) for name, fact in pairs}


def _arrived(row: Transaction, before: Assessment, after: Assessment) -> list[Transaction]:
    """What of this customer, up to this event, came, changed or was rated between the two judgements."""
    if after.cause not in FROM_EVENTS:
        return []
    between = (before.judged_at, after.judged_at)
    news = Q(received_at__range=between) | Q(status_events__received_at__range=between, status_events__status__in=ENDED)
    news |= Q(reversed_at__range=between) | Q(rated_at__range=between)
    rows = Transaction.objects.filter(news, customer=row.customer_id, event_order__lte=row.event_order)
    if after.cause in (OwedCause.LATE, OwedCause.CORRECTED):
        rows = rows.exclude(pk=row.pk)
    return list(rows.distinct().order_by("-event_order")[:SHOWN])
