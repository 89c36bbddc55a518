"""Panels and words of monitoring for pages of lower apps."""

from typing import Any

from django.template import Context, Library
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from crm.access.services import actor_of, may
from crm.ui.templatetags.ui_values import badge
from customers.models import Customer
from risk.definitions.handling_report import entry_label as label_of_entry
from risk.forms import ReasonForm
from risk.models import Alert, Assessment, CaseEntry, Rule
from risk.rules.definition import ENGINE_ERROR
from risk.services import again, revisions, softened
from transactions.choices import Screening
from transactions.models import Transaction

register = Library()
LEVELS = {"high": "high", "mid": "mid", "low": "low"}
VERDICT_LEVELS = {"allow": "low", "challenge": "mid", "review": "mid", "hold": "hold", "decline": "high"}


@register.simple_tag
def rule_name(rule: Rule) -> str:
    """The rule's name in the reader's language."""
    return _(rule.name)


@register.simple_tag
def alert_band(alert: Alert) -> SafeString:
    """The band and priority of an alert as a badge."""
    return badge(f"{alert.get_band_display()} {alert.priority}", LEVELS[alert.band])


@register.simple_tag
def entry_label(entry: CaseEntry) -> str:
    """What an entry of a case says."""
    return label_of_entry(entry.kind)


@register.inclusion_tag("risk/_customer_brief.html")
def customer_brief(customer: Customer) -> dict[str, Any]:
    """Who an alert or a case is about, masked."""
    return {"customer": customer, "url": reverse("customers:customer", args=[customer.reference])}


@register.inclusion_tag("risk/_customer_alerts.html", takes_context=True)
def customer_alerts(context: Context, customer: Customer) -> dict[str, Any]:
    """The customer's alerts and cases; nothing at all for those who may not know that there are any."""
    actor = actor_of(context["request"])
    if not may(actor, "risk.view_alert"):
        return {"shown": False}
    alerts = Alert.objects.visible_to(actor).filter(customer=customer).select_related("rule", "case").order_by("-created_at")[:10]
    return {"shown": True, "alerts": alerts, "customer": customer}


@register.inclusion_tag("risk/_transaction_verdict.html", takes_context=True)
def transaction_verdict(context: Context, row: Transaction) -> dict[str, Any]:
    """What the rules said of a transaction, every revision; nothing at all for those who may not see verdicts."""
    if not may(actor_of(context["request"]), "risk.view_assessment", row):
        return {"shown": False}
    rows = Assessment.objects.filter(transaction=row).order_by("-revision")
    verdicts = list(rows.prefetch_related("hits__rule_version__rule", "hits__withdrawn_by"))
    alerts = Alert.objects.filter(alert_hits__transaction=row).distinct().order_by("-created_at")
    failed = bool(verdicts) and ENGINE_ERROR in verdicts[0].exits.values()
    may_ask = failed and row.screening == Screening.JUDGED and may(actor_of(context["request"]), again.AGAIN, row)
    return {
        "shown": True,
        "verdicts": verdicts,
        "revisions": revisions.revisions_of(row, verdicts),
        "alerts": alerts,
        "row": row,
        "sees_rules": may(actor_of(context["request"]), "risk.view_rule"),
        "again_form": ReasonForm() if may_ask else None,
        "failed": sorted(code for code, exit_name in verdicts[0].exits.items() if exit_name == ENGINE_ERROR) if failed else [],
        "request": context["request"],
    }


@register.simple_tag
def asked_label(verdict: Assessment, row: Transaction) -> str:
    """What the rules asked for where the verdict is milder, because the money had moved; nothing where it is what they asked for."""
    asked = softened.asked_of(verdict, row)
    return str(asked.label) if asked else ""


@register.filter
def verdict_level(label: str) -> str:
    """The level of a verdict's badge."""
    return VERDICT_LEVELS.get(label, "")


@register.simple_tag
def alert_link(alert: Alert) -> SafeString:
    """A link to an alert."""
    return format_html('<a href="{}">{}</a>', reverse("risk:alert", args=[alert.reference]), alert.reference)
