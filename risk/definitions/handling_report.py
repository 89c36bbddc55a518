"""The handling report of a case as a workbook: what was found, asked, done and concluded (R110, R112)."""

from io import BytesIO
from typing import Any

from django.utils.translation import gettext as _
from openpyxl import Workbook

from crm.access.actor import Actor
from crm.lists.formats import moment
from crm.lists.sheets import Mark, add_mark, add_sheet
from products.models import Freeze
from risk.engine.branches import Line
from risk.engine.evidence import evidence_of
from risk.models import Case

Part = tuple[str, list[str], list[list[Any]]]
"""Title, heads, rows."""


def parts_of(case: Case) -> list[Part]:
    """Return the sheets; numbers of people and accounts stay masked."""
    return [
        (_("Handling report"), [_("Item"), _("Content")], _facts(case)),
        (_("Alerts"), [_("Alert"), _("Rule"), _("Hits"), _("Amount of the hits"), _("First hit"), _("Last hit")], _alerts(case)),
        (_("Evidence"), [_("Alert"), _("Condition"), _("Fact"), _("Value"), _("Threshold"), _("Result")], _evidence(case)),
        (_("Inquiries"), [_("Inquiry"), _("Questions"), _("Answer"), _("Asked"), _("Answered")], _inquiries(case)),
        (_("Freezes"), [_("Freeze"), _("Freeze type"), _("Authority"), _("State"), _("Placed"), _("Ended")], _freezes(case)),
        (_("Entries"), [_("Time"), _("Step"), _("Person"), _("Entry"), _("Text")], _entries(case)),
    ]


def handling_report(parts: list[Part], case: Case, actor: Actor, mark: Mark) -> bytes:
    """Return the workbook of these sheets, the last one saying under which permit it was made."""
    book = Workbook(write_only=True)
    conditions = _("Case %(case)s") % {"case": case.reference}
    for title, heads, rows in parts:
        add_sheet(book, title, actor=actor, conditions=conditions, heads=heads, rows=rows, permit=mark.permit)
    add_mark(book, mark)
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def _facts(case: Case) -> list[list[Any]]:
    return [
        [_("Case"), case.reference],
        [_("Customer"), f"{case.customer.name} {case.customer.core_number}"],
        [_("Opening branch"), str(case.customer.opening_branch)],
        [_("Summary"), case.summary],
        [_("Risk officer"), str(case.officer)],
        [_("Opened"), moment(case.opened_at)],
        [_("Step"), str(case.get_step_display())],
        [_("Disposition"), str(case.get_disposition_display())],
        [_("Conclusion"), case.conclusion],
        [_("Closed"), moment(case.closed_at)],
    ]


def _alerts(case: Case) -> list[list[Any]]:
    return [
        [alert.reference, _(alert.rule.name), alert.hits, alert.amount_at_risk, alert.first_hit_at, alert.last_hit_at]
        for alert in case.alerts.select_related("rule").order_by("first_hit_at")
    ]


def _evidence(case: Case) -> list[list[Any]]:
    rows: list[list[Any]] = []
    for alert in case.alerts.select_related("rule", "customer").order_by("first_hit_at"):
        evidence = evidence_of(alert)
        for one in evidence.branches:
            rows += [[alert.reference, one.number, line.label, _shown(line), line.threshold, line.state_label] for line in one.lines]
        rows += [[alert.reference, "", line.label, "", line.value, ""] for line in evidence.settings]
    return rows


def _shown(line: Line) -> str:
    """A value, and where it is not known, why."""
    return _("%(value)s (%(share)s)") % {"value": line.value, "share": line.why} if line.why else line.value


def _inquiries(case: Case) -> list[list[Any]]:
    return [
        [inquiry.reference, inquiry.questions, inquiry.answer, moment(inquiry.asked_at), moment(inquiry.answered_at)]
        for inquiry in case.inquiries.order_by("asked_at")
    ]


def _freezes(case: Case) -> list[list[Any]]:
    rows = Freeze.objects.filter(customer=case.customer).order_by("placed_at")
    return [
        [
            row.reference,
            str(row.get_kind_display()),
            str(row.get_authority_display()),
            str(row.get_state_display()),
            moment(row.placed_at),
            moment(row.ended_at),
        ]
        for row in rows
    ]


def _entries(case: Case) -> list[list[Any]]:
    return [
        [moment(entry.written_at), str(entry.get_step_display()), str(entry.written_by or ""), entry_label(entry.kind), entry.text]
        for entry in case.entries.select_related("written_by").order_by("written_at", "pk")
    ]


def entry_label(kind: str) -> str:
    """Return what an entry of a case says, in the reader's language."""
    labels = {
        "opened": _("Case opened"),
        "alert_joined": _("Alert joined"),
        "moved": _("Moved to another step"),
        "note": _("Note"),
        "frozen": _("Freeze placed"),
        "lift_asked": _("Lifting asked for"),
        "inquiry_asked": _("Inquiry sent"),
        "inquiry_answered": _("Inquiry answered"),
        "inquiry_withdrawn": _("Inquiry withdrawn"),
        "closed": _("Case closed"),
    }
    return labels.get(kind, kind)
