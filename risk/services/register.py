"""The large-value register: rows that grow with a customer's day, exempt by kind or by a person, due in five business days."""

from collections.abc import Mapping, Sequence
from decimal import Decimal

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.access.actor import Actor
from crm.access.errors import DomainError
from crm.access.services import require
from crm.calendar.services import add_business_days
from crm.log import services as log
from risk.choices import Exemption, ReportRowState
from risk.engine.day_sums import DaySum, day_sums, kinds
from risk.engine.program import Program, Rule
from risk.facts.declarations import WindowFact
from risk.models import LargeValueRow, RuleVersion
from risk.services.judging import Judged
from transactions.choices import Kind

DUE_BUSINESS_DAYS = 5
BY_KIND: Mapping[str, Exemption] = {
    Kind.INTEREST: Exemption.INTEREST,
    Kind.TAX: Exemption.TAX,
    Kind.TERM_ROLLOVER: Exemption.TERM_DEPOSIT,
}
"""Grounds that the kind of a transaction proves by itself (PBoC Order [2016] No. 3, art. 7); all others need a person."""
Key = tuple[int, int, object, str, str]


class RowNotOpen(DomainError):
    """The day's sum no longer reaches the limit, or the row was decided already."""

    code = "row_not_open"
    message = _("This row was decided already, or its sum no longer reaches the limit.")


class GroundNeeded(DomainError):
    """An exemption says on which ground and why."""

    code = "ground_needed"
    message = _("Give the ground and the reason.")
    field = "reason"


def refresh(*, actor: Actor, program: Program, judged: Sequence[Judged]) -> int:
    """Bring the register up to date with the days of these transactions; return how many rows changed.

    The caller holds the customers. Rows exist from the moment a sum reaches its limit; one that falls below again stays,
    marked as no longer supported.
    """
    rules = [(place, rule) for place, rule in enumerate(program.rules) if rule.definition.register and not rule.shadow]
    numbers = dict(RuleVersion.objects.filter(pk__in=[rule.version_id for _place, rule in rules]).values_list("pk", "rule_id"))
    standing = _standing([row.pk for row in judged])
    changed = []
    for place, rule in rules:
        rule_id = numbers[rule.version_id]
        looked_at = [row.pk for row in judged if row.answers[place] > 0] + standing.get(rule_id, [])
        fact = rule.definition.facts[rule.definition.register]
        if looked_at and isinstance(fact, WindowFact):
            changed += _bring_up(rule, rule_id, day_sums(fact, sorted(set(looked_at))))
    if changed:
        leaves = [(row.reference, f"{row.rule_id} {row.bank_date} {row.direction} {row.total} {row.state}".encode()) for row in changed]
        log.record_batch(actor=actor, action="large_value.refreshed", leaves=leaves, data={"rows": len(changed)})
    return len(changed)


def _standing(pks: list[int]) -> dict[int, list[int]]:
    """For each rule one transaction of every register row that exists for the customers' days of these transactions."""
    statement = """
        SELECT r.rule_id, part.transaction_id
        FROM unnest(%s::bigint[]) AS judged (id)
        JOIN risk_largevaluerow_transactions part ON part.transaction_id = judged.id
        JOIN risk_largevaluerow r ON r.id = part.largevaluerow_id"""
    standing: dict[int, list[int]] = {}
    with connection.cursor() as cursor:
        cursor.execute(statement, [pks])
        for rule_id, pk in cursor.fetchall():
            standing.setdefault(rule_id, []).append(pk)
    return standing


def _bring_up(rule: Rule, rule_id: int, sums: Sequence[DaySum]) -> list[LargeValueRow]:
    customers = {one.customer_id for one in sums}
    days = {one.bank_date for one in sums}
    rows = LargeValueRow.objects.filter(rule_id=rule_id, customer_id__in=customers, bank_date__in=days)
    known: dict[Key, LargeValueRow] = {
        (row.rule_id, row.customer_id, row.bank_date, row.direction, row.currency_group): row for row in rows
    }
    changed = []
    for one in sums:
        limit = rule.definition.parameters[f"limit_{one.currency_group.lower()}"].value
        row = known.get((rule_id, one.customer_id, one.bank_date, one.direction, one.currency_group))
        if row is None and one.total < limit:
            continue
        if row is not None and row.total == one.total and row.threshold == limit:
            continue
        changed.append(_write(row, rule_id, one, limit))
    return changed


def _write(row: LargeValueRow | None, rule_id: int, one: DaySum, limit: Decimal) -> LargeValueRow:
    row = row or LargeValueRow(
        rule_id=rule_id,
        customer_id=one.customer_id,
        bank_date=one.bank_date,
        direction=one.direction,
        currency_group=one.currency_group,
        due_on=add_business_days(one.bank_date, DUE_BUSINESS_DAYS),
    )
    row.total, row.threshold, row.updated_at = one.total, limit, timezone.now()
    # A person decided on another sum: the row is open again.
    row.decided_by, row.decided_at, row.exemption, row.exemption_reason = None, None, "", ""
    row.state = ReportRowState.DRAFT if one.total >= limit else ReportRowState.UNSUPPORTED
    ground = _ground(one, limit)
    if row.state == ReportRowState.DRAFT and ground:
        row.state, row.exemption = ReportRowState.EXEMPT, ground
    row.save()
    row.transactions.set(one.ids)
    return row


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
def mark_reported(*, actor: Actor, row: LargeValueRow) -> LargeValueRow:
    """Write down that the row was sent to the regulator."""
    return _decide(actor, row, ReportRowState.REPORTED, "large_value.reported")


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


def _decide(actor: Actor, row: LargeValueRow, state: ReportRowState, action: str, ground: str = "", reason: str = "") -> LargeValueRow:
    require(actor, "risk.decide_largevaluerow", row)
    row = LargeValueRow.objects.locked().get(pk=row.pk)
    if row.state not in BEFORE[state]:
        raise RowNotOpen
    row.state, row.exemption, row.exemption_reason = state, ground, reason[:300] if state == ReportRowState.EXEMPT else ""
    row.decided_by_id, row.decided_at, row.updated_at = actor.user_id, timezone.now(), timezone.now()
    row.save(update_fields=["state", "exemption", "exemption_reason", "decided_by", "decided_at", "updated_at"])
    log.record(actor=actor, action=action, target=row, reason=reason, data={"total": row.total, "ground": ground})
    return row
