"""Pages of rules: what each says, its thresholds and where they come from."""

from datetime import timedelta
from typing import Any

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.access.actor import Actor
from crm.access.gate import gated
from crm.access.services import actor_of, get_visible, may
from crm.lists import formats
from crm.lists.columns import Column
from crm.lists.definitions import ListDefinition
from crm.lists.filters import Choice
from crm.lists.views import render_list
from risk.choices import AnomalyKind, Label, RuleState
from risk.models import Rule, RuleFailure, RuleVersion
from risk.rules.definition import definition_of
from risk.rules.labels import fact_label
from risk.rules.text import EXIT_LABELS, UNIT_LABELS, applies_text, band_text, condition_text, fact_text
from risk.services import backtests, failing, rules

STILL = timedelta(days=1)
"""A rule that has not failed for so long is no longer called failing."""
STATE_LEVELS = {RuleState.LIVE: "low", RuleState.SHADOW: "mid", RuleState.TEST: "", RuleState.RETIRED: ""}


def _state(row: Any) -> str:
    return str(RuleState(row.newest_state).label) if row.newest_state else "—"


def _failing(row: Any) -> str:
    if row.failed_at is None:
        return ""
    return gettext("Failing since %(since)s") % {"since": formats.moment(row.failed_since)[:16]}


class RuleList(ListDefinition):
    """All rules, in the order of the scenario catalogue."""

    name = "risk.rule"
    title = _("Monitoring rules")
    permission = "risk.view_rule"
    columns = (
        Column("scenario", _("Scenario"), kind="number", sort="scenario"),
        Column("name", _("Rule"), value=lambda row: gettext(row.name), sort="name", head=True),
        Column("anomaly", _("Anomaly kind"), value="get_anomaly_display", sort="anomaly"),
        Column("state", _("State"), value=_state, kind="badge", level=lambda row: STATE_LEVELS.get(row.newest_state, "")),
        Column("failing", _("Failing"), value=_failing, kind="badge", level=lambda row: "high" if row.failed_at else ""),
        Column("versions", _("Versions"), value="version_count", kind="number"),
        Column("source", _("Source of the thresholds"), value=lambda row: gettext(row.source), kind="why"),
        Column("code", _("Rule code"), kind="mono", sort="code", shown=False),
    )
    filters = (Choice("anomaly", _("Anomaly kind"), AnomalyKind.choices, multiple=True),)
    search = ("code", "name")
    default_sort = ("scenario", "code")

    def queryset(self, actor: Actor) -> QuerySet[Any]:
        """Return the rules, with the state of the version that runs or else of the newest."""
        running = RuleVersion.objects.filter(rule=OuterRef("pk"), state__in=[RuleState.LIVE, RuleState.SHADOW])
        newest = RuleVersion.objects.filter(rule=OuterRef("pk")).order_by("-number")
        state = Coalesce(Subquery(running.values("state")[:1]), Subquery(newest.values("state")[:1]))
        recent = RuleFailure.objects.filter(version__rule=OuterRef("pk"), version__state__in=[RuleState.LIVE, RuleState.SHADOW])
        recent = recent.filter(last_at__gt=timezone.now() - STILL)
        rules_seen = Rule.objects.visible_to(actor).annotate(version_count=Count("versions"), newest_state=state)
        return rules_seen.annotate(failed_at=Subquery(recent.values("last_at")[:1]), failed_since=Subquery(recent.values("since")[:1]))

    def row_url(self, row: Any) -> str:
        """Return the address of the rule's page."""
        return reverse("risk:rule", args=[row.code])

    def row_key(self, row: Any) -> str:
        """Return the rule's code."""
        return str(row.code)


@gated("risk.view_rule")
def rule_list(request: HttpRequest) -> HttpResponse:
    """Show all rules."""
    return render_list(request, RuleList(), "risk/rule_list.html", {"may_see": may(actor_of(request), "risk.view_backtest")})


@gated("risk.view_rule")
def rule_detail(request: HttpRequest, code: str) -> HttpResponse:
    """Show what a rule says, with its thresholds; the look is written in the log."""
    actor = actor_of(request)
    rule = get_visible(Rule.objects.all(), actor, code=code)
    versions = list(rules.look_at(actor=actor, rule=rule))
    running = next((row for row in versions if row.state in (RuleState.LIVE, RuleState.SHADOW)), versions[0] if versions else None)
    context = {
        "rule": rule,
        "versions": versions,
        "version": running,
        "said": _said(running) if running else None,
        "failure": failing.failure_of(running),
    }
    context["may_try"] = may(actor, backtests.ADD)
    return render(request, "risk/rule.html", context)


def _said(version: RuleVersion) -> dict[str, Any]:
    definition = definition_of(version.definition, version.parameters)
    return {
        "applies": applies_text(definition),
        "subject": definition.subject,
        "facts": [(fact_label(name), fact_text(fact)) for name, fact in definition.facts.items()],
        "bands": [band_text(band) for band in definition.bands],
        "stops": any(band.label in (Label.HOLD, Label.DECLINE) for band in definition.bands),
        "exits": [(EXIT_LABELS[way.name], condition_text(way.when)) for way in definition.exits],
        "parameters": [
            (gettext(item.label), item.value, UNIT_LABELS[item.unit], gettext(item.source) if item.source else "")
            for item in definition.parameters.values()
        ],
    }
