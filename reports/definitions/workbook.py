"""The risk report as a workbook; the same figures as on the page."""

from decimal import Decimal
from io import BytesIO
from typing import Any

from django.utils.translation import gettext as _
from openpyxl import Workbook

from crm.access.actor import Actor
from crm.lists.sheets import Mark, add_mark, add_sheet
from reports.definitions.words import disposition_label, handled_label, label_label, ordered_totals, rule_names
from reports.models import ReportRun


def workbook(run: ReportRun, actor: Actor, mark: Mark | None = None) -> bytes:
    """Return the workbook of a finished run, its print header naming who made it and over what; ``mark`` says under which permit."""
    figures, names = run.figures, rule_names()
    book = Workbook(write_only=True)
    where = str(run.branch) if run.branch else _("Whole bank")
    conditions = _("%(first)s to %(last)s, %(where)s") % {"first": run.first_day, "last": run.last_day, "where": where}
    for title, heads, rows in _sheets(figures, names):
        add_sheet(book, title, actor=actor, conditions=conditions, heads=heads, rows=rows, permit=mark.permit if mark else "")
    if mark is not None:
        add_mark(book, mark)
    out = BytesIO()
    book.save(out)
    return out.getvalue()


def rows_of(run: ReportRun) -> int:
    """Return how many rows the workbook has."""
    return sum(len(rows) for _title, _heads, rows in _sheets(run.figures, rule_names()))


Sheet = tuple[str, list[str], list[list[Any]]]
"""Title, heads, rows."""


def _sheets(figures: dict[str, Any], names: dict[str, str]) -> list[Sheet]:
    return [
        (_("Summary"), [_("Figure"), _("Value")], _summary(figures)),
        _by_rule(figures["rules"], names),
        _by_branch(figures["branches"]),
        _by_day(figures["days"]),
        _events(figures["events"], names),
    ]


def _by_rule(rules: list[dict[str, Any]], names: dict[str, str]) -> Sheet:
    ends = ("confirmed", "useful", "false_positive")
    heads = [_("Rule"), _("Hits"), _("Alerts"), _("Amount (CNY)"), *[disposition_label(key) for key in ends]]
    rows = [
        [names.get(row["code"], row["code"]), row["hits"], row["alerts"], Decimal(row["amount"]), *[row[key] for key in ends]]
        for row in rules
    ]
    return _("By rule"), heads, rows


def _by_branch(branches: list[dict[str, Any]]) -> Sheet:
    heads = [_("Branch code"), _("Branch"), _("Transactions"), _("Amount (CNY)"), _("Alerts"), _("Freezes")]
    rows = [[row["code"], row["name"], row["transactions"], Decimal(row["amount"]), row["alerts"], row["freezes"]] for row in branches]
    return _("By branch"), heads, rows


def _by_day(days: list[dict[str, Any]]) -> Sheet:
    heads = [_("Day"), _("Transactions"), _("Alerts"), _("Freezes")]
    return _("By day"), heads, [[row["day"], row["transactions"], row["alerts"], row["freezes"]] for row in days]


def _events(events: list[dict[str, Any]], names: dict[str, str]) -> Sheet:
    heads = [
        _("Alert"),
        _("Raised"),
        _("Branch code"),
        _("Rule"),
        _("Core customer number"),
        _("Customer"),
        _("Amount (CNY)"),
        _("Handled"),
        _("Case"),
    ]
    return _("Events"), heads, [_event(row, names.get(row["rule"], row["rule"])) for row in events]


def _event(row: dict[str, Any], rule: str) -> list[Any]:
    at, amount = row["at"].replace("T", " ")[:19], Decimal(row["amount"])
    return [row["alert"], at, row["branch"], rule, row["customer"], row["name"], amount, handled_label(row["handled"]), row["case"]]


def _summary(figures: dict[str, Any]) -> list[list[Any]]:
    money = ("debit", "credit")
    totals = ordered_totals(figures["totals"])
    rows: list[list[Any]] = [[label, Decimal(value) if key in money else value] for key, label, value in totals]
    rows += [[label_label(row["key"]), row["count"]] for row in figures["labels"]]
    rows += [[disposition_label(row["key"]), row["count"]] for row in figures["dispositions"]]
    return rows
