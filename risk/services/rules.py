"""Rules as data: loading the shipped catalogue, and looking at parameters."""

from typing import Any

from django.db import transaction
from django.utils import timezone

from crm.access.actor import Actor
from crm.access.services import require
from crm.log import services as log
from risk.choices import RuleState
from risk.models import DatedValue, Rule, RuleVersion
from risk.rules.catalogue import Shipped, shipped
from risk.rules.definition import definition_of
from risk.rules.references import shipped_references


@transaction.atomic
def load_catalogue(*, actor: Actor) -> list[str]:
    """Load the shipped rules and references; return the codes of rules that are new or came with a new version.

    Idempotent. A rule whose running version a person proposed is the bank's own and stays as it is.
    """
    require(actor, "risk.load_rules")
    loaded = [row.code for row in shipped() if _load(row)]
    references = DatedValue.objects.bulk_create(
        (
            DatedValue(table=row.table, key=row.key, value=row.value, valid_from=row.valid_from, source=row.source)
            for row in shipped_references()
        ),
        ignore_conflicts=True,
    )
    if loaded:
        log.record(actor=actor, action="rules.loaded", data={"rules": loaded, "references": len(references)})
    return loaded


def _load(row: Shipped) -> bool:
    definition_of(row.definition, row.parameters)
    rule, _made = Rule.objects.update_or_create(
        code=row.code, defaults={"scenario": row.scenario, "name": row.name, "anomaly": row.anomaly, "source": row.source}
    )
    newest = RuleVersion.objects.filter(rule=rule).order_by("-number").first()
    if newest is not None and (newest.proposed_by_id is not None or _same(newest, row)):
        return False
    now = timezone.now()
    RuleVersion.objects.filter(rule=rule, state__in=[RuleState.LIVE, RuleState.SHADOW]).update(state=RuleState.RETIRED, retired_at=now)
    RuleVersion.objects.create(
        rule=rule,
        number=newest.number + 1 if newest else 1,
        state=row.state,
        definition=row.definition,
        parameters=row.parameters,
        activated_at=now if row.state == RuleState.LIVE else None,
    )
    return True


def _same(version: RuleVersion, row: Shipped) -> bool:
    return bool(version.definition == row.definition and version.parameters == row.parameters)


@transaction.atomic
def look_at(*, actor: Actor, rule: Rule) -> Any:
    """Return the rule's versions with their parameters; thresholds are sensitive, so each look is a line in the log."""
    require(actor, "risk.view_rule", rule)
    log.record(actor=actor, action="rule.viewed", target=rule)
    return rule.versions.order_by("-number").select_related("proposed_by", "activated_by")
