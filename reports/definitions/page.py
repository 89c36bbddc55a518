"""The figures of a report with the words and links that a page shows."""

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from crm.staff.filters import ALONE
from crm.staff.models import Branch
from reports.definitions.links import Links
from reports.definitions.periods import Span
from reports.definitions.words import disposition_label, handled_label, label_label, ordered_totals, rule_names
from reports.models import ReportRun

EVENTS_ON_PAGE = 100


Rows = list[dict[str, Any]]


def shown(run: ReportRun, reader: Any) -> dict[str, Any]:
    """Return the figures of a finished run for its page; every number with the address of the list behind it.

    The address is empty where the reader may not open that list.
    """
    figures, names = run.figures, rule_names()
    links = Links(Span(run.first_day, run.last_day), reader)
    branch = {"branch": run.branch.code} if run.branch else {}
    parents = set(Branch.objects.exclude(parent=None).values_list("parent__code", flat=True))
    return {
        "totals": _totals(figures["totals"], _total_urls(links, branch)),
        "labels": [
            {"label": label_label(row["key"]), "count": row["count"], "url": links.verdicts(label=row["key"], **branch)}
            for row in figures["labels"]
        ],
        "dispositions": [
            {"label": disposition_label(row["key"]), "count": row["count"], "url": links.decided(disposition=row["key"], **branch)}
            for row in figures["dispositions"]
        ],
        "rules": [_rule(row, links, names, branch) for row in figures["rules"]],
        "branches": [_branch(row, links, parents) for row in figures["branches"]],
        "events": [_event(row, names) for row in figures["events"][:EVENTS_ON_PAGE]],
        "events_total": figures["events_total"],
        "events_url": links.alerts(**branch),
        "sees_cases": links.sees_cases(),
        "charts": _charts(figures, links, names, branch),
    }


def _totals(totals: dict[str, Any], urls: dict[str, str]) -> Rows:
    money = ("debit", "credit")
    return [
        {
            "label": label,
            "value": Decimal(value) if key in money else value,
            "money": key in money,
            "url": urls.get(key, ""),
        }
        for key, label, value in ordered_totals(totals)
    ]


def _rule(row: dict[str, Any], links: Links, names: dict[str, str], branch: dict[str, str]) -> dict[str, Any]:
    ends = ("confirmed", "useful", "false_positive")
    return {
        **row,
        "name": names.get(row["code"], row["code"]),
        "amount": Decimal(row["amount"]),
        "url": links.alerts(rule=row["code"], **branch),
        "hits_url": links.verdicts(rule=row["code"], **branch),
        "ends": [(row[key], links.decided(rule=row["code"], disposition=key, **branch)) for key in ends],
    }


def _branch(row: dict[str, Any], links: Links, parents: set[str]) -> dict[str, Any]:
    """Return a row of the branch table; its figures are the branch's alone, so its lists are too."""
    alone = {"branch": f"{row['code']}{ALONE}" if row["code"] in parents else row["code"]}
    return {
        **row,
        "amount": Decimal(row["amount"]),
        "transactions_url": links.transactions(**alone),
        "alerts_url": links.alerts(**alone),
        "freezes_url": links.freezes(**alone),
    }


def _event(row: dict[str, Any], names: dict[str, str]) -> dict[str, Any]:
    return {
        **row,
        "at": row["at"].replace("T", " "),
        "rule": names.get(row["rule"], row["rule"]),
        "amount": Decimal(row["amount"]),
        "handled": handled_label(row["handled"]),
    }


def _total_urls(links: Links, branch: dict[str, str]) -> dict[str, str]:
    return {
        "transactions": links.transactions(**branch),
        "debit": links.transactions(direction="D", **branch),
        "credit": links.transactions(direction="C", **branch),
        "unrated": links.transactions(unrated="on", **branch),
        "refused": links.transactions(status="refused", **branch),
        "judged": links.verdicts(**branch),
        "alerts": links.alerts(**branch),
        "cases_opened": links.cases("opened", **branch),
        "cases_closed": links.cases("closed", **branch),
        "freezes_placed": links.freezes(**branch),
        "freezes_lifted": links.freezes("ended", state="lifted", **branch),
        "freezes_lapsed": links.freezes("ended", state="lapsed", **branch),
        "large_value_rows": links.register(**branch),
    }


def _charts(figures: dict[str, Any], links: Links, names: dict[str, str], branch: dict[str, str]) -> dict[str, Any]:
    days = [row["day"][5:] for row in figures["days"]]
    return {
        "days": days,
        "transactions": [{"name": _("Transactions"), "data": [row["transactions"] for row in figures["days"]]}],
        "transaction_urls": [links.transactions(row["day"], **branch) for row in figures["days"]],
        "alerts": [{"name": _("Alerts"), "data": [row["alerts"] for row in figures["days"]], "level": "mid"}],
        "alert_urls": [links.alerts(row["day"], **branch) for row in figures["days"]],
        "freezes": [{"name": _("Freezes"), "data": [row["freezes"] for row in figures["days"]], "level": "hold"}],
        "freeze_urls": [links.freezes(day=row["day"], **branch) for row in figures["days"]],
        "rules": [names.get(row["code"], row["code"]) for row in figures["rules"]],
        "rule_hits": [{"name": _("Alerts"), "data": [row["alerts"] for row in figures["rules"]]}],
        "rule_urls": [links.alerts(rule=row["code"], **branch) for row in figures["rules"]],
    }
