"""What monitoring registers with the ground: menu badges, home tiles, search hits, sweeps, the handling report as an export."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from audit.definitions import compliance
from crm.access.actor import SYSTEM, Actor
from crm.access.errors import AccessError
from crm.access.remembered import remembered
from crm.access.services import get_visible, may
from crm.exports.handlers import Made, Params, Source, Wanted
from crm.lists import formats
from crm.lists.sheets import Mark
from crm.staff import tiles
from crm.ui import menu
from crm.ui.banners import Said
from crm.ui.search import Hit, Query
from customers.models import Customer
from risk.choices import AlertState, Band, CaseState, InquiryState, RuleState
from risk.definitions.handling_report import Part, handling_report, parts_of
from risk.models import Alert, Case, Inquiry, Rule
from risk.services import delays, queue


def waiting_alerts(user: Any) -> int:
    """Return how many alerts wait, for the rail."""
    asked = queue.figures_asked(user)
    return _pressing(user)[0] if asked is None else asked.waiting


def overdue_alerts(user: Any) -> int:
    """Return how many of them are past their time limit, counted as far as the rail counts."""
    return _pressing(user)[1]


def _pressing(user: Any) -> tuple[int, int]:
    return remembered(("pressing alerts", queue.number_of(user)), lambda: queue.most_pressing(user, menu.MOST + 1))


def open_cases(user: Any) -> int:
    """Return how many cases are open, for the rail."""
    return menu.counted(_open_cases(user))


def open_inquiries(user: Any) -> int:
    """Return how many inquiries wait for an answer, for the rail."""
    return menu.counted(_asked_inquiries(user))


def _open_cases(user: Any) -> QuerySet[Case]:
    return Case.objects.visible_to(user).filter(state=CaseState.OPEN)


def _asked_inquiries(user: Any) -> QuerySet[Inquiry]:
    return Inquiry.objects.visible_to(user).filter(state=InquiryState.ASKED)


def alert_tile(actor: Actor) -> dict[str, Any]:
    """Return the figures of the queue, each opening its list."""
    found = queue.figures(actor)
    where = reverse("risk:alert_list")
    figures = [
        tiles.Figure(label=_("Unclaimed"), value=found.unclaimed, url=f"{where}?state={AlertState.OPEN}"),
        tiles.Figure(label=_("Overdue"), value=found.late, url=f"{where}?overdue=on", level="high" if found.late else ""),
    ]
    if may(actor, queue.WORK):
        figures.insert(1, tiles.Figure(label=_("Claimed by you"), value=found.mine, url=f"{where}?mine=on&state={AlertState.CLAIMED}"))
    if may(actor, "risk.view_case"):
        url = f"{reverse('risk:case_list')}?state={CaseState.OPEN}"
        figures.append(tiles.Figure(label=_("Open cases"), value=_open_cases(actor).count(), url=url))
    if may(actor, "risk.view_inquiry"):
        url = f"{reverse('risk:inquiry_list')}?state={InquiryState.ASKED}"
        figures.append(tiles.Figure(label=_("Inquiries waiting"), value=_asked_inquiries(actor).count(), url=url))
    return {"figures": figures}


def urgent_tile(actor: Actor) -> dict[str, Any]:
    """Return the alerts that nobody has finished, the most urgent first."""
    waiting = Alert.objects.visible_to(actor).filter(state__in=queue.WAITING).select_related("customer", "rule")
    rows = waiting.order_by("-priority", "created_at")[: tiles.LONGEST]
    lines = [
        tiles.Line(
            label=gettext(row.rule.name),
            url=reverse("risk:alert", args=[row.reference]),
            detail=f"{row.customer.name} · {formats.amount(row.amount_at_risk)}",
            note=gettext("due %(at)s") % {"at": formats.moment(row.due_at)[:16]},
            level=row.band if row.band != Band.LOW else "",
        )
        for row in rows
    ]
    return {"lines": lines, "nothing": _("No alert waits.")}


def case_tile(actor: Actor) -> dict[str, Any] | None:
    """Return one's own open cases, the next due first."""
    if not may(actor, queue.WORK):
        return None
    rows = Case.objects.visible_to(actor).filter(state=CaseState.OPEN, officer_id=actor.user_id).select_related("customer")
    return {"lines": [_due(row, "risk:case") for row in rows.order_by("due_at")[: tiles.LONGEST]], "nothing": _("You have no open case.")}


def asked_tile(actor: Actor) -> dict[str, Any] | None:
    """Return the questions that wait for this relationship manager's answer."""
    if may(actor, "risk.view_alert"):
        return None
    rows = Inquiry.objects.visible_to(actor).filter(state=InquiryState.ASKED).select_related("customer").order_by("due_at")
    return {"lines": [_due(row, "risk:inquiry") for row in rows[: tiles.LONGEST]], "nothing": _("Head office asks nothing of you.")}


def _due(row: Any, url_name: str) -> tiles.Line:
    return tiles.Line(
        label=row.reference,
        url=reverse(url_name, args=[row.reference]),
        detail=row.customer.name,
        note=gettext("due %(at)s") % {"at": formats.moment(row.due_at)[:16]},
        level="high" if row.due_at <= timezone.now() else "",
    )


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


DELAY_PAGES = ("staff:home", "risk:alert_list", "risk:alert", "risk:case_list", "risk:assessment_list", "risk:rule_list", "risk:rule")


def delay_banner(_user: Any) -> Said | None:
    """Return how late judging is. Where no worker is alive to tell the others, this page does."""
    delay = delays.present_delay()
    if delay is None:
        return None
    delays.watch(actor=SYSTEM)
    values = {"time": _span(timezone.now() - delay.since), "since": formats.moment(delay.since), "n": delay.waiting}
    if delay.is_many:
        text = gettext(
            "The oldest transaction without a verdict has waited for %(time)s, since %(since)s. Waiting in all: more than %(n)s."
        )
        values["n"] = delays.COUNTED
    else:
        text = gettext("The oldest transaction without a verdict has waited for %(time)s, since %(since)s. Waiting in all: %(n)s.")
    return Said(_("Judging is delayed"), text % values, "high")


def _span(waited: timedelta) -> str:
    minutes, seconds = divmod(int(waited.total_seconds()), 60)
    if minutes < 60:
        return gettext("%(minutes)s min %(seconds)s s") % {"minutes": minutes, "seconds": seconds}
    return gettext("%(hours)s h %(minutes)s min") % {"hours": minutes // 60, "minutes": minutes % 60}


def sweep_delay() -> None:
    """Tell of verdicts that come late, and when that is over."""
    delays.watch(actor=SYSTEM)


def sweep_overdue() -> None:
    """Escalate alerts that passed their time limit."""
    queue.escalate_overdue(actor=SYSTEM)


def _to_export(actor: Actor, params: Params) -> Case:
    rows = Case.objects.select_related("customer__opening_branch", "officer", "closed_by")
    found: Case = get_visible(rows, actor, "risk.export_case", reference=str(params["case"]))
    return found


def case_wanted(actor: Actor, params: Params) -> Wanted:
    """Say what the handling report of a case would hold."""
    case = _to_export(actor, params)
    return Wanted(title=gettext("Handling report of case %(case)s") % {"case": case.reference}, rows=_rows(parts_of(case)))


def case_made(actor: Actor, params: Params, mark: Mark) -> Made:
    """Make the handling report of a case."""
    case = _to_export(actor, params)
    parts = parts_of(case)
    content = handling_report(parts, case, actor, mark)
    return Made(content=content, filename=f"{case.reference}.xlsx", rows=_rows(parts), target=case)


def case_still(actor: Actor, params: Params, _keys: list[int]) -> bool:
    """Whether the reader may still export this case."""
    try:
        return bool(_to_export(actor, params))
    except AccessError:
        return False


def _rows(parts: list[Part]) -> int:
    return sum(len(rows) for _title, _heads, rows in parts)


HANDLING_REPORT = Source(
    code="case", label=_("Handling report"), action="case.exported", wanted=case_wanted, make=case_made, still=case_still
)


def evidence_must_be_kept(customer: Any) -> Iterator[str]:
    """Object to erasing a customer of whom monitoring holds alerts or cases: they are evidence."""
    if isinstance(customer, Customer):
        yield from ("monitoring" for model in (Alert, Case) if model.objects.filter(customer=customer).exists())


def late_alerts(actor: Actor) -> compliance.Finding:
    """Alerts past their time limit that nobody has finished."""
    waits = Alert.objects.visible_to(actor, "audit.view_compliance").filter(state__in=queue.WAITING, due_at__lte=timezone.now())
    return compliance.Finding(count=(count := waits.count()), fine=count == 0, url=reverse("risk:alert_list"))


def disabled_rules(actor: Actor) -> compliance.Finding:
    """Rules of which no version is live."""
    rules = Rule.objects.visible_to(actor, "audit.view_compliance")
    count = rules.exclude(versions__state=RuleState.LIVE).count()
    return compliance.Finding(count=count, fine=count == 0, note=_("no version of theirs judges"), url=reverse("risk:rule_list"))


def offer_facts() -> None:
    """Answer the auditor's compliance check about monitoring."""
    compliance.register(
        compliance.Fact("risk.alerts", _("Alerts overdue"), late_alerts, order=20),
        compliance.Fact("risk.rules", _("Rules switched off"), disabled_rules, order=25),
    )
