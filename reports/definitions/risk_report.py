"""The risk report: events, verdicts, dispositions and freezes of a period, per rule, branch and day (R136, R137).

Every figure counts rows by the moment at which *we* learned or did something (transactions by ``received_at``, verdicts and hits
by ``judged_at``, alerts by ``created_at``, dispositions by ``finished_at``, freezes by ``placed_at`` and ``ended_at``), never by when an
event happened. A row belongs to the branch that its customer had when the row came into being (`THEN`), as row history knows it:
where a customer is today says nothing about it. Nothing that arrives later can therefore change the figures of a period that is over:
running it again gives the same numbers. Two things follow the present: the names of customers and branches, and who may open a list: a
number counts what the branch had then, its list shows of that what the reader may see now. Of moves before row history was switched on
nothing is known; such a customer counts for the branch she had then.
"""

from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import TruncDate

from crm.fields.history import value_at
from crm.staff.models import Branch
from products.choices import FreezeState
from products.models import Freeze
from reports.definitions.periods import Span
from risk.choices import AlertState, Disposition, Label
from risk.models import Alert, AlertHit, Assessment, Case, Hit, LargeValueRow
from transactions.choices import Direction, Status
from transactions.models import Transaction

CODE = "risk"
THEN: dict[Any, str] = {
    Transaction: "received_at",
    Assessment: "judged_at",
    Hit: "assessment__judged_at",
    Alert: "created_at",
    Case: "opened_at",
    Freeze: "placed_at",
    LargeValueRow: "created_at",
}
"""When each kind of row came into being; the lists behind the numbers ask for the branch of the same moment."""
EVENTS_SHOWN = 1000
"""An Excel sheet of events holds this many; the report says how many there are."""


class RiskReport:
    """The figures of one period over one branch and all below it; None means the whole bank."""

    def __init__(self, span: Span, branch: Branch | None) -> None:
        self.span = span
        self.branch = branch
        self.zone = ZoneInfo(settings.BANK_ZONE)

    def figures(self) -> dict[str, Any]:
        """Return everything, ready for JSON: amounts as text in CNY, counts as numbers."""
        events = self._events()
        return {
            "totals": self._totals(),
            "labels": self._labels(),
            "dispositions": self._dispositions(),
            "rules": self._rules(),
            "branches": self._branches(),
            "days": self._days(),
            "events": events[:EVENTS_SHOWN],
            "events_total": len(events),
        }

    def _within(self, rows: "QuerySet[Any]", moment: str, customer: str = "customer") -> "QuerySet[Any]":
        rows = rows.filter(**{f"{moment}__gte": self.span.begins, f"{moment}__lt": self.span.ends})
        rows = rows.annotate(branch_then=value_at(rows, f"{customer}__opening_branch", THEN[rows.model]))
        if self.branch is None:
            return rows
        return rows.filter(branch_then__in=Branch.objects.filter(path__startswith=self.branch.path).values("pk"))

    def _transactions(self) -> "QuerySet[Any]":
        return self._within(Transaction.objects.all(), "received_at")

    def _rated(self, way: str = "") -> Q:
        """Amounts that had their CNY equivalent when the period ended; a rate that came later changes no report."""
        return Q(**{f"{way}rated_at": None}) | Q(**{f"{way}rated_at__lt": self.span.ends})

    def _alerts(self) -> "QuerySet[Any]":
        return self._within(Alert.objects.all(), "created_at")

    def _verdicts(self) -> "QuerySet[Any]":
        """Return first judgements; what later knowledge changed is another matter."""
        return self._within(Assessment.objects.filter(revision=1), "judged_at", "transaction__customer")

    def _totals(self) -> dict[str, Any]:
        moved = self._transactions().aggregate(
            count=Count("pk"),
            debit=Sum("amount_cny", filter=self._rated() & Q(direction=Direction.DEBIT)),
            credit=Sum("amount_cny", filter=self._rated() & Q(direction=Direction.CREDIT)),
            unrated=Count("pk", filter=Q(amount_cny=None) | ~self._rated()),
            refused=Count("pk", filter=Q(status=Status.REFUSED)),
        )
        freezes = Freeze.objects.all()
        return {
            "transactions": moved["count"],
            "debit": str(moved["debit"] or Decimal(0)),
            "credit": str(moved["credit"] or Decimal(0)),
            "unrated": moved["unrated"],
            "refused": moved["refused"],
            "judged": self._verdicts().count(),
            "alerts": self._alerts().count(),
            "cases_opened": self._within(Case.objects.all(), "opened_at").count(),
            "cases_closed": self._within(Case.objects.all(), "closed_at").count(),
            "freezes_placed": self._within(freezes, "placed_at").count(),
            "freezes_lifted": self._within(freezes.filter(state=FreezeState.LIFTED), "ended_at").count(),
            "freezes_lapsed": self._within(freezes.filter(state=FreezeState.LAPSED), "ended_at").count(),
            "large_value_rows": self._within(LargeValueRow.objects.all(), "created_at").count(),
        }

    def _labels(self) -> list[dict[str, Any]]:
        found = dict(self._verdicts().values_list("label").annotate(n=Count("pk")))
        return [{"key": label.value, "count": found.get(label.value, 0)} for label in Label]

    def _dispositions(self) -> list[dict[str, Any]]:
        done = self._within(Alert.objects.exclude(disposition=""), "finished_at")
        found = dict(done.values_list("disposition").annotate(n=Count("pk")))
        return [{"key": item.value, "count": found.get(item.value, 0)} for item in Disposition]

    def _rules(self) -> list[dict[str, Any]]:
        live = Hit.objects.filter(shadow=False, assessment__revision=1)
        by_rule = self._within(live, "assessment__judged_at", "transaction__customer").values("rule_version__rule__code")
        amount = Sum("transaction__amount_cny", filter=self._rated("transaction__"))
        hits = {row["rule_version__rule__code"]: row for row in by_rule.annotate(n=Count("pk"), amount=amount)}
        alerts = dict(self._alerts().values_list("rule__code").annotate(n=Count("pk")))
        done = self._within(Alert.objects.exclude(disposition=""), "finished_at").values("rule__code")
        counts = {item.value: Count("pk", filter=Q(disposition=item.value)) for item in Disposition}
        decided = {row["rule__code"]: row for row in done.annotate(**counts)}
        return [
            {
                "code": code,
                "hits": hits.get(code, {}).get("n", 0),
                "amount": str(hits.get(code, {}).get("amount") or Decimal(0)),
                "alerts": alerts.get(code, 0),
                **{item.value: decided.get(code, {}).get(item.value, 0) for item in Disposition},
            }
            for code in sorted({*hits, *alerts, *decided})
        ]

    def _branches(self) -> list[dict[str, Any]]:
        then, amount = "branch_then", Sum("amount_cny", filter=self._rated())
        moved = {row[then]: row for row in self._transactions().values(then).annotate(n=Count("pk"), amount=amount)}
        alerts = dict(self._alerts().values_list(then).annotate(n=Count("pk")))
        freezes = dict(self._within(Freeze.objects.all(), "placed_at").values_list(then).annotate(n=Count("pk")))
        return [
            {
                "code": branch.code,
                "name": branch.name,
                "transactions": moved.get(branch.pk, {}).get("n", 0),
                "amount": str(moved.get(branch.pk, {}).get("amount") or Decimal(0)),
                "alerts": alerts.get(branch.pk, 0),
                "freezes": freezes.get(branch.pk, 0),
            }
            for branch in Branch.objects.filter(pk__in={*moved, *alerts, *freezes}).order_by("code")
        ]

    def _days(self) -> list[dict[str, Any]]:
        def per_day(rows: "QuerySet[Any]", moment: str) -> dict[Any, int]:
            return dict(rows.annotate(day=TruncDate(moment, tzinfo=self.zone)).values_list("day").annotate(n=Count("pk")))

        moved = per_day(self._transactions(), "received_at")
        alerts = per_day(self._alerts(), "created_at")
        freezes = per_day(self._within(Freeze.objects.all(), "placed_at"), "placed_at")
        return [
            {"day": day.isoformat(), "transactions": moved.get(day, 0), "alerts": alerts.get(day, 0), "freezes": freezes.get(day, 0)}
            for day in self.span.days
        ]

    def _events(self) -> list[dict[str, Any]]:
        """Return each alert of the period and what was known and done *until the period ended*; the rest is in later reports."""
        joined = AlertHit.objects.filter(alert=OuterRef("pk"), joined_at__lt=self.span.ends).values("alert")
        rows = self._alerts().annotate(
            amount=Subquery(joined.filter(self._rated("transaction__")).annotate(sum=Sum("transaction__amount_cny")).values("sum"))
        )
        codes = dict(Branch.objects.values_list("pk", "code"))
        found = rows.select_related("customer", "rule", "case").order_by("created_at", "pk")
        return [self._event(alert, codes[alert.branch_then]) for alert in found]

    def _event(self, alert: Any, branch: str) -> dict[str, Any]:
        ends = self.span.ends
        over = alert.finished_at is not None and alert.finished_at < ends
        in_case = alert.case is not None and alert.case.opened_at < ends
        return {
            "alert": alert.reference,
            "at": alert.created_at.astimezone(self.zone).isoformat(timespec="seconds"),
            "branch": branch,
            "rule": alert.rule.code,
            "customer": alert.customer.core_number,
            "name": alert.customer.name,
            "amount": str(alert.amount or Decimal(0)),
            "handled": alert.disposition if over else (AlertState.IN_CASE.value if in_case else AlertState.OPEN.value),
            "case": alert.case.reference if in_case else "",
        }
