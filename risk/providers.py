"""What monitoring registers with the ground: menu badges, home tiles, search hits, sweeps."""

from typing import Any

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm.access.actor import SYSTEM, Actor
from crm.access.services import may
from crm.staff import tiles
from crm.ui.search import Hit, Query
from risk.choices import AlertState, CaseState, InquiryState
from risk.models import Alert, Case, Inquiry
from risk.services import queue


def waiting_alerts(user: Any) -> int:
    """Return how many alerts wait."""
    return Alert.objects.visible_to(user).filter(state__in=queue.WAITING).count()


def open_cases(user: Any) -> int:
    """Return how many cases are open."""
    return Case.objects.visible_to(user).filter(state=CaseState.OPEN).count()


def open_inquiries(user: Any) -> int:
    """Return how many inquiries wait for an answer."""
    return Inquiry.objects.visible_to(user).filter(state=InquiryState.ASKED).count()


def alert_tile(actor: Actor) -> dict[str, Any]:
    """Return the figures of the queue, each opening its list."""
    waiting = Alert.objects.visible_to(actor).filter(state__in=queue.WAITING)
    late = waiting.filter(due_at__lte=timezone.now()).count()
    where = reverse("risk:alert_list")
    figures = [
        tiles.Figure(label=_("Unclaimed"), value=waiting.filter(claimed_by=None).count(), url=f"{where}?state={AlertState.OPEN}"),
        tiles.Figure(label=_("Overdue"), value=late, url=f"{where}?overdue=on", level="high" if late else ""),
    ]
    if may(actor, queue.WORK):
        mine = waiting.filter(claimed_by_id=actor.user_id).count()
        figures.insert(1, tiles.Figure(label=_("Claimed by you"), value=mine, url=f"{where}?mine=on&state={AlertState.CLAIMED}"))
    if may(actor, "risk.view_case"):
        url = f"{reverse('risk:case_list')}?state={CaseState.OPEN}"
        figures.append(tiles.Figure(label=_("Open cases"), value=open_cases(actor), url=url))
    if may(actor, "risk.view_inquiry"):
        url = f"{reverse('risk:inquiry_list')}?state={InquiryState.ASKED}"
        figures.append(tiles.Figure(label=_("Inquiries waiting"), value=open_inquiries(actor), url=url))
    return {"figures": figures}


def inquiry_tile(actor: Actor) -> dict[str, Any] | None:
    """Return what head office asks a relationship manager; nothing for officers, who have the queue."""
    if may(actor, "risk.view_alert"):
        return None
    where = f"{reverse('risk:inquiry_list')}?state={InquiryState.ASKED}"
    return {"figures": [tiles.Figure(label=_("Inquiries to answer"), value=open_inquiries(actor), url=where)]}


def find_work(user: Any, query: Query) -> list[Hit]:
    """Return the alert, case or inquiry with this reference."""
    text = query.upper()
    if text[:2] == "W-" and may(user, "risk.view_alert"):
        alerts = Alert.objects.visible_to(user).filter(reference=text).select_related("customer", "rule")
        return [
            Hit(
                _("Alerts"),
                row.reference,
                f"{row.customer.name} · {gettext(row.rule.name)}",
                reverse("risk:alert", args=[row.reference]),
                _("Reference"),
            )
            for row in alerts
        ]
    if text[:2] == "K-" and may(user, "risk.view_case"):
        found = Case.objects.visible_to(user).filter(reference=text).select_related("customer")
        return [
            Hit(_("Cases"), row.reference, row.customer.name, reverse("risk:case", args=[row.reference]), _("Reference")) for row in found
        ]
    if text[:2] == "Q-" and may(user, "risk.view_inquiry"):
        asked = Inquiry.objects.visible_to(user).filter(reference=text).select_related("customer")
        return [
            Hit(_("Inquiries"), row.reference, row.customer.name, reverse("risk:inquiry", args=[row.reference]), _("Reference"))
            for row in asked
        ]
    return []


def sweep_overdue() -> None:
    """Escalate alerts that passed their time limit."""
    queue.escalate_overdue(actor=SYSTEM)
