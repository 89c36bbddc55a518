"""The large-value register: rows that grow with a customer's day, exempt by kind or by a person, due in five business days."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.actor import Actor
from crm.access.errors import DomainError
from crm.access.services import require
from crm.calendar.services import add_business_days, today
from crm.log import services as log
from risk.choices import Exemption, ReportRowState
from risk.engine.cursor import run_for
from risk.engine.day_sums import DaySum, day_sums, kinds
from risk.engine.program import Program, Rule
from risk.facts.declarations import WindowFact
from risk.models import LargeValueRow, RuleVersion
from risk.services.judging import Judged
from transactions.choices import Kind
from transactions.services.locks import hold

DUE_BUSINESS_DAYS = 5
BY_KIND: Mapping[str, Exemption] = {
    Kind.INTEREST: Exemption.INTEREST,
    Kind.TAX: Exemption.TAX,
    Kind.TERM_ROLLOVER: Exemption.TERM_DEPOSIT,
}
"""Grounds that the kind of a transaction proves by itself (PBoC Order [2016] No. 3, art. 7); all others need a person."""
Key = tuple[int, object, str, str]


class RowNotOpen(DomainError):
    """The day's sum no longer reaches the limit, or the row was decided already."""

    code = "row_not_open"
    message = _("This row was decided already, or its sum no longer reaches the limit.")


class SumMoved(DomainError):
    """What was reported is not what the row says now."""

    code = "sum_moved"
    message = _("The day's sum has changed since you opened the page. Look at it again.")


class GroundNeeded(DomainError):
    """An exemption says on which ground and why."""

    code = "ground_needed"
    message = _("Give the ground and the reason.")
    field = "reason"


def refresh(*, actor: Actor, program: Program, judged: Sequence[Judged]) -> int:
    """Bring the register up to date with the days of these transactions; return how many rows changed.

    The caller holds the customers. Rows exist from the moment a sum reaches its limit; one that falls below again stays,
    marked as no longer supported. What was reported is never touched: a changed sum drafts a correction of it.
    """
    rules = [(place, rule) for place, rule in enumerate(program.rules) if rule.definition.register and not rule.shadow]
    standing = _standing([row.pk for row in judged])
    if not standing and not any(row.answers[place] > 0 for row in judged for place, _rule in rules):
        return 0
    numbers = dict(RuleVersion.objects.filter(pk__in=[rule.version_id for _place, rule in rules]).values_list("pk", "rule_id"))
    changed = []
    for place, rule in rules:
        rule_id = numbers[rule.version_id]
        looked_at = [row.pk for row in judged if row.answers[place] > 0] + standing.get(rule_id, [])
        fact = rule.definition.facts[rule.definition.register]
        if looked_at and isinstance(fact, WindowFact):
            changed += _bring_up(actor, rule, rule_id, day_sums(fact, sorted(set(looked_at))))
    if changed:
        leaves = [(row.reference, f"{row.rule_id} {row.bank_date} {row.direction} {row.total} {row.state}".encode()) for row in changed]
        log.record_batch(actor=actor, action="large_value.refreshed", leaves=leaves, data={"rows": len(changed)})
    return len(changed)


def _standing(pks: list[int]) -> dict[int, list[int]]:
    """For each rule one transaction of every register row that exists for the customers' days of these transactions."""
    standing: dict[int, list[int]] = {}
    for rule_id, pk in run_for(_STANDING, pks):
        standing.setdefault(rule_id, []).append(pk)
    return standing


_STANDING = """
SELECT r.rule_id, part.transaction_id FROM risk_largevaluerow_transactions part JOIN risk_largevaluerow r ON r.id = part.largevaluerow_id
 WHERE part.transaction_id = ANY(%(ids)s::bigint[])"""


def _bring_up(actor: Actor, rule: Rule, rule_id: int, sums: Sequence[DaySum]) -> list[LargeValueRow]:
    known = _latest(rule_id, sums)
    changed = []
    for one in sums:
        limit = rule.definition.parameters[f"limit_{one.currency_group.lower()}"].value
        row = known.get((one.customer_id, one.bank_date, one.direction, one.currency_group))
        if row is None and one.total < limit:
            continue
        if row is not None and row.total == one.total and (row.threshold == limit or row.state == ReportRowState.REPORTED):
            continue
        if row is None or row.state == ReportRowState.REPORTED:
            changed.append(_write(_begun(rule_id, one, corrects=row), one, limit))
        else:
            changed.append(_rewritten(actor, row, one, limit))
    return changed


def _latest(rule_id: int, sums: Sequence[DaySum]) -> dict[Key, LargeValueRow]:
    """The newest revision of each row of these customers and days."""
    customers, days = {one.customer_id for one in sums}, {one.bank_date for one in sums}
    rows = LargeValueRow.objects.filter(rule_id=rule_id, customer_id__in=customers, bank_date__in=days).select_related("corrects")
    return {(row.customer_id, row.bank_date, row.direction, row.currency_group): row for row in rows.order_by("revision")}


def _begun(rule_id: int, one: DaySum, *, corrects: LargeValueRow | None) -> LargeValueRow:
    """A new row; a correction is due in five business days from the day on which it became known."""
    return LargeValueRow(
        rule_id=rule_id,
        customer_id=one.customer_id,
        bank_date=one.bank_date,
        direction=one.direction,
        currency_group=one.currency_group,
        due_on=add_business_days(today() if corrects else one.bank_date, DUE_BUSINESS_DAYS),
        corrects=corrects,
        revision=corrects.revision + 1 if corrects else 1,
    )


def _rewritten(actor: Actor, row: LargeValueRow, one: DaySum, limit: Decimal) -> LargeValueRow:
    """A person decided on another sum: the row is open again, and the log says what had been decided."""
    before = decision_of(row) if row.decided_at else None
    row = _write(row, one, limit)
    if before is not None:
        log.record(actor=actor, action="large_value.overtaken", target=row, data={"before": before, "after": decision_of(row)})
    return row


def _write(row: LargeValueRow, one: DaySum, limit: Decimal) -> LargeValueRow:
    row.total, row.threshold, row.updated_at = one.total, limit, timezone.now()
    row.decided_by, row.decided_at, row.exemption, row.exemption_reason = None, None, "", ""
    row.state = _state(row, one, limit)
    ground = _ground(one, limit)
    # Whoever has reported a sum corrects it; what kinds prove holds for a first report only.
    if row.state == ReportRowState.DRAFT and ground and row.corrects is None:
        row.state, row.exemption = ReportRowState.EXEMPT, ground
    row.save()
    row.transactions.set(one.ids)
    return row


def _state(row: LargeValueRow, one: DaySum, limit: Decimal) -> ReportRowState:
    """A first row is owed from the limit on; a correction as long as the sum is not the one that was reported."""
    owed = one.total >= limit if row.corrects is None else one.total != row.corrects.total
    return ReportRowState.DRAFT if owed else ReportRowState.UNSUPPORTED


def decision_of(row: LargeValueRow) -> dict[str, str]:
    """What a line of the log keeps of a row: the sum and what was decided about it, by whom and when."""
    return {
        "state": str(row.state),
        "total": str(row.total),
        "threshold": str(row.threshold),
        "ground": row.exemption,
        "reason": row.exemption_reason,
        "decided_by": row.decided_by.number if row.decided_by else "",
        "decided_at": row.decided_at.isoformat() if row.decided_at else "",
    }


def _ground(one: DaySum, limit: Decimal) -> str:
    """The ground that kinds alone prove: without the exempt ones the sum stays below the limit."""
    exempt = {kind: total for kind, total in kinds(one).items() if kind in BY_KIND}
    if not exempt or one.total - sum(exempt.values()) >= limit:
        return ""
    return BY_KIND[max(exempt, key=lambda kind: (exempt[kind], kind))]


@transaction.atomic
def exempt(*, actor: Actor, row: LargeValueRow, ground: str, reason: str) -> LargeValueRow:
    """Take a row out of reporting on a ground of art. 7, with the reason kept."""
    if ground not in Exemption.values or len(reason.strip()) < 4:
        raise GroundNeeded
    return _decide(actor, row, ReportRowState.EXEMPT, "large_value.exempted", ground, reason.strip())


@transaction.atomic
def mark_reported(*, actor: Actor, row: LargeValueRow, total: str = "") -> LargeValueRow:
    """Write down that the row was sent to the regulator, for good; ``total`` is the sum that the person saw and sent."""
    return _decide(actor, row, ReportRowState.REPORTED, "large_value.reported", total=total)


@transaction.atomic
def reopen(*, actor: Actor, row: LargeValueRow, reason: str) -> LargeValueRow:
    """Take back an exemption; the row must be reported or exempted again."""
    if len(reason.strip()) < 4:
        raise GroundNeeded
    return _decide(actor, row, ReportRowState.DRAFT, "large_value.reopened", reason=reason.strip())


BEFORE = {
    ReportRowState.EXEMPT: (ReportRowState.DRAFT,),
    ReportRowState.REPORTED: (ReportRowState.DRAFT,),
    ReportRowState.DRAFT: (ReportRowState.EXEMPT,),
}


def _decide(
    actor: Actor, row: LargeValueRow, state: ReportRowState, action: str, ground: str = "", reason: str = "", *, total: str = ""
) -> LargeValueRow:
    require(actor, "risk.decide_largevaluerow", row)
    # The customer first, as judging does: the sum that is decided on cannot move meanwhile.
    hold([row.customer_id], [])
    row = LargeValueRow.objects.locked().select_related("customer", "decided_by").get(pk=row.pk)
    if row.state not in BEFORE[state]:
        raise RowNotOpen
    if total and total != str(row.total):
        raise SumMoved
    before = decision_of(row)
    row.state, row.exemption, row.exemption_reason = state, ground, reason[:300] if state == ReportRowState.EXEMPT else ""
    row.decided_by, row.decided_at, row.updated_at = actor.user, timezone.now(), timezone.now()
    row.save(update_fields=["state", "exemption", "exemption_reason", "decided_by", "decided_at", "updated_at"])
    log.record(actor=actor, action=action, target=row, reason=reason, data={"before": before, "after": decision_of(row)})
    return row
