"""The risk report as a workbook; the same figures as on the page."""

from decimal import Decimal
from io import BytesIO
from typing import Any

from django.utils.translation import gettext as _
from openpyxl import Workbook

from crm.access.actor import Actor
from crm.lists.sheets import add_sheet
from reports.definitions.words import disposition_label, handled_label, label_label, rule_names, total_label
from reports.models import ReportRun


def workbook(run: ReportRun, actor: Actor) -> bytes:
    """Return the workbook of a finished run, its print header naming who made it and over what."""
    figures, names = run.figures, rule_names()
    book = Workbook(write_only=True)
    where = str(run.branch) if run.branch else _("Whole bank")
    conditions = _("%(first)s to %(last)s, %(where)s") % {"first": run.first_day, "last": run.last_day, "where": where}
    for title, heads, rows in _sheets(figures, names):
        add_sheet(book, title, actor=actor, conditions=conditions, heads=heads, rows=rows)
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def _sheets(figures: dict[str, Any], names: dict[str, str]) -> list[tuple[str, list[str], list[list[Any]]]]:
    return [
        (_("Summary"), [_("Figure"), _("Value")], _summary(figures)),
        (
            _("By rule"),
            [
                _("Rule"),
                _("Hits"),
                _("Alerts"),
                _("Amount at risk"),
                *[disposition_label(key) for key in ("confirmed", "useful", "false_positive")],
            ],
            [
                [
                    names.get(row["code"], row["code"]),
                    row["hits"],
                    row["alerts"],
                    Decimal(row["amount"]),
                    row["confirmed"],
                    row["useful"],
                    row["false_positive"],
                ]
                for row in figures["rules"]
            ],
        ),
        (
            _("By branch"),
            [_("Branch code"), _("Branch"), _("Transactions"), _("Amount (CNY)"), _("Alerts"), _("Freezes")],
            [
                [row["code"], row["name"], row["transactions"], Decimal(row["amount"]), row["alerts"], row["freezes"]]
                for row in figures["branches"]
            ],
        ),
        (
            _("By day"),
            [_("Day"), _("Transactions"), _("Alerts"), _("Freezes")],
            [[row["day"], row["transactions"], row["alerts"], row["freezes"]] for row in figures["days"]],
        ),
        (
            _("Events"),
            [
                _("Alert"),
                _("Raised"),
                _("Branch code"),
                _("Rule"),
                _("Core customer number"),
                _("Customer"),
                _("Amount at risk"),
                _("Handled"),
                _("Case"),
            ],
            [
                [
                    row["alert"],
                    row["at"].replace("T", " ")[:19],
                    row["branch"],
                    names.get(row["rule"], row["rule"]),
                    row["customer"],
                    row["name"],
                    Decimal(row["amount"]),
                    handled_label(row["handled"]),
                    row["case"],
                ]
                for row in figures["events"]
            ],
        ),
    ]


def _summary(figures: dict[str, Any]) -> list[list[Any]]:
    money = ("debit", "credit")
    rows: list[list[Any]] = [[total_label(key), Decimal(value) if key in money else value] for key, value in figures["totals"].items()]
    rows += [[label_label(row["key"]), row["count"]] for row in figures["labels"]]
    rows += [[disposition_label(row["key"]), row["count"]] for row in figures["dispositions"]]
    return rows
